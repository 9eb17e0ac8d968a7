import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { below, type Rng, uniform } from '#shared/maths/rng.ts';
import { discreteGaussianVector } from '#shared/privacy/discrete-gaussian.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { sampleConfig, sampleStatistics } from '#shared/testing/sample-config.ts';
import {
  configHashHex,
  isPreset,
  keepsPreset,
  loosened,
  modelTaskId,
  PRESETS,
  readConfig,
  STATISTICS_PRESETS,
  slotAt,
  slotBegins,
  type TaskConfig,
} from './config.ts';
import { chooseMembers, type FlushEvent, type FlushState, mayLand, reduceFlush } from './flush.ts';
import type { FlushHead, FlushMember } from './flush-message.ts';
import { judgeMembers, judgeSlot } from './helper-rules.ts';
import { composedRho, type LogEntry, readEntry, recomputeLedger } from './log-entry.ts';
import { addInto, masked, maskWords } from './mask.ts';
import { capEpsilon, type LedgerEntry, ownSpend, whyNotNow } from './personal-ledger.ts';
import type { HelperShare } from './report.ts';

const production = sampleConfig('production');

describe('configurations', () => {
  test('every preset is sound, and a trial shares its task with no private preset', () => {
    for (const name of Object.keys(PRESETS)) {
      if (!isPreset(name)) throw new Error(name);
      expect(readConfig(sampleConfig(name)).ok).toBe(true);
    }
    expect(modelTaskId('demo')).not.toBe(modelTaskId('production'));
    expect(modelTaskId('pilot')).toBe(modelTaskId('production'));
    expect(isPreset('constructor')).toBe(false);
    for (const name of ['production', 'production-large', 'demo'] as const) {
      const config = sampleStatistics(name);
      expect(readConfig(config)).toEqual({ ok: true, value: config });
      expect(keepsPreset(config)).toBe(true);
      expect([config.task_id, config.budget_family]).not.toContain(sampleConfig(name).task_id);
    }
    expect(STATISTICS_PRESETS.pilot).toBeNull();
    expect(keepsPreset({ ...sampleStatistics('production'), preset: 'pilot' })).toBe(false);
    expect(keepsPreset({ ...sampleStatistics('production'), sigma: 3 })).toBe(false);
    expect(keepsPreset({ ...sampleStatistics('production'), budget_family: production.budget_family })).toBe(false);
  });

  test.each<readonly [string, object]>([
    ['cells of another layout', { dim: 127 }],
    ['a norm that is not the layout’s', { clip_norm: 2 }],
  ])('statistics with %s are refused', (_, change) => {
    const read = readConfig({ ...sampleStatistics('production'), ...change });
    expect(read.ok ? null : read.fault.rule).toBe('layout');
  });

  test('tests of a configuration have whole shares, ids and places of their own; one without tests has the hash it always had', () => {
    const base = sampleStatistics('production');
    const arms = [5000, 5000].map((share, i) => ({ name: String(i), share, explore_rate: 0.05 }));
    const one = { id: 1, place: 0, goal: 'gain' as const, arms, window_days: 14 };
    const ruleOf = (tests: readonly object[]) => {
      const read = readConfig({ ...base, tests });
      return read.ok ? null : read.fault.rule;
    };
    expect(ruleOf([one, { ...one, id: 2, place: 1 }])).toBeNull();
    expect(ruleOf([{ ...one, arms: [arms[0], { ...arms[1], share: 4000 }] }])).toBe('shape');
    expect(ruleOf([one, { ...one, id: 2 }])).toBe('tests');
    expect(ruleOf([one, { ...one, place: 1 }])).toBe('tests');
    expect(ruleOf([])).toBe('shape');
    expect(ruleOf([{ ...one, place: 2 }])).toBe('shape');
    expect(ruleOf([{ ...one, arms: [arms[0]] }])).toBe('shape');
    expect(keepsPreset({ ...base, tests: [one] })).toBe(true);
    expect(loosened(base, { ...base, tests: [one] })).toEqual([]);
  });

  test('the pack statistics are of is the one the app comes with', () => {
    const manifest = JSON.parse(readFileSync('public/packs/it-fundamentals/manifest.json', 'utf8')) as { id: string };
    expect(sampleStatistics('production').pack_id).toBe(manifest.id);
  });

  test.each<readonly [string, Partial<TaskConfig>, string]>([
    ['a sum that could overflow', { k: 40_000 }, 'overflow'],
    ['noise so coarse that its discreteness shows', { sigma: 0.001 }, 'coarse-noise'],
    ['a delta too large for the number of accounts', { delta: 1e-3 }, 'delta'],
    ['a band on independent noise', { mechanism: 'independent' }, 'band'],
    ['an unknown field', { extra: 1 } as Partial<TaskConfig>, 'shape'],
  ])('%s is refused', (_, change, rule) => {
    const read = readConfig({ ...production, ...change });
    expect(read.ok ? null : read.fault.rule).toBe(rule);
  });

  test('the field diff names what protects less', () => {
    expect(loosened(production, { ...production, sigma: 4, k: 400, leader_noise: true })).toEqual(['sigma']);
    expect(loosened({ ...production, leader_noise: true }, production)).toEqual(['leader_noise']);
    expect(loosened(production, { ...production, sigma: 8 })).toEqual([]);
  });

  test('slots count from 1 at the epoch, and one without interval follows the last', () => {
    expect(slotAt(production, production.epoch_ms, 0)).toBe(1);
    expect(slotAt(production, production.epoch_ms + production.interval_ms, 0)).toBe(2);
    expect(slotBegins(production, 3)).toBe(production.epoch_ms + 2 * production.interval_ms);
    expect(slotAt(sampleConfig('demo'), 0, 7)).toBe(8);
  });
});

