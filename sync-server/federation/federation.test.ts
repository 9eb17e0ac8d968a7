import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configHashHex } from '#shared/aggregation/config.ts';
import { makeEnrolment, signRequest } from '#shared/aggregation/enrolment.ts';
import { isReleaseSigned, recomputeLedger } from '#shared/aggregation/log-entry.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { below, seededRng, shuffle, uniform } from '#shared/maths/rng.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { parseNote } from '#shared/transparency/checkpoint.ts';
import { isIncluded, leafHash } from '#shared/transparency/merkle.ts';
import { openDatabase } from '../storage/database.ts';
import { makeCandidate, meanOf } from './candidate.ts';
import { deviceByBearer, enrol, newChallenge, signerOf } from './enrolment.ts';
import { freeze } from './freeze.ts';
import { promote, releasedModel, revoke } from './models.ts';
import { finishOpenFlush } from './release.ts';
import { eligibility, receiptOf, withdrawReport } from './reports.ts';
import { clusterUrl, newTestInstallation, reportIdOf, type TestAccount, type TestInstallation } from './test-installation.ts';
import { work } from './work.ts';

const refusal = (kind: string, status: number) => expect.objectContaining({ kind, status });
/** Noise so small beside a whole step of one report that sums can be read off. */
const QUIET = { sigma: 0.0016, kappa: 0 };

/** How often each report's own coordinate is in the released sums: 0 or 1 if each counted at most once. */
async function countsOf(i: TestInstallation): Promise<number[]> {
  const rows = await i.leader.db.query<{ sum: Buffer }>("SELECT sum FROM flushes WHERE state = 'released' ORDER BY t");
  const total = new Float64Array(i.config.dim);
  for (const { sum } of rows)
    for (const [j, x] of meanOf(sum, i.config).entries()) total[j] = (total[j] as number) + (x * i.config.k) / i.config.clip_norm;
  return [...total].map((x) => Math.round(x) + 0);
}

/** An update that fills coordinate j alone, to the clip norm. */
function unit(i: TestInstallation, j: number): Float32Array {
  const delta = new Float32Array(i.config.dim);
  delta[j] = 10 * i.config.clip_norm;
  return delta;
}

