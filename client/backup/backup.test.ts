// @vitest-environment node
import { describe, expect, test } from 'vitest';
import { answer, started, tickingMoment } from '#client/ports/experiment-log.contract.ts';
import type { ExperimentLog } from '#client/ports/experiment-log.ts';
import type { ContributionRow } from '#client/ports/federation-store.ts';
import { allRows, memoryExperimentLog } from '#client/ports/memory-experiment-log.ts';
import { memoryPackStore } from '#client/ports/pack-store.ts';
import { below, seededRng } from '#shared/maths/rng.ts';
import { samplePack } from '#shared/testing/sample-pack.ts';
import { BACKUP_VERSION, readBackup, readBackupHeader, writeBackup } from './backup-file.ts';
import { openSafety } from './safety.ts';

const row = (report_id: string): ContributionRow =>
  ({
    report_id,
    task_id: 't',
    budget_family: 'f',
    config_hash: 'c',
    sealed_slot: 3,
    landed_slot: null,
    sigma: 9,
    band: 2,
    status: report_id === 'waiting' ? 'sealed' : 'accepted',
    sealedAt: 5,
  }) as ContributionRow;
const account = { accountSeed: 'a'.repeat(64), deviceSeed: 'b'.repeat(64), tagSecret: 'c'.repeat(64), bearer: 'secret-bearer' };

function device(seed: number, log = memoryExperimentLog(tickingMoment(seed), `device${seed}`)) {
  const rng = seededRng(seed);
  let file: Uint8Array | undefined;
  const packs = memoryPackStore();
  const safety = openSafety({
    log,
    packs,
    shelf: {
      get: async () => file,
      async put(f) {
        file = f;
      },
      async clear() {
        file = undefined;
      },
    },
    isInCatalogue: (id) => id === 'known',
    now: () => 1_700_000_500_000,
    random: (n) => Uint8Array.from({ length: n }, () => below(256, rng)),
  });
  return { log, packs, safety };
}

async function studied(log: ExperimentLog): Promise<void> {
  await log.append([started, answer('a1', 1)]);
  await log.append([answer('a2', 0), { kind: 'artifact.logged', body: { run_id: 'r1', path: 'model/a.bin', sha256: 'x', size: 3 } }], {
    artifacts: [{ run_id: 'r1', path: 'model/a.bin', bytes: Uint8Array.of(0, 255, 7) }],
  });
  await log.append([{ kind: 'item.noted', body: { pack_id: 'p1', item_id: 'i', value: '메모' } }]);
  await log.federation.write([
    { kind: 'value', key: 'account', value: account },
    { kind: 'contribution', row: row('sent') },
    { kind: 'contribution', row: row('waiting') },
  ]);
}

const quiet = () => undefined;

describe('a backup', () => {
  test('brings a wiped device back to the same rows, artifacts and packs', async () => {
    const old = device(1);
    await studied(old.log);
    const pack = samplePack(12);
    await old.packs.put(pack);
    const file = await old.safety.make(null, quiet);
    const fresh = device(2);
    const inspected = await fresh.safety.inspect(file, null, quiet);
    expect(inspected).toMatchObject({ ok: true, value: { would: { added: 5, known: 0, answers: 2, ledger: 0, packs: 1 } } });
    expect(await fresh.log.events()).toEqual([]);
    if (inspected.ok) await inspected.value.restore();
    expect(await allRows(fresh.log)).toEqual(await allRows(old.log));
    expect(await fresh.log.artifact('r1', 'model/a.bin')).toEqual(Uint8Array.of(0, 255, 7));
    expect(await fresh.packs.list()).toEqual([pack]);
  });

  test('without a passphrase holds neither account nor ledger; with one it holds both, and never the keys of the device', async () => {
    const old = device(1);
    await studied(old.log);
    const plain = await readBackup(await old.safety.make(null, quiet), null);
    expect(plain.ok && plain.value.secrets).toBe(null);
    const file = await old.safety.make('correct horse', quiet);
    expect(Buffer.from(file).toString('latin1')).not.toContain('item-a1');
    const sealed = await readBackup(file, 'correct horse');
    expect(sealed.ok && sealed.value.secrets?.account).toEqual({ accountSeed: account.accountSeed, tagSecret: account.tagSecret });
    expect(JSON.stringify(sealed)).not.toContain(account.deviceSeed);
    expect(JSON.stringify(sealed)).not.toContain('secret-bearer');
  });

  test('brings account and spent budget back; what had not been sent counts as spent all the same', async () => {
    const old = device(1);
    await studied(old.log);
    const file = await old.safety.make('pass', quiet);
    const fresh = device(2);
    for (let i = 0; i < 2; i++) {
      const inspected = await fresh.safety.inspect(file, 'pass', quiet);
      if (inspected.ok) await inspected.value.restore();
    }
    expect((await fresh.log.federation.contributions()).map((r) => [r.report_id, r.status])).toEqual([
      ['sent', 'accepted'],
      ['waiting', 'lost'],
    ]);
    expect(await fresh.log.federation.outbox()).toEqual([]);
    const restored = await fresh.log.federation.value('account');
    expect(restored).toMatchObject({ accountSeed: account.accountSeed, tagSecret: account.tagSecret, bearer: null });
    expect(restored?.deviceSeed).not.toBe(account.deviceSeed);
  });

  test('leaves an account that is here alone, and its ledger only grows', async () => {
    const old = device(1);
    await studied(old.log);
    const file = await old.safety.make('pass', quiet);
    const other = device(2);
    await other.log.federation.write([
      { kind: 'value', key: 'account', value: { ...account, accountSeed: 'd'.repeat(64) } },
      { kind: 'contribution', row: { ...row('sent'), status: 'landed', landed_slot: 4 } },
      { kind: 'contribution', row: row('own') },
    ]);
    const inspected = await other.safety.inspect(file, 'pass', quiet);
    if (inspected.ok) await inspected.value.restore();
    expect((await other.log.federation.value('account'))?.accountSeed).toBe('d'.repeat(64));
    expect((await other.log.federation.contributions()).map((r) => r.report_id).sort()).toEqual(['own', 'sent', 'waiting']);
    expect((await other.log.federation.contributions()).find((r) => r.report_id === 'sent')?.status).toBe('landed');
  });
});

