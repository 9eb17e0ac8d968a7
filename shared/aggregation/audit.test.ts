import { describe, expect, test } from 'vitest';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { remembered } from '#shared/domain/remembered.ts';
import { below } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { sampleConfig, sampleStatistics } from '#shared/testing/sample-config.ts';
import { canonicalJson, type Json, utf8 } from '#shared/transparency/canonical-json.ts';
import { cosignature, signedNote } from '#shared/transparency/checkpoint.ts';
import { leafHash, rootOf } from '#shared/transparency/merkle.ts';
import { auditLog, bothEpsilons, collusionTable, type LedgerRow, ledgerRows, parseLedger } from './audit.ts';
import { configHashHex, type TaskConfig } from './config.ts';
import { composedRho } from './log-entry.ts';
import { reportBytes } from './report.ts';
import { reportMap } from './report-map.ts';

const [leader, helper] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const base = sampleConfig('production');
const config = {
  ...base,
  leader: { ...base.leader, sign_key: toHex(tweetnacl.signPublicKey(leader)) },
  helper: { ...base.helper, sign_key: toHex(tweetnacl.signPublicKey(helper)) },
};
const blank = '0'.repeat(64);
const flush = (t: number, filled: readonly number[]) => {
  const rho = composedRho([config], new Map([[config.task_id, filled]]), t);
  return {
    type: 'flush',
    at: t,
    task_id: config.task_id,
    t,
    k: config.k,
    config_hash: configHashHex(config),
    set_root: blank,
    response_sha256: blank,
    sum_sha256: blank,
    rho_cap: rho.cap,
    rho_running: rho.running,
  };
};
const texts = [{ type: 'config', at: 0, config, config_hash: configHashHex(config) }, flush(1, [1]), flush(2, [1, 2])].map((e) =>
  canonicalJson(e as unknown as Json),
);
const noteOf = (entries: readonly string[]) => {
  const checkpoint = { origin: 'log', size: entries.length, root: rootOf(entries.map((e) => leafHash(utf8(e)))) };
  return (
    signedNote(tweetnacl, checkpoint, { name: 'examsgraph/leader', seed: leader }) +
    cosignature(tweetnacl, checkpoint, { name: 'examsgraph/helper', seed: helper }, 1)
  );
};
const note = noteOf(texts);
const weeks = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);
const many = [texts[0] as string, ...weeks(12).map((t) => canonicalJson(flush(t, weeks(t)) as unknown as Json))];
const noteOf13 = noteOf(many);
const known = new Map<string, boolean>();
/** The same signatures are met 500 times: each is checked once. */
const remembering = {
  ...tweetnacl,
  verify: (message: Uint8Array, signature: Uint8Array, key: Uint8Array) =>
    remembered(known, `${toHex(message)} ${toHex(signature)}`, () => tweetnacl.verify(message, signature, key)),
};
const rows = ledgerRows(texts);

describe('an audit of an exported ledger', () => {
  test('passes an honest one, read back from its lines', () => {
    const report = auditLog(tweetnacl, parseLedger(rows.map((r) => JSON.stringify(r)).join('\n')), note);
    expect(report).toMatchObject({
      fault: null,
      entries: 3,
      cosignedAt: 1,
      checks: { rows: true, signatures: true, log: true, composition: true },
    });
    expect(bothEpsilons(report.points.at(-1)?.rhoRunning ?? 0, config.delta).claimed).toBeCloseTo(1.120663, 6);
  });

  test('names the row that was altered, moved or dropped', () => {
    const altered = rows.map((r, i) => (i === 1 ? { ...r, entry: r.entry.replace('"k":300', '"k":200') } : r));
    expect(auditLog(tweetnacl, altered, note).fault).toMatchObject({ check: 'rows', row: 1 });
    expect(auditLog(tweetnacl, [rows[0], rows[2]] as typeof rows, note).fault).toMatchObject({ check: 'rows', row: 1 });
  });

  test('finds an alteration whose hash was altered with it: by composition, or by the cosigned root', () => {
    const forged = ledgerRows(texts.map((t, i) => (i === 1 ? t.replace('"k":300', '"k":200') : t)));
    expect(auditLog(tweetnacl, forged, note).fault).toMatchObject({ check: 'composition', row: 1 });
    const quiet = ledgerRows(texts.map((t, i) => (i === 1 ? t.replace('"at":1', '"at":9') : t)));
    expect(auditLog(tweetnacl, quiet, note).fault).toMatchObject({ check: 'log', row: null });
  });

  forAll(
    'R19: every altered, dropped, doubled, swapped or shortened row is found',
    (rng) => {
      const whole = ledgerRows(many);
      const at = below(many.length, rng);
      const changed = [...many];
      const [kind, other] = [below(5, rng), (at + 1 + below(many.length - 1, rng)) % many.length];
      if (kind === 0) changed[at] = (changed[at] as string).replace(/\d(?=[^\d]*$)/, (digit) => String((Number(digit) + 1) % 10));
      else if (kind === 1) changed.splice(at, 1);
      else if (kind === 2) changed.splice(at, 0, changed[at] as string);
      else if (kind === 3) [changed[at], changed[other]] = [changed[other] as string, changed[at] as string];
      else changed.length = at;
      const forged =
        below(2, rng) === 0 ? ledgerRows(changed) : changed.map((entry, i) => ({ ...(whole[i] ?? (whole[0] as LedgerRow)), entry }));
      expect(auditLog(remembering, forged, noteOf13).fault).not.toBeNull();
    },
    500,
  );

  test('finds a log that the helper never cosigned', () => {
    const alone = note.slice(0, note.lastIndexOf('\u2014'));
    expect(auditLog(tweetnacl, rows, alone).fault).toMatchObject({ check: 'signatures' });
    expect(() => parseLedger('{"index":0}')).toThrow('line 1');
  });

  test('the collusion table is composed from the configuration', () => {
    const epsilon = Object.fromEntries(collusionTable([config], 0.2077957817).map((row) => [row.who, row.epsilon]));
    expect(epsilon['leader']).toBeCloseTo(2.984, 3);
    expect(epsilon['helper']).toBeCloseTo(43.4, 1);
    expect(epsilon['both']).toBeCloseTo(5474, 0);
    const both = Object.fromEntries(collusionTable([{ ...config, leader_noise: true }], 0.2077957817).map((row) => [row.who, row.epsilon]));
    expect(both['helper']).toBeCloseTo(both['public'] ?? Number.NaN, 6);
    // with statistics, and at K = 1000 (federation-and-privacy section 1)
    const statistics = sampleStatistics('production');
    const alone = (configs: readonly TaskConfig[]) => collusionTable(configs, 0.3328).find((row) => row.who === 'helper')?.epsilon;
    expect(alone([config, statistics])).toBeCloseTo(71.4, 1);
    expect(alone([{ ...config, k: 1000 }])).toBeCloseTo(19.4, 1);
    expect(alone([config, statistics].map((c) => ({ ...c, k: 1000 })))).toBeCloseTo(30.6, 1);
  });

  test('the bytes of a report are all accounted for', () => {
    for (const d of [1, 128, 1473]) expect(reportMap(d).reduce((sum, f) => sum + f.length, 0)).toBe(reportBytes(d));
  });
});