describe('the whole loop', () => {
  let i: TestInstallation;
  let accounts: TestAccount[];
  beforeAll(async () => {
    i = await newTestInstallation({ name: 'loop', change: { ...QUIET, k: 5 } });
    accounts = [];
    for (let n = 0; n < 7; n++) accounts.push(await i.newAccount());
  });
  afterAll(() => i.close());

  test('nothing is frozen before K reports are held, then exactly K; the sum is theirs', async () => {
    const reports = accounts.map((a, j) => i.report(a, unit(i, j)));
    for (const bytes of reports.slice(0, 4)) expect((await i.put(bytes)).status).toBe(201);
    expect(await freeze(i.leader, i.taskId)).toBeNull();
    for (const bytes of reports.slice(4)) await i.put(bytes);
    expect(await work(i.leader)).toEqual({ released: 1, candidates: 1 });
    expect((await countsOf(i)).slice(0, 7)).toEqual([1, 1, 1, 1, 1, 0, 0]);
    const device = await deviceByBearer(i.leader, `Bearer ${accounts[0]?.bearer}`);
    const { receipt } = await receiptOf(i.leader, device, reportIdOf(reports[0] as Uint8Array));
    expect(receipt).toMatchObject({ state: 'landed', t: 1, version: 1, version_status: 'candidate' });
    expect((await i.put(reports[0] as Uint8Array)).status).toBe(200);
    const left = await i.leader.db.query('SELECT 1 FROM reports WHERE state = $1 AND leader_box IS NOT NULL', ['landed']);
    expect(left).toEqual([]);
  });

  test('a promoted candidate is released in the log, signed, proven, and served; a rollback re-points to what was', async () => {
    await promote(i.leader, i.taskId, 1, true);
    const note = parseNote((await i.log.publish()) ?? '');
    const model = await releasedModel(i.leader.db, i.taskId, 1);
    expect(isReleaseSigned(i.leader.crypto, model.release, model.signature, fromHex(i.config.leader.release_key))).toBe(true);
    const [entry] = await i.log.entries(model.log_index, model.log_index + 1);
    const size = note?.checkpoint.size ?? 0;
    const proof = await i.log.inclusion(model.log_index, size);
    expect(isIncluded(leafHash(utf8(entry ?? '')), model.log_index, size, proof, note?.checkpoint.root ?? new Uint8Array())).toBe(true);
    await promote(i.leader, i.taskId, 0, false);
    const [alias] = await i.leader.db.query<{ version: number }>("SELECT version FROM model_aliases WHERE alias = 'champion'");
    expect(alias?.version).toBe(0);
    await revoke(i.leader, i.taskId, 1, 'test');
    await expect(releasedModel(i.leader.db, i.taskId, 1)).rejects.toEqual(refusal('revoked', 410));
    await expect(promote(i.leader, i.taskId, 1, true)).rejects.toEqual(refusal('revoked', 409));
  });

  test('the ledger recomputes, and the flush is a run under MLflow’s nouns', async () => {
    const entries = (await i.log.entries(0, 100)).map((text) => JSON.parse(text) as unknown);
    expect(recomputeLedger(entries)).toMatchObject({ fault: null, points: [{ t: 1 }] });
    const keys = await i.leader.db.query<{ key: string }>(
      "SELECT m.key FROM metrics m JOIN runs r USING (run_id) JOIN experiments e USING (experiment_id) WHERE e.name = 'federated-flushes' ORDER BY m.key",
    );
    expect(keys.map((k) => k.key)).toEqual([
      'accuracy_improvement',
      'epsilon_cap',
      'epsilon_running',
      'gate_passed',
      'holdout_auc',
      'holdout_log_loss',
      'rho_cap',
      'rho_running',
      'update_norm',
    ]);
  });

  test('an evaluation names the data it was made on', async () => {
    const [input] = await i.leader.db.query<{ name: string; source: string; digest: string; context: string }>(
      `SELECT d.name, d.source, d.digest, n.tags -> 0 ->> 'value' AS context
       FROM inputs n JOIN datasets d USING (dataset_id) JOIN runs r USING (run_id) JOIN experiments e ON e.experiment_id = r.experiment_id
       WHERE e.name = 'model-evaluations' LIMIT 1`,
    );
    expect(input).toMatchObject({ name: 'public hold-out', context: 'evaluation' });
    expect(input?.digest).toMatch(/^[0-9a-f]{32}$/);
  });

  test('the log refuses to be changed', async () => {
    await expect(i.leader.db.query("UPDATE log_leaf SET entry = ''")).rejects.toThrow('append-only');
    await expect(i.leader.db.query('DELETE FROM log_leaf')).rejects.toThrow('append-only');
    await expect(i.leader.db.query('TRUNCATE log_leaf CASCADE')).rejects.toThrow('append-only');
  });
});