describe('the leader’s choice', () => {
  const held = (n: number, landed: readonly number[] = []) =>
    Array.from({ length: n }, (_, i) => ({ reportId: `r${i}`, accountId: `a${i}`, arrival: n - i, landed }));
  const config = { ...production, k: 5 };

  test('takes the K oldest of distinct accounts that may land, and none while there are fewer', () => {
    expect(chooseMembers(held(4), 1, config)).toBeNull();
    expect(chooseMembers(held(7), 1, config)?.map((r) => r.reportId)).toEqual(['r6', 'r5', 'r4', 'r3', 'r2']);
    const twice = held(5).map((r) => ({ ...r, accountId: 'one' }));
    expect(chooseMembers(twice, 1, config)).toBeNull();
    expect(chooseMembers(held(9, [3]), 15, config)).toBeNull();
    expect(chooseMembers(held(9, [3]), 16, config)).not.toBeNull();
  });

  test('an account may land b slots after its last, P times in 52 slots', () => {
    expect(mayLand([1, 14, 27, 40], 52, production)).toBe(false);
    expect(mayLand([1, 14, 27, 40], 53, production)).toBe(true);
    expect(mayLand([40], 52, production)).toBe(false);
  });

  test('a flush lives from frozen to released, and only a refusal by the helper frees its set', () => {
    const freeze: FlushEvent = { kind: 'freeze', slot: 3, members: ['r1'] };
    const states: FlushState[] = [{ kind: 'none' }];
    for (const event of [freeze, { kind: 'answer' }, { kind: 'release' }] as const)
      states.push(reduceFlush(states.at(-1) as FlushState, event));
    expect(states.map((s) => s.kind)).toEqual(['none', 'frozen', 'answered', 'released']);
    expect(reduceFlush(states[1] as FlushState, { kind: 'refusal', ids: [] })).toEqual({ kind: 'none' });
    expect(() => reduceFlush(states[1] as FlushState, freeze)).toThrow(RangeError);
    expect(() => reduceFlush(states[2] as FlushState, { kind: 'refusal', ids: [] })).toThrow(RangeError);
    expect(() => reduceFlush(states[3] as FlushState, { kind: 'lose' })).toThrow(RangeError);
  });
});