describe('a file that is no good changes nothing and says why', () => {
  const make = async (passphrase: string | null) => {
    const old = device(1);
    await studied(old.log);
    return old.safety.make(passphrase, quiet);
  };

  test('wrong or missing passphrase', async () => {
    const file = await make('right');
    expect(await readBackup(file, 'wrong')).toEqual({ ok: false, fault: 'wrong-passphrase' });
    expect(await readBackup(file, null)).toEqual({ ok: false, fault: 'passphrase-needed' });
  });

  test('any flipped byte after the first line', async () => {
    const file = await make(null);
    const start = file.indexOf(10) + 1;
    for (const at of [start, start + 20, file.length - 9, file.length - 1]) {
      const bad = file.slice();
      bad[at] = (bad[at] as number) ^ 1;
      expect(await readBackup(bad, null)).toEqual({ ok: false, fault: 'damaged' });
    }
    expect(await readBackup(file.slice(0, -1), null)).toEqual({ ok: false, fault: 'damaged' });
  });

  test.each([
    ['', 'not-a-backup'],
    ['hello\nworld', 'not-a-backup'],
    ['{"format":"other"}\n', 'not-a-backup'],
    [`{"format":"examsgraph-backup","version":${BACKUP_VERSION + 1}}\n`, 'newer'],
    ['{"format":"examsgraph-backup","version":1}\n', 'damaged'],
    ['null\n', 'not-a-backup'],
  ])('%j', (text, fault) => {
    expect(readBackupHeader(new TextEncoder().encode(text))).toEqual({ ok: false, fault });
  });

  test('an event that breaks its schema', async () => {
    const log = memoryExperimentLog(tickingMoment());
    await studied(log);
    const [first, ...rest] = await log.events();
    const content = { artifacts: [], packs: [], secrets: null };
    for (const bad of [
      { ...first, hlc: 'x' },
      { ...first, seq: 0 },
      { ...first, id: '1' },
      { ...rest[0], body: { correct: 2 } },
    ]) {
      const file = await writeBackup({ ...content, events: [bad as never] }, 0, null);
      expect(await readBackup(file, null)).toEqual({ ok: false, fault: 'damaged' });
    }
    const unknown = { ...first, kind: 'future.thing', body: { a: 1 } };
    expect(await readBackup(await writeBackup({ ...content, events: [unknown as never] }, 0, null), null)).toMatchObject({ ok: true });
  });

  test('one that unpacks to far more than it is', async () => {
    const huge = { events: [], artifacts: [{ run_id: 'r', path: 'p', bytes: new Uint8Array(8e6) }], packs: [], secrets: null };
    expect(await readBackup(await writeBackup(huge, 0, null), null)).toEqual({ ok: false, fault: 'damaged' });
  });

  test('secrets are never written without a passphrase', async () => {
    const content = { events: [], artifacts: [], packs: [], secrets: { account: null, ledger: [] } };
    await expect(writeBackup(content, 0, null)).rejects.toThrow(RangeError);
  });
});