describe('what a report is refused for', () => {
  let i: TestInstallation;
  let account: TestAccount;
  beforeAll(async () => {
    i = await newTestInstallation({ name: 'refusals', change: { k: 5, band: 3, max_contributions: 2 } });
    account = await i.newAccount();
  });
  afterAll(() => i.close());
  const stored = async () => (await i.leader.db.query('SELECT 1 FROM reports')).length;

  test('a damaged body, another id, an unknown key, a broken signature: the documented status, and nothing is stored', async () => {
    const bytes = i.report(account);
    const changed = (at: number) => bytes.map((b, j) => (j === at ? b ^ 1 : b));
    await expect(i.put(bytes.slice(0, 100))).rejects.toEqual(refusal('malformed', 422));
    await expect(i.put(changed(0))).rejects.toEqual(refusal('malformed', 422));
    await expect(i.put(changed(bytes.length - 70))).rejects.toEqual(refusal('key', 401));
    await expect(i.put(changed(bytes.length - 3))).rejects.toEqual(refusal('signature', 401));
    await expect(i.put(changed(200))).rejects.toEqual(refusal('signature', 401));
    expect(await stored()).toBe(0);
  });

  test('a configuration that is not in force, another length, a version too old or never seen', async () => {
    const other = (change: object) => ({ ...i, config: { ...i.config, ...change } });
    const { makeContribution } = await import('#shared/aggregation/contribution.ts');
    const base = { version: 0, sha256: new Uint8Array(32) };
    const make = (config: typeof i.config, from = base) =>
      makeContribution(
        i.leader.crypto,
        { config, base: from, promoted: from.version, slot: 1, secrets: account },
        new Float32Array(config.dim),
        i.leader.rng,
      ).bytes;
    await expect(i.put(make(other({ sigma: 1 }).config))).rejects.toEqual(refusal('unknown_config', 422));
    await expect(i.put(make(i.config))).rejects.toEqual(refusal('stale', 422));
    await expect(i.put(make(i.config, { ...base, version: 3 }))).rejects.toEqual(refusal('stale', 422));
    expect(await stored()).toBe(0);
  });

  test('an account has one report under way; the same id with other bytes is refused; a withdrawn one is gone', async () => {
    const bytes = i.report(account);
    expect((await i.put(bytes)).status).toBe(201);
    await expect(i.put(i.report(account))).rejects.toEqual(refusal('account_limit', 409));
    const device = await deviceByBearer(i.leader, `Bearer ${account.bearer}`);
    expect(await eligibility(i.leader, device, i.taskId)).toMatchObject({ eligible: false, reason: 'report_open' });
    const other = await i.newAccount();
    await expect(receiptOf(i.leader, await deviceByBearer(i.leader, `Bearer ${other.bearer}`), reportIdOf(bytes))).rejects.toEqual(
      refusal('report', 404),
    );
    await withdrawReport(i.leader, device, reportIdOf(bytes));
    await expect(i.put(bytes)).rejects.toEqual(refusal('withdrawn', 410));
    expect(await i.leader.db.query('SELECT 1 FROM reports WHERE leader_box IS NOT NULL')).toEqual([]);
  });

  test('an account contributes again only b slots later, and P times in 52 slots', async () => {
    const others: TestAccount[] = [];
    for (let n = 0; n < 20; n++) others.push(await i.newAccount());
    const landIn = async (who: TestAccount, from: number) => {
      await i.put(i.report(who));
      for (const o of others.slice(from, from + 4)) await i.put(i.report(o));
      await work(i.leader);
    };
    await landIn(account, 0);
    await expect(i.put(i.report(account))).rejects.toEqual(refusal('account_limit', 409));
    await landIn(others[4] as TestAccount, 5);
    await landIn(others[9] as TestAccount, 10);
    const device = await deviceByBearer(i.leader, `Bearer ${account.bearer}`);
    expect(await eligibility(i.leader, device, i.taskId)).toMatchObject({ eligible: true, slot: 4 });
    await i.put(i.report(account));
    for (const o of others.slice(14, 18)) await i.put(i.report(o));
    await work(i.leader);
    expect(await eligibility(i.leader, device, i.taskId)).toMatchObject({ eligible: false, reason: 'account_limit', slot: 5 });
  });
});