describe('the helper’s rules', () => {
  const config = { ...production, k: 2, dim: 3 };
  const id = (n: number) => new Uint8Array(16).fill(n);
  const head: FlushHead = { taskId: id(1), t: 20, k: 2, dim: 3, configHash: new Uint8Array(32), setRoot: new Uint8Array(32) };
  const members: FlushMember[] = [1, 2].map((n) => ({
    reportId: id(n),
    leaderBoxHash: new Uint8Array(32).fill(n),
    helperBox: new Uint8Array(0),
  }));
  const share = (member: FlushMember, n: number): HelperShare => ({
    header: {
      kind: 'model-delta',
      taskId: head.taskId,
      reportId: member.reportId,
      configHash: head.configHash,
      baseHash: new Uint8Array(32),
      baseVersion: 0,
      dim: 3,
      leaderKeyId: new Uint8Array(4),
      helperKeyId: new Uint8Array(4),
    },
    leaderBoxHash: member.leaderBoxHash,
    accountTag: new Uint8Array(32).fill(n),
    maskSeed: new Uint8Array(32),
  });
  const shares = members.map((m, i) => share(m, i + 1));
  const none = { seenReports: new Set<string>(), tags: new Map() };
  const tag = (slots: readonly number[]) => new Map([[toHex(new Uint8Array(32).fill(1)), { inTask: slots, inFamily: slots }]]);
  const now = slotBegins(config, 20);
  const fresh = { lastSlot: 19, answered: null };

  test('answers the same request again, and refuses another set for the same slot', () => {
    const answered = { requestHash: 'same', setRoot: head.setRoot };
    expect(judgeSlot(head, 'same', config, { lastSlot: 20, answered }, 2, now)).toEqual({ kind: 'replay' });
    expect(judgeSlot(head, 'other', config, { lastSlot: 20, answered }, 2, now)).toMatchObject({ reason: 'set_mismatch' });
  });

  test.each<readonly [string, ReturnType<typeof judgeSlot>]>([
    ['past_slot', judgeSlot({ ...head, t: 19 }, 'x', config, fresh, 2, now)],
    ['slot_not_begun', judgeSlot({ ...head, t: 21 }, 'x', config, fresh, 2, now)],
    ['wrong_k', judgeSlot({ ...head, k: 1 }, 'x', config, fresh, 2, now)],
    ['wrong_k', judgeSlot({ ...head, k: 3 }, 'x', config, fresh, 2, now)],
    ['below_floor', judgeSlot(head, 'x', config, fresh, 100, now)],
  ])('refuses with %s', (reason, verdict) => expect(verdict).toMatchObject({ kind: 'refuse', reason }));

  test('a slot that begins within four hours is let pass: clocks differ', () => {
    expect(judgeSlot(head, 'x', config, fresh, 2, now - 4 * 3_600_000)).toBeNull();
    expect(judgeSlot(head, 'x', config, fresh, 2, now - 4 * 3_600_000 - 1)).toMatchObject({ reason: 'slot_not_begun' });
  });

  test('accepts K sound reports, and names every one that is not', () => {
    expect(judgeMembers(head, members, shares, config, none).kind).toBe('accept');
    const other = { ...(shares[1] as HelperShare), leaderBoxHash: new Uint8Array(32) };
    expect(judgeMembers(head, members, [shares[0] ?? null, other], config, none)).toEqual({
      kind: 'refuse',
      reason: 'bad_box',
      ids: [toHex(id(2))],
    });
    expect(judgeMembers(head, members, [null, null], config, none)).toMatchObject({ ids: [toHex(id(1)), toHex(id(2))] });
    const seen = { ...none, seenReports: new Set([toHex(id(1))]) };
    expect(judgeMembers(head, members, shares, config, seen)).toMatchObject({ reason: 'seen_report', ids: [toHex(id(1))] });
  });

  forAll(
    'R16: whatever a leader lies about, nothing is released: 500 scripts of one lie or more',
    (rng: Rng) => {
      const lies = {
        slot: [{}, { t: 19 }, { t: 5 }, { t: 21 }, { t: 4_000 }][below(5, rng)] as Partial<FlushHead>,
        size: [{}, { k: 1 }, { k: 3 }, { dim: 4 }][below(4, rng)] as Partial<FlushHead>,
        record: below(5, rng),
        box: below(6, rng),
      };
      const isHonest = Object.keys(lies.slot).length === 0 && Object.keys(lies.size).length === 0 && lies.record === 0 && lies.box === 0;
      const lying = { ...head, ...lies.slot, ...lies.size };
      const records = {
        seenReports: new Set(lies.record === 1 ? [toHex(id(2))] : []),
        tags: lies.record === 2 ? tag([9]) : lies.record === 3 ? tag([1, 2, 3, 4].map((t) => t + 3)) : new Map(),
      };
      const early = judgeSlot(
        lying,
        'x',
        config,
        lies.record === 4 ? { lastSlot: 20, answered: { requestHash: 'other', setRoot: head.setRoot } } : fresh,
        2,
        now,
      );
      const first = shares[0] as HelperShare;
      const shown: readonly (HelperShare | null)[] = [
        [
          first,
          null,
          { ...first, header: { ...first.header, dim: 4 } },
          { ...first, leaderBoxHash: new Uint8Array(32).fill(9) },
          shares[1] as HelperShare,
        ][Math.min(lies.box, 4)] ?? null,
        lies.box === 5 ? ({ ...shares[1], accountTag: first.accountTag } as HelperShare) : (shares[1] as HelperShare),
      ];
      const verdict = early ?? judgeMembers(lying, members, shown, config, records);
      expect(verdict.kind === 'accept').toBe(isHonest);
    },
    500,
  );

  test('an account may not be in a set twice, too early, or once more than P', () => {
    const same = [shares[0] as HelperShare, { ...(shares[1] as HelperShare), accountTag: new Uint8Array(32).fill(1) }];
    expect(judgeMembers(head, members, same, config, none)).toMatchObject({ reason: 'tag_limit', ids: [toHex(id(2))] });
    expect(judgeMembers(head, members, shares, config, { ...none, tags: tag([8]) })).toMatchObject({ reason: 'tag_limit' });
    expect(judgeMembers(head, members, shares, config, { ...none, tags: tag([7]) }).kind).toBe('accept');
    const wide = { ...config, band: 1 };
    expect(judgeMembers(head, members, shares, wide, { ...none, tags: tag([1, 2, 3, 4]) })).toMatchObject({ reason: 'tag_limit' });
    expect(judgeMembers(head, members, shares, wide, { ...none, tags: tag([1, 2, 3]) }).kind).toBe('accept');
  });
});

