// @vitest-environment node
import { beforeEach, describe, expect, test } from 'vitest';
import { answer, started } from '#client/ports/experiment-log.contract.ts';
import { AirFault, type FederationAir } from '#client/ports/federation-air.ts';
import { CONSENT_OF, PURPOSES, type PulledModel, type Purpose } from '#client/ports/federation-store.ts';
import { inPageTrainer } from '#client/ports/in-page-trainer.ts';
import { testedExploreRate } from '#client/ports/joined-test.ts';
import { memoryExperimentLog } from '#client/ports/memory-experiment-log.ts';
import { configHashHex, type ModelConfig, type StatisticsConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import { readEnrolment } from '#shared/aggregation/enrolment.ts';
import { entryBytes, type LogEntry, type ModelRelease, signRelease } from '#shared/aggregation/log-entry.ts';
import { maskWords } from '#shared/aggregation/mask.ts';
import { type Receipt, signReceipt } from '#shared/aggregation/receipt.ts';
import { openHelperBox, openLeaderBox, parseReport } from '#shared/aggregation/report.ts';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { concat, dom, fromHex, toBase64, toHex } from '#shared/domain/bytes.ts';
import { epochMs } from '#shared/domain/time.ts';
import { normal, seededRng } from '#shared/maths/rng.ts';
import { armOf } from '#shared/statistics/ab-test.ts';
import { decodeCells } from '#shared/statistics/layout.ts';
import { sampleConfig, sampleStatistics } from '#shared/testing/sample-config.ts';
import { cosignature, signedNote } from '#shared/transparency/checkpoint.ts';
import { consistencyProof, inclusionProof, leafHash, rootOf } from '#shared/transparency/merkle.ts';
import { openSharing, type RoundOutcome } from './sharing.ts';

const seedOf = (n: number) => new Uint8Array(32).fill(n);
const key = (n: number) => toHex(tweetnacl.signPublicKey(seedOf(n)));
const [LEADER, RELEASE, HELPER] = [1, 2, 3];
const NOW = 1_700_000_000_000;

/** A leader made of plain data, whose every part a test may falsify. */
function newServer(preset: 'production' | 'demo' = 'production') {
  const base = sampleConfig(preset);
  const config: ModelConfig = {
    ...base,
    leader: { ...base.leader, sign_key: key(LEADER), release_key: key(RELEASE), box_key: toHex(tweetnacl.boxPublicKey(seedOf(8))) },
    helper: { ...base.helper, sign_key: key(HELPER), box_key: toHex(tweetnacl.boxPublicKey(seedOf(9))) },
  };
  const weeks: StatisticsConfig = { ...sampleStatistics(preset), leader: config.leader, helper: config.helper };
  const entries: LogEntry[] = [config, weeks].map((own) => ({ type: 'config', at: 1, config: own, config_hash: configHashHex(own) }));
  const models: { release: ModelRelease; weights: Uint8Array; index: number }[] = [];
  const release = (served: Float32Array, change: Partial<ModelRelease> = {}) => {
    const weights = new Uint8Array(concat(new Uint8Array(served.buffer), new Uint8Array(served.buffer)));
    const entry: ModelRelease = {
      type: 'model_release',
      at: 2,
      task_id: config.task_id,
      version: models.length,
      base_version: 0,
      slot: models.length,
      config_hash: configHashHex(config),
      weights_sha256: sha256Hex(weights),
      weights_bytes: weights.length,
      ...change,
    };
    entries.push(entry);
    models.push({ release: entry, weights, index: entries.length - 1 });
  };
  const rng = seededRng(5);
  release(Float32Array.from({ length: 1473 }, () => 0.1 * normal(rng)));
  const leaves = () => entries.map((e) => leafHash(entryBytes(e)));
  const state = {
    config,
    /** The statistics task; null where there is none. */
    weeks: weeks as StatisticsConfig | null,
    entries,
    models,
    release,
    leaves,
    isOnline: true,
    cosignedS: NOW / 1000,
    helperSeed: seedOf(HELPER),
    releaseSeed: seedOf(RELEASE),
    isLogged: true,
    revoked: [] as number[],
    uploads: [] as { id: string; bytes: Uint8Array }[],
    enrolments: 0,
    calls: 0,
    receipt: { state: 'held', t: null } as Partial<Receipt>,
    refuseUpload: null as AirFault | null,
    loseReply: false,
    refuseWithdraw: null as string | null,
    note() {
      const checkpoint = { origin: 'examsgraph/log/v1', size: entries.length, root: rootOf(leaves()) };
      return (
        signedNote(tweetnacl, checkpoint, { name: 'examsgraph/leader', seed: seedOf(LEADER) }) +
        cosignature(tweetnacl, checkpoint, { name: 'examsgraph/helper', seed: state.helperSeed }, state.cosignedS)
      );
    },
  };
  const proven = (index: number) => ({
    log_index: index,
    checkpoint: state.note(),
    proof: state.isLogged ? inclusionProof(leaves(), index).map(toBase64) : [],
  });
  const reach = () => {
    state.calls++;
    if (!state.isOnline) throw new AirFault('offline', 'no network');
  };
  const air: FederationAir = {
    async offer() {
      reach();
      const offered = (own: TaskConfig, index: number) => {
        const signature = tweetnacl.sign(concat(dom('examsgraph/v1/sign/config'), fromHex(configHashHex(own))), state.helperSeed);
        return { config: own, helper_signature: toHex(signature), logged_at: 1, waiting: 3, ...proven(index) };
      };
      return { now: NOW, tasks: [offered(state.config, 0), ...(state.weeks ? [offered(state.weeks, 1)] : [])] };
    },
    async challenge() {
      reach();
      return new Uint8Array(16);
    },
    async enrol(body) {
      reach();
      expect(readEnrolment(tweetnacl, body)).not.toBeNull();
      state.enrolments++;
      return 'bearer';
    },
    async eligibility() {
      reach();
      return { eligible: true, reason: null, slot: 1, version: 0 };
    },
    async upload(id, bytes) {
      reach();
      if (state.refuseUpload) throw state.refuseUpload;
      state.uploads.push({ id, bytes });
      if (state.loseReply) throw new AirFault('offline', 'the reply was lost');
    },
    async receipt(id) {
      reach();
      const receipt: Receipt = {
        report_id: id,
        task_id: config.task_id,
        state: 'held',
        reason: null,
        t: null,
        log_index: null,
        version: null,
        version_status: null,
        at: NOW,
        ...state.receipt,
      };
      return { receipt, signature: signReceipt(tweetnacl, receipt, seedOf(LEADER)) };
    },
    async erase(signature) {
      reach();
      expect(signature).toHaveLength(150);
      return 'reference';
    },
    async withdraw() {
      reach();
      if (state.refuseWithdraw) throw new AirFault('final', state.refuseWithdraw);
    },
    async consent() {
      reach();
    },
    async latest() {
      reach();
      const { release: latest, index } = models.at(-1) as (typeof models)[0];
      return { release: latest, signature: signRelease(tweetnacl, latest, state.releaseSeed), revoked: state.revoked, ...proven(index) };
    },
    async weights() {
      reach();
      return (models.at(-1) as (typeof models)[0]).weights;
    },
    async consistency(from) {
      return consistencyProof(leaves(), from).map(toBase64);
    },
    async simulate() {},
    listen: () => () => undefined,
  };
  return { state, air };
}

function newDevice(server: ReturnType<typeof newServer>, isTrial = false) {
  const rng = seededRng(9);
  let now = NOW;
  const moment = () => ({ at: epochMs(now++), tz: 0, rng });
  const log = memoryExperimentLog(moment);
  const serving: PulledModel[] = [];
  const verdict = { isKept: true, before: null as number | null, after: null as number | null };
  const questions = [{ id: 'q', skills: ['s'], prior: 0.7 }];
  let turn: Promise<unknown> | null = null;
  /** As a Web Lock: asked for if available, or waited for. */
  const exclusively = async <T>(work: (isFree: boolean) => Promise<T>, isPatient: boolean): Promise<T> => {
    while (turn) {
      if (!isPatient) return work(false);
      await turn.catch(() => undefined);
    }
    const own = work(true);
    turn = own;
    return own.finally(() => {
      turn = null;
    });
  };
  const sharing = openSharing(
    {
      log,
      air: server.air,
      trainer: inPageTrainer(),
      moment,
      crypto: tweetnacl,
      isTrial,
      serve: (model) => serving.push(model),
      learning: async () => ({
        questions,
        syllabus: { packId: 'p', topics: ['s'], questions },
        answers: async () => Array.from({ length: 15 }, (_, i) => ({ itemId: 'q', y: (i % 2) as 0 | 1 })),
        judge: async () => verdict,
      }),
      exclusively,
    },
    sha256Hex,
  );
  const study = async (n: number, from = 0) => {
    for (let i = from; i < from + n; i++) await log.append([...(i === 0 ? [started] : []), answer(`a${i}`, 1)]);
  };
  const agree = async (purpose: Purpose = 'training') => {
    const proposal = await sharing.proposal(purpose);
    return proposal !== null && sharing.agree({ proposal, ageBand: '16+', text: 'text', language: 'ko' });
  };
  const wait = (ms: number) => {
    now += ms;
  };
  return { log, sharing, serving, verdict, study, agree, exclusively, wait };
}

let server: ReturnType<typeof newServer>;
let device: ReturnType<typeof newDevice>;
beforeEach(() => {
  server = newServer();
  device = newDevice(server);
});
const round = (): Promise<RoundOutcome> => device.sharing.round(true);

describe('sharing', () => {
  test('a fresh profile reaches for nothing, however much is studied', async () => {
    await device.study(20);
    expect(await round()).toEqual({ kind: 'off' });
    expect(server.state.calls).toBe(0);
  });

  test('ledger entry, sealed bytes and run are there before anything is sent; then one report goes up', async () => {
    await device.study(12);
    await device.agree();
    server.state.refuseUpload = new AirFault('offline', 'down');
    expect(await round()).toEqual({ kind: 'offline' });
    const [row] = await device.log.federation.contributions();
    const [waiting] = await device.log.federation.outbox();
    expect([row?.status, row?.sealed_slot, waiting?.report_id]).toEqual(['sealed', 1, row?.report_id]);
    expect((await device.log.get('runs', row?.runId ?? ''))?.run_name).toContain('contribution');
    const logged = new Map((await device.log.get('run_metrics', row?.runId ?? ''))?.latest.map((m) => [m.key, m.value]));
    expect([...logged.keys()].sort()).toEqual(['bytes_sent', 'clipped', 'local_epsilon', 'rho_spent']);
    expect(logged.get('bytes_sent')).toBe(waiting?.bytes.length);
    // federation-and-privacy section 10: device noise of .02 alone is epsilon 1,487 a report; rho of a whole column of thirteen
    expect(Math.round(logged.get('local_epsilon') ?? 0)).toBe(1487);
    expect(logged.get('rho_spent')).toBeCloseTo(0.0519489454, 9);
    const params = (await device.log.list('params')).filter((p) => p.owner === row?.runId).map((p) => p.key);
    expect(params.sort()).toEqual(['base_version', 'clip_norm', 'config_hash', 'task']);
    server.state.refuseUpload = null;
    await round();
    const [sent] = server.state.uploads;
    expect(sent?.bytes).toEqual(waiting?.bytes);
    expect(parseReport(sent?.bytes ?? new Uint8Array())?.header.dim).toBe(1473);
    expect(await device.log.federation.outbox()).toEqual([]);
    expect((await device.log.get('tags', [row?.runId ?? '', 'status']))?.value).toBe('accepted');
  });

  test('a lost reply is answered by the same bytes again; it is charged once', async () => {
    await device.study(12);
    await device.agree();
    server.state.loseReply = true;
    await round();
    server.state.loseReply = false;
    await round();
    expect(server.state.uploads).toHaveLength(2);
    expect(server.state.uploads[0]?.bytes).toEqual(server.state.uploads[1]?.bytes);
    expect(await device.log.federation.contributions()).toHaveLength(1);
  });

  test('waiting times are kept unless the learner asks: nothing is sent before its time', async () => {
    await device.study(12);
    await device.agree();
    server.state.refuseUpload = new AirFault('later', 'rate', 60_000);
    await round();
    server.state.refuseUpload = null;
    await device.sharing.round(false);
    expect(server.state.uploads).toEqual([]);
    await device.sharing.round(true);
    expect(server.state.uploads).toHaveLength(1);
  });

  test('a final refusal ends the report, keeps the spend, and blocks nothing else', async () => {
    await device.study(12);
    await device.agree();
    server.state.refuseUpload = new AirFault('final', 'account_limit');
    await round();
    expect((await device.log.federation.contributions()).map((c) => [c.status, c.refusal])).toEqual([['refused', 'account_limit']]);
    expect(await device.log.federation.outbox()).toEqual([]);
  });

  test('no second report before b slots have passed, nor without ten new answers', async () => {
    await device.study(12);
    await device.agree();
    await round();
    expect(await round()).toMatchObject({ kind: 'done', purposes: [{ abstained: 'too-few-answers' }] });
    await device.study(12, 12);
    expect(await round()).toMatchObject({ purposes: [{ abstained: 'report-open' }] });
    server.state.receipt = { state: 'landed', t: 1, log_index: 4, version: 1, version_status: 'released' };
    expect(await round()).toMatchObject({ purposes: [{ abstained: 'too-soon' }] });
    expect((await device.log.federation.contributions())[0]).toMatchObject({ status: 'landed', landed_slot: 1, version: 1, logIndex: 4 });
  });

  test('withdrawing empties the outbox, takes back what is under way, and sends nothing more', async () => {
    await device.study(12);
    await device.agree();
    await round();
    await device.sharing.withdraw('training');
    expect((await device.log.federation.contributions()).map((c) => c.status)).toEqual(['withdrawn']);
    const before = server.state.calls;
    await device.study(20, 12);
    expect(await round()).toEqual({ kind: 'off' });
    expect(server.state.calls).toBe(before);
  });

  test('stopping offline is told the server later; a report it never had is taken back, one in a sum says so', async () => {
    await device.study(12);
    await device.agree();
    server.state.refuseUpload = new AirFault('offline', 'down');
    await round();
    server.state.isOnline = false;
    await device.sharing.withdraw('training');
    expect((await device.log.federation.contributions()).map((c) => c.status)).toEqual(['withdrawing']);
    expect(await device.log.federation.outbox()).toEqual([]);
    server.state.isOnline = true;
    server.state.refuseWithdraw = 'report';
    await round();
    expect((await device.log.federation.contributions()).map((c) => c.status)).toEqual(['withdrawn']);
    expect(server.state.uploads).toEqual([]);
    const summed = newDevice(newServer());
    await summed.study(12);
    await summed.agree();
    await summed.sharing.round(true);
    expect((await summed.log.federation.contributions()).map((c) => c.status)).toEqual(['accepted']);
  });

  test.each(PURPOSES)(
    'consent to %s withdrawn while a report is made: nothing is sealed, nothing is sent, and the withdrawal is told',
    async (purpose) => {
      await device.study(12);
      await device.agree(purpose);
      const { eligibility } = server.air;
      let stopping: Promise<void> | null = null;
      server.air.eligibility = async (...args) => {
        const answer = await eligibility(...args);
        stopping ??= device.sharing.withdraw(purpose);
        await Promise.resolve();
        return answer;
      };
      expect((await round()).kind).toBe('off');
      await stopping;
      expect(await device.log.federation.contributions()).toEqual([]);
      expect(server.state.uploads).toEqual([]);
      expect(await device.log.federation.value(CONSENT_OF[purpose].unsent)).toBe(false);
      expect((await device.log.federation.value(CONSENT_OF[purpose].consent))?.[purpose]).toBe(false);
    },
  );

  test('sharing stopped while two rounds were asked for: the first is waited for though the second found it busy, and the server is told', async () => {
    await device.study(12);
    await device.agree();
    const { eligibility } = server.air;
    const meanwhile: Promise<unknown>[] = [];
    server.air.eligibility = async (...args) => {
      if (meanwhile.length === 0) {
        const second = round();
        meanwhile.push(
          second,
          second.then(() => device.sharing.withdraw('training')),
        );
        expect(await second).toEqual({ kind: 'busy' });
      }
      return eligibility(...args);
    };
    await round();
    await Promise.all(meanwhile);
    expect(await device.log.federation.value('consentUnsent')).toBe(false);
    expect((await device.log.federation.contributions()).filter((c) => c.status === 'withdrawing')).toEqual([]);
  });

  test('sharing stopped while another tab is at a round: the server is told once that has ended', async () => {
    await device.study(12);
    await device.agree();
    await round();
    let end = (): void => undefined;
    const elsewhere = device.exclusively(() => new Promise<void>((done) => (end = done)), false);
    const stopping = device.sharing.withdraw('training');
    await new Promise((next) => setTimeout(next));
    expect(await device.log.federation.value('consentUnsent')).toBe(true);
    end();
    await Promise.all([elsewhere, stopping]);
    expect(await device.log.federation.value('consentUnsent')).toBe(false);
    expect((await device.log.federation.contributions()).map((c) => c.status)).toEqual(['withdrawn']);
  });

  test('a bearer the server has forgotten is replaced once; a report it has forgotten is given up', async () => {
    await device.study(12);
    await device.agree();
    await round();
    const { receipt } = server.air;
    let isForgotten = true;
    server.air.receipt = async (...args) => {
      if (isForgotten) {
        isForgotten = false;
        throw new AirFault('final', 'bearer');
      }
      return receipt(...args);
    };
    expect(await round()).toMatchObject({ kind: 'done' });
    expect(server.state.enrolments).toBe(2);
    server.air.receipt = async () => {
      throw new AirFault('final', 'report');
    };
    expect(await round()).toMatchObject({ kind: 'done' });
    expect((await device.log.federation.contributions()).map((c) => c.status)).toEqual(['lost']);
  });

  test('erasure is asked for by the account’s key; the ledger stays, and the device must enrol anew', async () => {
    await device.study(12);
    await device.agree();
    await round();
    expect(await device.sharing.erase()).toBe('reference');
    expect((await device.log.federation.contributions()).map((c) => c.status)).toEqual(['withdrawn']);
    expect((await device.log.federation.value('account'))?.bearer).toBeNull();
    expect((await device.log.federation.value('consent'))?.training).toBe(false);
    server.state.isOnline = false;
    await expect(device.sharing.erase()).rejects.toMatchObject({ kind: 'offline' });
  });

  test('terms that changed while they were read are not agreed to', async () => {
    const proposal = await device.sharing.proposal('training');
    if (!proposal) throw new Error('nothing was proposed');
    server.state.config = { ...server.state.config, k: 400 };
    expect(await device.sharing.agree({ proposal, ageBand: '16+', text: 'text', language: 'ko' })).toBe(false);
    expect(await device.log.federation.value('consent')).toBeUndefined();
  });

  test('a trial’s demo settings are accepted by a trial build alone', async () => {
    server = newServer('demo');
    device = newDevice(server, true);
    await device.study(12);
    await device.agree();
    expect(await round()).toMatchObject({ kind: 'done' });
    const plain = newDevice(newServer('demo'), false);
    await plain.study(12);
    await expect(plain.agree()).rejects.toMatchObject({ reason: 'no-task' });
    expect(await plain.log.federation.value('consent')).toBeUndefined();
  });
});

const worse = () => Float32Array.from({ length: 1473 }, () => 0.5);

describe('what a device refuses, with what serves unchanged', () => {
  beforeEach(async () => {
    await device.agree();
    expect(await round()).toMatchObject({ kind: 'done' });
    expect(device.serving.map((m) => m.version)).toEqual([0]);
    server.state.release(worse());
  });
  const refused = async (rule: string) => {
    expect(await round()).toEqual({ kind: 'distrusted', rule });
    expect(device.serving.map((m) => m.version)).toEqual([0]);
    expect((await device.log.federation.value('serving'))?.version).toBe(0);
  };

  test('nothing, when all is in order: the new version serves', async () => {
    expect(await round()).toMatchObject({ kind: 'done' });
    expect(device.serving.map((m) => m.version)).toEqual([0, 1]);
  });
  test('R1: a release signed by another key', async () => {
    server.state.releaseSeed = seedOf(77);
    await refused('R1');
  });
  test('R2: a checkpoint the pinned helper did not cosign, or more than 30 days ago', async () => {
    server.state.cosignedS = NOW / 1000 - 31 * 86_400;
    await refused('R2');
    server.state.cosignedS = NOW / 1000;
    server.state.helperSeed = seedOf(66);
    await refused('R2');
  });
  test('R3: a log that was rewritten, or has become shorter', async () => {
    const [first] = server.state.entries;
    server.state.entries[0] = { ...first, at: 5 } as LogEntry;
    await refused('R3');
    server.state.entries[0] = first as LogEntry;
    server.state.entries.length = 2;
    server.state.models.length = 1;
    await refused('R3');
  });
  test('R4: a release that is not in the log', async () => {
    const model = server.state.models[1] as (typeof server.state.models)[0];
    model.release = { ...model.release, at: 3 };
    await refused('R4');
  });
  test('R5: a configuration changed behind the log’s back, or by other keys', async () => {
    server.state.config = { ...server.state.config, sigma: 9 };
    await refused('R5');
    server.state.config = { ...server.state.config, sigma: 4.25, leader: { ...server.state.config.leader, release_key: key(50) } };
    await refused('R5');
  });
  test('R6: weights with another hash, another length, or a number that is not finite', async () => {
    const model = server.state.models[1] as (typeof server.state.models)[0];
    const sound = model.weights;
    model.weights = sound.map((b, i) => (i === 100 ? b ^ 1 : b));
    await refused('R6');
    model.weights = sound.slice(0, -4);
    await refused('R6');
    server.state.models.pop();
    server.state.entries.pop();
    await device.log.federation.write([{ kind: 'value', key: 'tree', value: { size: 0, root: '' } }]);
    server.state.release(worse().fill(Number.NaN, 3, 4), { version: 1 });
    await refused('R6');
  });
  test('R7: a version that was taken back; and one in use that was taken back gives way even to a worse one', async () => {
    server.state.revoked = [1];
    await refused('R7');
    server.state.revoked = [0];
    Object.assign(device.verdict, { isKept: false, before: 0.55, after: 0.61 });
    expect(await round()).toMatchObject({ kind: 'done' });
    expect((await device.log.federation.value('serving'))?.version).toBe(1);
  });
  test('R8: a version worse on this learner’s own held-out answers is kept for training from, and never serves', async () => {
    Object.assign(device.verdict, { isKept: false, before: 0.55, after: 0.61 });
    expect(await round()).toMatchObject({ kind: 'done' });
    expect(device.serving.map((m) => m.version)).toEqual([0]);
    expect(await device.log.federation.value('latest')).toMatchObject({ version: 1, isUsed: false, lossBefore: 0.55, lossAfter: 0.61 });
    expect((await device.log.federation.value('serving'))?.version).toBe(0);
  });
});

describe('private statistics', () => {
  const STATISTICS_BYTES = 4 * 128 + 672;

  test('are a purpose of their own: agreed to alone they send a week and nothing of the model; both together keep two ledgers', async () => {
    await device.study(12);
    await device.agree('analytics');
    expect(await round()).toMatchObject({ kind: 'done', purposes: [{ purpose: 'analytics', abstained: null, k: 300 }] });
    expect(server.state.uploads.map((u) => u.bytes.length)).toEqual([STATISTICS_BYTES]);
    expect(parseReport(server.state.uploads[0]?.bytes ?? new Uint8Array())?.header).toMatchObject({
      kind: 'cohort-statistics',
      dim: 128,
      baseVersion: 0,
    });
    expect(device.serving).toEqual([]);
    await device.agree('training');
    await round();
    const rows = await device.log.federation.contributions();
    expect(rows.map((r) => [r.purpose, r.clipNorm, r.maxContributions])).toEqual([
      ['analytics', 1, 4],
      ['training', 0.1, 4],
    ]);
    expect(new Set(rows.map((r) => r.budget_family)).size).toBe(2);
  });

  test('the consent says what both promise together, and each keeps its own limit', async () => {
    const [training, analytics] = [await device.sharing.proposal('training'), await device.sharing.proposal('analytics')];
    expect(training?.capEpsilon).toBeCloseTo(2.984, 3);
    expect(analytics?.capEpsilon).toBeCloseTo(2.25, 2);
    expect(training?.togetherEpsilon).toBeCloseTo(3.88, 2);
    expect(analytics?.togetherEpsilon).toBe(training?.togetherEpsilon);
    server.state.weeks = null;
    expect(await device.sharing.proposal('analytics')).toBeNull();
    expect((await device.sharing.proposal('training'))?.togetherEpsilon).toBeNull();
  });

  test('stopping one deletes and takes back its own reports alone', async () => {
    await device.study(12);
    await device.agree('training');
    await device.agree('analytics');
    await round();
    const told: string[] = [];
    server.air.consent = async (body) =>
      void told.push(JSON.stringify((JSON.parse(new TextDecoder().decode(body)) as { purposes: object }).purposes));
    await device.sharing.withdraw('analytics');
    expect((await device.log.federation.contributions()).map((c) => [c.purpose, c.status])).toEqual([
      ['training', 'accepted'],
      ['analytics', 'withdrawn'],
    ]);
    expect(told).toEqual(['{"analytics":false}']);
    expect((await device.log.federation.value('consent'))?.training).toBe(true);
    expect(await round()).toMatchObject({ purposes: [{ purpose: 'training' }] });
  });

  test('an account’s four reports are spread over the year: the next follows thirteen slots after the last', async () => {
    await device.study(12);
    await device.agree('analytics');
    await round();
    server.state.receipt = { state: 'landed', t: 1, log_index: 4 };
    await device.study(12, 12);
    const { eligibility } = server.air;
    const at = async (slot: number) => {
      server.air.eligibility = async (...args) => ({ ...(await eligibility(...args)), slot });
      return round();
    };
    expect(await at(13)).toMatchObject({ purposes: [{ abstained: 'too-soon' }] });
    expect(await at(14)).toMatchObject({ purposes: [{ abstained: null }] });
  });

  test('what leaves is the learner’s week in the cells of the layout, and nothing else', async () => {
    server = newServer('demo');
    server.state.weeks = { ...(server.state.weeks as StatisticsConfig), kappa: 0 };
    server.state.entries[1] = { type: 'config', at: 1, config: server.state.weeks, config_hash: configHashHex(server.state.weeks) };
    device = newDevice(server, true);
    await device.study(12);
    await device.agree('analytics');
    await round();
    const parts = parseReport(server.state.uploads[0]?.bytes ?? new Uint8Array());
    if (!parts) throw new Error('no report was sent');
    const box = (n: number) => ({ secret: seedOf(n), public: tweetnacl.boxPublicKey(seedOf(n)) });
    const words = openLeaderBox(tweetnacl, parts.header, parts.leaderBox, box(8));
    const share = openHelperBox(tweetnacl, parts.helperBox, box(9));
    if (!words || !share) throw new Error('a box did not open');
    const mask = maskWords(tweetnacl, share.maskSeed, parts.header.taskId, parts.header.reportId, 128);
    const steps = new Int32Array(words.map((x, i) => (x - (mask[i] as number)) >>> 0).buffer);
    const cells = decodeCells(Float64Array.from(steps, (q) => q / 65_536)).map((x) => Number(x.toFixed(3)));
    expect(cells[0]).toBe(0.143);
    expect(cells[2]).toBe(0.024);
    expect([...cells.slice(4, 8)]).toEqual([1, 0, 0, 0]);
    expect(cells.slice(28, 38).reduce((a, b) => a + b)).toBeCloseTo(1, 2);
    // no A/B test, no topics of another pack, nothing past the last cell
    expect([...cells.slice(53, 103), ...cells.slice(116)].every((x) => x === 0)).toBe(true);
  });

  test('a test is joined in the arm the secret draws; its outcome is told once, in the first report after its time, and in no cell but its own', async () => {
    const DAY_MS = 86_400_000;
    server = newServer('demo');
    const arms = [5000, 5000].map((share, i) => ({ name: `arm ${i}`, share, explore_rate: 0.05 + i / 4 }));
    const change = (tests: StatisticsConfig['tests']) => {
      const weeks: StatisticsConfig = { ...sampleStatistics('demo'), ...server.state.weeks, kappa: 0, ...(tests ? { tests } : {}) };
      server.state.weeks = weeks;
      server.state.entries[1] = { type: 'config', at: 1, config: weeks, config_hash: configHashHex(weeks) };
    };
    change([{ id: 42, place: 1, goal: 'accuracy', arms, window_days: 14 }]);
    device = newDevice(server, true);
    const { federation } = device.log;
    await device.agree('analytics');
    expect(await testedExploreRate(federation)).toBeNull();
    await round();
    const [joined] = (await federation.value('tests')) ?? [];
    const secret = fromHex((await federation.value('account'))?.tagSecret ?? '');
    expect(joined).toMatchObject({ id: 42, arm: armOf(secret, { id: 42, arms }), isTold: false });
    expect(await testedExploreRate(federation)).toBe(arms[joined?.arm ?? 0]?.explore_rate);
    const cellsOf = (n: number) => {
      const parts = parseReport(server.state.uploads[n]?.bytes ?? new Uint8Array());
      const box = (seed: number) => ({ secret: seedOf(seed), public: tweetnacl.boxPublicKey(seedOf(seed)) });
      const words = parts && openLeaderBox(tweetnacl, parts.header, parts.leaderBox, box(8));
      const share = parts && openHelperBox(tweetnacl, parts.helperBox, box(9));
      if (!parts || !words || !share) throw new Error('a report did not open');
      const mask = maskWords(tweetnacl, share.maskSeed, parts.header.taskId, parts.header.reportId, 128);
      const steps = new Int32Array(words.map((x, i) => (x - (mask[i] as number)) >>> 0).buffer);
      return [...decodeCells(Float64Array.from(steps, (q) => q / 65_536)).map((x) => Number(x.toFixed(3)))].slice(53, 71);
    };
    const none = new Array(18).fill(0);
    await device.study(12);
    await round();
    expect(cellsOf(0)).toEqual(none);
    const { eligibility } = server.air;
    let slot = 1;
    server.air.eligibility = async (...args) => ({ ...(await eligibility(...args)), slot });
    const later = () => {
      server.state.receipt = { state: 'landed', t: slot++ };
      server.state.cosignedS += 15 * 86_400;
      device.wait(15 * DAY_MS);
    };
    later();
    await device.study(12, 12);
    await round();
    const own = 9 + 3 * (joined?.arm ?? 0);
    expect(cellsOf(1)).toEqual(none.map((x, i) => (i >= own && i < own + 3 ? 1 : x)));
    expect((await federation.value('tests'))?.[0]?.isTold).toBe(true);
    expect(await testedExploreRate(federation), 'what was told is not treated any more').toBeNull();
    // a device restored from the ledger alone joins, and tells nothing twice
    await federation.write([{ kind: 'value', key: 'tests', value: [] }]);
    later();
    await device.study(12, 24);
    await round();
    expect(cellsOf(2)).toEqual(none);
    later();
    await device.study(12, 36);
    await round();
    expect(cellsOf(3), 'a window after it joined anew').toEqual(none);
    await device.sharing.withdraw('analytics');
    expect(await testedExploreRate(federation)).toBeNull();
    expect(await federation.value('tests')).toEqual([]);
    await device.agree('analytics');
    server.state.weeks = { ...sampleStatistics('demo'), leader: server.state.config.leader, helper: server.state.config.helper };
    change(undefined);
    await device.log.federation.write([{ kind: 'value', key: 'tree', value: { size: 0, root: '' } }]);
    await round();
    expect(await federation.value('tests')).toEqual([]);
    expect(await testedExploreRate(federation)).toBeNull();
  });

  test('weeks without study are not told: the ten answers must be of the last seven days', async () => {
    await device.study(12);
    await device.agree('analytics');
    device.wait(8 * 86_400_000);
    expect(await round()).toMatchObject({ kind: 'done', purposes: [{ abstained: 'too-few-answers' }] });
    await device.study(10, 12);
    expect(await round()).toMatchObject({ kind: 'done', purposes: [{ abstained: null }] });
  });

  test('what is wrong with one purpose is said, and keeps the other from nothing', async () => {
    await device.study(12);
    await device.agree('training');
    await device.agree('analytics');
    server.state.config = { ...server.state.config, sigma: 9 };
    expect(await round()).toEqual({ kind: 'distrusted', rule: 'R5' });
    expect((await device.log.federation.contributions()).map((c) => [c.purpose, c.status])).toEqual([['analytics', 'accepted']]);
  });
});