describe('enrolment and signed requests', () => {
  let i: TestInstallation;
  beforeAll(async () => {
    i = await newTestInstallation({ name: 'enrolment' });
  });
  afterAll(() => i.close());

  test('a challenge is good once and for five minutes', async () => {
    const { crypto, rng } = i.leader;
    const seeds = () => Uint8Array.from({ length: 32 }, () => below(256, rng));
    const [account, device] = [seeds(), seeds()];
    const challenge = await newChallenge(i.leader);
    const body = makeEnrolment(crypto, account, device, challenge);
    expect(await enrol(i.leader, body)).toMatchObject({ isNew: true });
    await expect(enrol(i.leader, body)).rejects.toEqual(refusal('challenge', 401));
    const late = await newChallenge(i.leader);
    i.clock.now += 5 * 60_000 + 1;
    await expect(enrol(i.leader, makeEnrolment(crypto, account, device, late))).rejects.toEqual(refusal('challenge', 401));
    const again = await enrol(i.leader, makeEnrolment(crypto, account, device, await newChallenge(i.leader)));
    expect(again.isNew).toBe(false);
    await expect(enrol(i.leader, makeEnrolment(crypto, seeds(), device, await newChallenge(i.leader)))).rejects.toEqual(
      refusal('other_account', 409),
    );
  });

  test('a signed request counts once; replayed, unsigned or by another key it is refused', async () => {
    const account = await i.newAccount();
    const request = { method: 'DELETE', path: '/api/sync/v1/fed/reports/00', body: new Uint8Array(0) };
    const header = signRequest(i.leader.crypto, request, await newChallenge(i.leader), account.deviceSeed);
    expect((await signerOf(i.leader, request, header, 'device')).accountPk).toHaveLength(32);
    await expect(signerOf(i.leader, request, header, 'device')).rejects.toEqual(refusal('challenge', 401));
    await expect(signerOf(i.leader, request, undefined, 'device')).rejects.toEqual(refusal('signature', 401));
    const byDevice = signRequest(i.leader.crypto, request, await newChallenge(i.leader), account.deviceSeed);
    await expect(signerOf(i.leader, request, byDevice, 'account')).rejects.toEqual(refusal('signature', 401));
    for (const bearer of ['', 'Bearer x', `Bearer ${'A'.repeat(43)}`])
      await expect(deviceByBearer(i.leader, bearer)).rejects.toEqual(refusal('bearer', 401));
  });
});

describe('R12: a report counts once', () => {
  test('under duplicates, reordering, lost requests and lost answers every acknowledged report is in exactly one sum', async () => {
    const i = await newTestInstallation({ name: 'once', change: { ...QUIET, k: 10 } });
    const rng = seededRng(5);
    for (let round = 0; round < 14; round++) {
      const accounts = [];
      for (let n = 0; n < 100; n++) accounts.push(await i.newAccount());
      const reports = accounts.map((a, n) => i.report(a, unit(i, 100 * round + n)));
      const lossy = {
        ...i.leader,
        askHelper: async (...args: Parameters<typeof i.leader.askHelper>) => {
          if (uniform(rng) < 0.3) return { kind: 'unreachable' as const };
          const answer = await i.leader.askHelper(...args);
          return uniform(rng) < 0.3 ? { kind: 'unreachable' as const } : answer;
        },
      };
      const sends = shuffle([...reports, ...reports.filter(() => uniform(rng) < 0.5)], rng);
      for (const bytes of sends) {
        await i.put(bytes);
        if (uniform(rng) < 0.1) await work(lossy);
      }
      for (let n = 0; n < 40; n++) await work(lossy);
      const wanted = Array.from({ length: 100 * (round + 1) }, () => 1);
      expect((await countsOf(i)).slice(0, 100 * (round + 1))).toEqual(wanted);
    }
    const slots = await i.helper.db.query<{ n: string; d: string }>('SELECT count(*) AS n, count(DISTINCT t) AS d FROM answered');
    expect(slots[0]?.n).toBe('140');
    await i.close();
  });
});