describe('masked sums', () => {
  forAll(
    'the masked sum plus the helper’s answer is the plain sum plus noise, in whatever order reports come',
    (rng: Rng) => {
      const [n, dim] = [1 + below(6, rng), 1 + below(40, rng)];
      const bytes = (length: number) => Uint8Array.from({ length }, () => below(256, rng));
      const taskId = bytes(16);
      const noise = discreteGaussianVector(1000, dim, rng);
      const plain = Int32Array.from(noise);
      const atLeader = new Uint32Array(dim);
      const answer = Uint32Array.from(noise, (y) => y >>> 0);
      for (let i = 0; i < n; i++) {
        const [seed, id] = [bytes(32), bytes(16)];
        const q = Int32Array.from({ length: dim }, () => Math.round(131_072 * (uniform(rng) - 0.5)));
        const mask = maskWords(tweetnacl, seed, taskId, id, dim);
        addInto(atLeader, masked(q, mask));
        addInto(
          answer,
          mask.map((w) => -w >>> 0),
        );
        q.forEach((step, j) => {
          plain[j] = (plain[j] as number) + step;
        });
      }
      addInto(atLeader, answer);
      expect(Int32Array.from(atLeader)).toEqual(plain);
    },
    25,
  );

  test('changing one coordinate changes one masked word, and two reports’ masks have nothing in common', () => {
    const mask = (seed: number) => maskWords(tweetnacl, new Uint8Array(32).fill(seed), new Uint8Array(16), new Uint8Array(16), 4096);
    const [a, b] = [masked(new Int32Array(4096), mask(1)), masked(new Int32Array(4096).fill(1, 7, 8), mask(1))];
    expect([...a].flatMap((w, i) => (w === b[i] ? [] : [i]))).toEqual([7]);
    const bits = mask(1).reduce((sum, w, i) => sum + ((w ^ (mask(2)[i] as number)) >>> 31), 0);
    expect(Math.abs(bits / 4096 - 0.5)).toBeLessThan(0.04);
  });
});