describe('R13: concurrent replay is harmless', () => {
  /** The same 50 reports, eight times each at once, through two processes' pools. */
  async function race(name: string, sabotage: (i: TestInstallation) => Promise<void>) {
    const i = await newTestInstallation({ name, change: { k: 10 } });
    await sabotage(i);
    const second = { ...i.leader, db: await openDatabase(clusterUrl(`${name}_leader`), 'sync-server/storage/migrations', false) };
    const { receiveReport } = await import('./reports.ts');
    const statuses: number[][] = [];
    for (let n = 0; n < 50; n++) {
      const bytes = i.report(await i.newAccount());
      const answers = await Promise.allSettled(
        Array.from({ length: 8 }, (_, k) => receiveReport(k % 2 ? second : i.leader, reportIdOf(bytes), bytes)),
      );
      statuses.push(answers.map((a) => (a.status === 'fulfilled' ? a.value.status : 500)).sort());
    }
    const [stored] = await i.leader.db.query<{ n: string }>('SELECT count(*) AS n FROM reports');
    await second.db.close();
    await i.close();
    return { statuses, stored: Number(stored?.n) };
  }

  test('one of eight is stored, the others get the same receipt', async () => {
    const { statuses, stored } = await race('race_ok', async () => undefined);
    expect(stored).toBe(50);
    for (const own of statuses) expect(own).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
  });

  test('the constraint is what guards it: without it the same race stores twice', async () => {
    const { stored } = await race('race_mutant', async (i) => {
      await i.leader.db.query('ALTER TABLE reports DROP CONSTRAINT reports_pkey');
      await i.leader.db.query('DROP INDEX reports_one_open');
    });
    expect(stored).toBeGreaterThan(50);
  });
});

describe('R17: the account’s limit holds', () => {
  test('three devices of one account race 50 times: one report is under way, never two', async () => {
    const i = await newTestInstallation({ name: 'race_account', change: { k: 40 } });
    const { makeEnrolment } = await import('#shared/aggregation/enrolment.ts');
    for (let race = 0; race < 50; race++) {
      const first = await i.newAccount();
      const devices = [first];
      for (let d = 0; d < 2; d++) {
        const deviceSeed = Uint8Array.from({ length: 32 }, () => below(256, i.leader.rng));
        await enrol(i.leader, makeEnrolment(i.leader.crypto, first.accountSeed, deviceSeed, await newChallenge(i.leader)));
        devices.push({ ...first, deviceSeed });
      }
      const answers = await Promise.allSettled(devices.map((d) => i.put(i.report(d))));
      expect(answers.filter((a) => a.status === 'fulfilled')).toHaveLength(1);
      for (const a of answers) if (a.status === 'rejected') expect(a.reason).toEqual(refusal('account_limit', 409));
    }
    await i.close();
  });
});

describe('R18: noise is present, and drawn once', () => {
  /** What was released less what was sent, in units of the noise that is promised, per coordinate. */
  async function excess(name: string, sabotage: (i: TestInstallation) => void): Promise<number> {
    const i = await newTestInstallation({ name, change: { k: 3, sigma: 4.25, kappa: 0, band: 13 } });
    sabotage(i);
    for (let n = 0; n < 3; n++) await i.put(i.report(await i.newAccount()));
    await work(i.leader);
    const [row] = await i.leader.db.query<{ sum: Buffer }>('SELECT sum FROM flushes');
    const steps = new Int32Array(new Uint8Array(row?.sum ?? Buffer.alloc(0)).buffer);
    await i.close();
    return Math.sqrt(steps.reduce((sum, x) => sum + x * x, 0) / steps.length) / (4.25 * i.config.grid_steps);
  }

  test('the released sum of zero updates is noise of the promised size', async () => {
    expect(Math.abs((await excess('noise_on', () => undefined)) - 1)).toBeLessThan(0.08);
  });

  test('a helper that leaves its noise out is found by the same measure', async () => {
    const { makeFlushResponse, readFlushRequest } = await import('#shared/aggregation/flush-message.ts');
    const { addInto, maskWords } = await import('#shared/aggregation/mask.ts');
    const { openHelperBox } = await import('#shared/aggregation/report.ts');
    const quiet = await excess('noise_off', (i) => {
      const { crypto } = i.helper;
      const askHelper: TestInstallation['leader']['askHelper'] = async (_task, _t, request) => {
        const read = readFlushRequest(crypto, request, i.helper.leaderKey);
        if (!read) return { kind: 'unreachable' };
        const words = new Uint32Array(read.head.dim);
        for (const member of read.members) {
          const share = openHelperBox(crypto, member.helperBox, i.helper.box);
          if (!share) throw new Error('a box did not open');
          const mask = maskWords(crypto, share.maskSeed, read.head.taskId, member.reportId, read.head.dim);
          addInto(
            words,
            mask.map((w) => -w >>> 0),
          );
        }
        return { kind: 'answered', response: makeFlushResponse(crypto, read.head, words, i.helper.signSeed) };
      };
      Object.assign(i.leader, { askHelper });
    });
    expect(quiet).toBeLessThan(0.01);
  });
});

describe('R15 and slots by the clock', () => {
  test('a slot without K reports passes: nothing is released, nothing spent, later ones fill', async () => {
    const WEEK = 7 * 86_400_000;
    const i = await newTestInstallation({ name: 'slots', change: { k: 3, interval_ms: WEEK, band: 2, leader_noise: true } });
    const accounts = [];
    for (let n = 0; n < 3; n++) accounts.push(await i.newAccount());
    await i.put(i.report(accounts[0] as TestAccount));
    expect(await work(i.leader)).toEqual({ released: 0, candidates: 0 });
    i.clock.now += 3 * WEEK;
    for (const a of accounts.slice(1)) await i.put(i.report(a));
    expect(await work(i.leader)).toEqual({ released: 1, candidates: 1 });
    expect(await work(i.leader)).toEqual({ released: 0, candidates: 0 });
    const flushes = await i.leader.db.query<{ t: number }>('SELECT t FROM flushes');
    expect(flushes.map((f) => f.t)).toEqual([4]);
    const drawn = await i.leader.db.query<{ t: number }>('SELECT t FROM leader_noise ORDER BY t');
    expect(drawn.map((r) => r.t)).toEqual([1, 2, 3, 4]);
    const kept = await i.helper.db.query<{ t: number }>('SELECT t FROM noise ORDER BY t');
    expect(kept.map((r) => r.t)).toEqual([3, 4]);
    await i.log.publish();
    const entries = (await i.log.entries(0, 100)).map((text) => JSON.parse(text) as { type: string; t?: number });
    expect(entries.filter((e) => e.type === 'flush').map((e) => e.t)).toEqual([4]);
    expect(recomputeLedger(entries).fault).toBeNull();
    await i.close();
  });

  test('50 seeds of an unreachable helper, lost answers and slots with too few accounts: once the faults stop, nothing is stuck', async () => {
    const WEEK = 7 * 86_400_000;
    const i = await newTestInstallation({ name: 'liveness', change: { k: 3, interval_ms: WEEK, band: 1, max_contributions: 52 } });
    for (let seed = 1; seed <= 50; seed++) {
      const rng = seededRng(seed);
      const faulty = {
        ...i.leader,
        askHelper: async (...args: Parameters<typeof i.leader.askHelper>) => {
          if (uniform(rng) < 0.5) return { kind: 'unreachable' as const };
          const answer = await i.leader.askHelper(...args);
          return uniform(rng) < 0.5 ? { kind: 'unreachable' as const } : answer;
        },
      };
      for (let slot = 0; slot < 3; slot++) {
        i.clock.now += WEEK;
        for (let n = below(6, rng); n > 0; n--) await i.put(i.report(await i.newAccount()));
        for (let tick = below(3, rng); tick > 0; tick--) await work(faulty);
      }
      for (let calm = 0; calm < 8; calm++) {
        i.clock.now += WEEK;
        await work(i.leader);
      }
      const [waiting] = await i.leader.db.query<{ held: string; open: string }>(
        `SELECT (SELECT count(*) FROM reports WHERE state = 'held') AS held, (SELECT count(*) FROM flushes WHERE state = 'frozen') AS open`,
      );
      expect([seed, Number(waiting?.held) < 3, waiting?.open]).toEqual([seed, true, '0']);
    }
    await i.log.publish();
    const entries = (await i.log.entries(0, 10_000)).map((text) => JSON.parse(text) as unknown);
    expect(recomputeLedger(entries).fault).toBeNull();
    await i.close();
  });

  test('a report the helper refuses is named, dropped, and the others land in the same slot', async () => {
    const i = await newTestInstallation({ name: 'named', change: { k: 3, ...QUIET } });
    const accounts = [];
    for (let n = 0; n < 4; n++) accounts.push(await i.newAccount());
    const twin = { ...(accounts[1] as TestAccount), tagSecret: (accounts[0] as TestAccount).tagSecret };
    const reports = [accounts[0] as TestAccount, twin, accounts[2] as TestAccount, accounts[3] as TestAccount].map((a, j) =>
      i.report(a, unit(i, j)),
    );
    for (const bytes of reports) await i.put(bytes);
    expect((await work(i.leader)).released).toBe(1);
    expect((await countsOf(i)).slice(0, 4)).toEqual([1, 0, 1, 1]);
    const [bad] = await i.leader.db.query<{ reason: string; report_id: Buffer }>(
      "SELECT reason, report_id FROM reports WHERE state = 'rejected'",
    );
    expect([bad?.reason, toHex(bad?.report_id ?? Buffer.alloc(0))]).toEqual(['tag_limit', toHex(reportIdOf(reports[1] as Uint8Array))]);
    await i.close();
  });
});