describe('the ledger', () => {
  const config = { ...production };
  const hash = configHashHex(config);
  const flush = (t: number, filled: readonly number[]): LogEntry => {
    const rho = composedRho([config], new Map([[config.task_id, filled]]), t);
    const blank = '0'.repeat(64);
    return {
      type: 'flush',
      at: t,
      task_id: config.task_id,
      t,
      k: config.k,
      config_hash: hash,
      set_root: blank,
      response_sha256: blank,
      sum_sha256: blank,
      rho_cap: rho.cap,
      rho_running: rho.running,
    };
  };
  const ledger: readonly LogEntry[] = [
    { type: 'config', at: 0, config, config_hash: hash },
    flush(1, [1]),
    flush(2, [1, 2]),
    flush(5, [1, 2, 5]),
  ];
  const changed = (index: number, change: object) => ledger.map((e, i) => (i === index ? ({ ...e, ...change } as LogEntry) : e));

  test('an honest ledger is recomputed without fault', () => {
    const { fault, points } = recomputeLedger(ledger);
    expect(fault).toBeNull();
    expect(points.map((p) => p.t)).toEqual([1, 2, 5]);
  });

  test.each<readonly [string, readonly unknown[], string, number]>([
    ['a rho made smaller', changed(2, { rho_running: 0.03 }), 'rho-running', 2],
    ['a cap made smaller', changed(1, { rho_cap: 0.1 }), 'rho-cap', 1],
    ['fewer than K reports', changed(1, { k: 299 }), 'wrong-k', 1],
    ['a reused slot', changed(3, { t: 2 }), 'slot-order', 3],
    ['a dropped row', [ledger[0], ledger[2], ledger[3]], 'rho-running', 1],
    ['a configuration changed under its hash', changed(0, { config: { ...config, sigma: 8 } }), 'config-hash', 0],
    ['a flush under an unknown configuration', changed(1, { config_hash: '1'.repeat(64) }), 'unknown-config', 1],
    ['an entry of unknown type', changed(1, { type: 'flushed' }), 'unreadable', 1],
  ])('%s is found, at its row', (_, entries, rule, index) => {
    expect(recomputeLedger(entries).fault).toMatchObject({ rule, index });
  });

  test('an entry with a field too many is not read', () => {
    expect(readEntry({ ...ledger[1], name: 'Ada' })).toBeNull();
    expect(readEntry(null)).toBeNull();
  });
});

describe('the personal ledger', () => {
  const entry = (slot: number): LedgerEntry => ({
    report_id: String(slot),
    task_id: production.task_id,
    budget_family: production.budget_family,
    config_hash: '',
    sealed_slot: slot,
    landed_slot: null,
    sigma: production.sigma,
    band: production.band,
  });
  const view = { config: production, slot: 40, hasConsent: true, consentedEpsilon: 3, entries: [], hasOpenReport: false, staleness: 0 };

  test('says why the device does not contribute now', () => {
    expect(whyNotNow(view)).toBeNull();
    expect(whyNotNow({ ...view, hasConsent: false })).toBe('no-consent');
    expect(whyNotNow({ ...view, consentedEpsilon: 2.9 })).toBe('over-consented-cap');
    expect(whyNotNow({ ...view, hasOpenReport: true })).toBe('report-open');
    expect(whyNotNow({ ...view, entries: [entry(28)] })).toBe('too-soon');
    expect(whyNotNow({ ...view, entries: [entry(27)] })).toBeNull();
    expect(whyNotNow({ ...view, slot: 52, entries: [1, 14, 27, 39].map(entry) })).toBe('no-contributions-left');
    expect(whyNotNow({ ...view, staleness: 17 })).toBe('too-stale');
  });

  test('one contribution costs 1.397 of a cap of 2.985, rounded up', () => {
    const { epsilon } = ownSpend([entry(1)], 1, 1e-6);
    expect(Math.ceil(epsilon.horizon * 1000) / 1000).toBe(1.397);
    expect(Math.ceil(capEpsilon(production) * 1000) / 1000).toBe(2.985);
    const statistics = sampleStatistics('production');
    expect(capEpsilon(statistics)).toBeCloseTo(2.25, 2);
    expect(capEpsilon(production, statistics)).toBeCloseTo(3.88, 2);
    expect(composedRho([production, statistics], new Map(), 1).cap).toBeCloseTo(0.3328, 5);
    expect(ownSpend([entry(1)], 60, 1e-6).epsilon.horizon).toBe(0);
    expect(ownSpend([entry(1)], 60, 1e-6).epsilon.lifetime).toBe(epsilon.horizon);
  });
});