describe('R16: the helper refuses a lying leader', () => {
  test('another set for an answered slot, a reused report, a past slot; the same request gets the same bytes, 100 times', async () => {
    const i = await newTestInstallation({ name: 'liar', change: { k: 3 } });
    for (let n = 0; n < 6; n++) await i.put(i.report(await i.newAccount()));
    await freeze(i.leader, i.taskId);
    const [flush] = await i.leader.db.query<{ request: Buffer }>("SELECT request FROM flushes WHERE state = 'frozen'");
    const request = new Uint8Array(flush?.request ?? Buffer.alloc(0));
    const ask = (bytes: Uint8Array, t = 1) => i.leader.askHelper(i.config.task_id, t, bytes);
    const answers = new Set<string>();
    for (let n = 0; n < 100; n++) {
      const answer = await ask(request);
      if (answer.kind === 'answered') answers.add(toHex(answer.response));
    }
    expect(answers.size).toBe(1);
    const { makeFlushRequest, readFlushRequest } = await import('#shared/aggregation/flush-message.ts');
    const read = readFlushRequest(i.leader.crypto, request, i.helper.leaderKey);
    if (!read) throw new Error('unreadable');
    const { head, members } = read;
    const lie = (change: Partial<typeof head>, set = members, seed = i.leader.signSeed) =>
      makeFlushRequest(i.leader.crypto, { ...head, ...change }, set, seed);
    const other = await i.leader.db.query<{ report_id: Buffer; leader_box_hash: Buffer; helper_box: Buffer }>(
      "SELECT report_id, leader_box_hash, helper_box FROM reports WHERE state = 'held'",
    );
    const fresh = other.map((r) => ({
      reportId: new Uint8Array(r.report_id),
      leaderBoxHash: new Uint8Array(r.leader_box_hash),
      helperBox: new Uint8Array(r.helper_box),
    }));
    expect(await ask(lie({}, fresh))).toMatchObject({ reason: 'set_mismatch' });
    expect(await ask(lie({ t: 2 }), 2)).toMatchObject({ reason: 'seen_report' });
    expect(await ask(lie({ t: 2 }, fresh.slice(0, 2)), 2)).toMatchObject({ reason: 'wrong_k' });
    expect(await ask(lie({ t: 3 }, fresh), 3)).toMatchObject({ reason: 'slot_not_begun' });
    expect(await ask(lie({ t: 2 }, fresh, new Uint8Array(32).fill(99)), 2)).toMatchObject({ reason: 'signature' });
    expect(await ask(lie({ t: 2, configHash: new Uint8Array(32) }, fresh), 2)).toMatchObject({ reason: 'config' });
    const swapped = fresh.map((m, n) => ({ ...m, leaderBoxHash: (fresh[(n + 1) % 3] as (typeof fresh)[0]).leaderBoxHash }));
    expect(await ask(lie({ t: 2 }, swapped), 2)).toMatchObject({ reason: 'bad_box' });
    expect((await i.helper.db.query('SELECT 1 FROM answered')).length).toBe(1);
    expect(await finishOpenFlush(i.leader, i.taskId)).toBe('released');
    await makeCandidate(i.leader, i.taskId);
    await i.close();
  });

  test('a helper does not cosign a rewritten log, a release it never made, or a looser configuration', async () => {
    const i = await newTestInstallation({ name: 'witness', change: { k: 3 } });
    for (let n = 0; n < 3; n++) await i.put(i.report(await i.newAccount()));
    await work(i.leader);
    await i.log.publish();
    const { witness } = await import('../helper/witness.ts');
    const { signedNote } = await import('#shared/transparency/checkpoint.ts');
    const { rootOf } = await import('#shared/transparency/merkle.ts');
    const entries = await i.log.entries(0, 100);
    const present = (texts: readonly string[], from = 0) => {
      const root = rootOf(texts.map((t) => leafHash(utf8(t))));
      const note = signedNote(
        i.leader.crypto,
        { origin: 'examsgraph/log/v1', size: texts.length, root },
        { name: 'examsgraph/leader', seed: i.leader.signSeed },
      );
      return witness(i.helper, note, from, texts.slice(from));
    };
    await expect(present(entries)).resolves.toContain('examsgraph/helper');
    await expect(present(entries.slice(0, -1))).rejects.toEqual(refusal('inconsistent', 409));
    await expect(present(entries.map((e) => e.replace('"version":0', '"version":9')))).rejects.toEqual(refusal('inconsistent', 409));
    const flush = JSON.parse(entries.find((e) => e.includes('"flush"')) ?? '{}') as Record<string, unknown>;
    const { canonicalJson } = await import('#shared/transparency/canonical-json.ts');
    const forged = canonicalJson({ ...flush, t: 2 } as never);
    await expect(present([...entries, forged], entries.length)).rejects.toEqual(refusal('inconsistent', 409));
    const { approveConfig, proposalMessage } = await import('../helper/approve-config.ts');
    const { configHash } = await import('#shared/aggregation/config.ts');
    const propose = (change: object) => {
      const config = { ...i.config, from_slot: 9, ...change };
      return approveConfig(i.helper, config, i.leader.crypto.sign(proposalMessage(configHash(config)), i.leader.signSeed));
    };
    // what was approved for a later slot gives way to what protects as much, never to what protects less
    await expect(propose({ sigma: 0.2, from_slot: 20 })).resolves.toHaveLength(64);
    await expect(propose({ from_slot: 20 })).rejects.toEqual(refusal('loosens', 403));
    await expect(
      approveConfig(i.helper, i.config, i.leader.crypto.sign(proposalMessage(configHash(i.config)), i.leader.signSeed)),
    ).resolves.toHaveLength(64);
    expect((await i.helper.db.query('SELECT 1 FROM approved_configs WHERE from_slot = 20')).length).toBe(1);
    await expect(propose({ sigma: 0.3, from_slot: 20 })).resolves.toHaveLength(64);
    expect((await i.helper.db.query('SELECT 1 FROM approved_configs WHERE from_slot = 20')).length).toBe(1);
    await expect(propose({ sigma: 0.01 })).rejects.toEqual(refusal('loosens', 403));
    await expect(propose({ k: 2 })).rejects.toEqual(refusal('loosens', 403));
    await expect(approveConfig(i.helper, i.config, new Uint8Array(64))).rejects.toEqual(refusal('signature', 403));
    expect(configHashHex(i.config)).toHaveLength(64);
    await i.close();
  });
});
