import { readFileSync } from 'node:fs';
import { weightsFromBytes } from '#models/learner.ts';
import {
  configHash,
  type InstallationFields,
  type ModelConfig,
  type ModelFields,
  presetConfig,
  type StatisticsConfig,
  statisticsConfig,
} from '#shared/aggregation/config.ts';
import { makeContribution, randomBytes } from '#shared/aggregation/contribution.ts';
import { makeEnrolment } from '#shared/aggregation/enrolment.ts';
import { NO_BASE } from '#shared/aggregation/header.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { fastPrimitives } from '../crypto/fast-primitives.ts';
import { openLog } from '../governance/transparency-log.ts';
import { answerFlush } from '../helper/answer-flush.ts';
import { approveConfig, proposalMessage } from '../helper/approve-config.ts';
import { type HelperPorts, helperIdentity } from '../helper/helper.ts';
import { cosignedSize, witness } from '../helper/witness.ts';
import { Refusal } from '../ports/fault.ts';
import { createDatabase, type OpenDatabase, openDatabase } from '../storage/database.ts';
import { systemRuns } from '../tracking/system-runs.ts';
import { enrol, newChallenge } from './enrolment.ts';
import type { LeaderPorts } from './leader.ts';
import { receiveReport } from './reports.ts';
import { type SeedPlan, seed, seedStatistics } from './seed.ts';

/** Connection string of a database of the test cluster. */
export const clusterUrl = (name: string): string => (process.env['EG_TEST_DATABASE'] ?? '').replace('%', name);

/** Leader and helper in one process, each with its own database, on a clock that only the test moves. */
export interface TestInstallation {
  readonly leader: LeaderPorts;
  readonly helper: HelperPorts;
  readonly log: ReturnType<typeof openLog>;
  readonly config: ModelConfig;
  readonly taskId: Uint8Array;
  readonly clock: { now: number };
  readonly databases: readonly [OpenDatabase, OpenDatabase];
  /** Enrol an account with one device. */
  newAccount(): Promise<TestAccount>;
  /** The bytes of a report of a week, encoded. */
  week(account: TestAccount, vector: Float32Array): Uint8Array;
  readonly statistics: StatisticsConfig;
  readonly plan: SeedPlan;
  /** The bytes of a report; `delta` in weight units, zeros if left out. */
  report(account: TestAccount, delta?: Float32Array): Uint8Array;
  put(bytes: Uint8Array): ReturnType<typeof receiveReport>;
  close(): Promise<void>;
}

/** Secrets and bearer of an enrolled device. */
export interface TestAccount {
  readonly accountSeed: Uint8Array;
  readonly deviceSeed: Uint8Array;
  readonly tagSecret: Uint8Array;
  readonly bearer: string;
}

/** Id of a report, from its bytes. */
export const reportIdOf = (bytes: Uint8Array): Uint8Array => bytes.slice(24, 40);

/** What a test may choose. */
export interface TestShape {
  readonly name: string;
  readonly change?: Partial<ModelConfig>;
  /** Of the statistics task. */
  readonly weeks?: Partial<StatisticsConfig>;
  readonly reach?: (point: string) => void;
  readonly floor?: number;
}

const start = weightsFromBytes(new Uint8Array(readFileSync('public/models/start.bin')));
const holdOut = { x: new Float32Array(28 * 500), y: Float32Array.from({ length: 500 }, (_, i) => i % 2) };

/** An installation of preset `demo`, changed as asked, seeded and with its first checkpoint. */
export async function newTestInstallation({
  name,
  change = {},
  weeks = {},
  reach = () => undefined,
  floor = 2,
}: TestShape): Promise<TestInstallation> {
  const crypto = await fastPrimitives();
  const rng = seededRng(7);
  const clock = { now: 1_700_000_000_000 };
  const open = async (suffix: string, migrations: string) => {
    await createDatabase(clusterUrl('postgres'), `${name}_${suffix}`);
    return openDatabase(clusterUrl(`${name}_${suffix}`), `sync-server/storage/${migrations}`, false);
  };
  const [db, helperDb] = await Promise.all([open('leader', 'migrations'), open('helper', 'migrations-helper')]);
  const seeds = Array.from({ length: 5 }, (_, i) => new Uint8Array(32).fill(i + 1));
  const [box, signSeed, releaseSeed, helperBox, helperSign] = seeds as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const helper: HelperPorts = {
    db: helperDb,
    crypto,
    now: () => clock.now,
    rng: seededRng(11),
    box: { secret: helperBox, public: crypto.boxPublicKey(helperBox) },
    signSeed: helperSign,
    leaderKey: crypto.signPublicKey(signSeed),
    floor,
    allowsDemo: true,
    operator: 'test',
    reach,
  };
  const log = openLog(db, crypto, () => clock.now, signSeed, {
    size: () => cosignedSize(helper),
    cosign: (note, from, entries) => witness(helper, note, from, entries),
  });
  const leader: LeaderPorts = {
    db,
    crypto,
    now: () => clock.now,
    rng,
    box: { secret: box, public: crypto.boxPublicKey(box) },
    signSeed,
    releaseSeed,
    log,
    runs: systemRuns(rng, 'examsgraph@test'),
    approve: (wanted) => approveConfig(helper, wanted, crypto.sign(proposalMessage(configHash(wanted)), signSeed)),
    async askHelper(task, t, request) {
      try {
        return { kind: 'answered', response: await answerFlush(helper, task, t, request) };
      } catch (fault) {
        if (!(fault instanceof Refusal)) throw fault;
        return { kind: 'refused', reason: fault.kind, ids: (fault.details['ids'] as string[] | undefined) ?? [], response: null };
      }
    },
    holdOut: () => holdOut,
    warn: () => undefined,
    reach,
    tell: () => undefined,
  };
  const plan: SeedPlan = {
    model: (fields: ModelFields) => ({ ...presetConfig('demo', fields), ...change }),
    statistics: (fields: InstallationFields) => {
      const own = statisticsConfig('demo', fields);
      return own && { ...own, ...weeks };
    },
    operator: 'test',
    start,
    holdOutVersion: 'test',
    helper: {
      operator: 'test',
      identity: toHex(await helperIdentity(helper)),
      box_key: toHex(helper.box.public),
      sign_key: toHex(crypto.signPublicKey(helperSign)),
    },
  };
  const config = await seed(leader, plan);
  const statistics = await seedStatistics(leader, plan);
  await log.publish();
  if (!statistics) throw new Error('a trial has a statistics task');
  const taskId = fromHex(config.task_id);
  const baseHash = sha256(
    (await db.query<{ weights: Buffer }>('SELECT weights FROM models WHERE version = 0'))[0]?.weights.subarray(4 * config.dim) ??
      Buffer.alloc(0),
  );
  return {
    leader,
    helper,
    log,
    config,
    taskId,
    clock,
    databases: [db, helperDb],
    async newAccount() {
      const [accountSeed, deviceSeed, tagSecret] = [randomBytes(32, rng), randomBytes(32, rng), randomBytes(32, rng)];
      const challenge = await newChallenge(leader);
      const { bearer } = await enrol(leader, makeEnrolment(crypto, accountSeed, deviceSeed, challenge));
      return { accountSeed, deviceSeed, tagSecret, bearer };
    },
    report(account, delta = new Float32Array(config.dim)) {
      return makeContribution(
        crypto,
        { config, base: { version: 0, sha256: baseHash }, promoted: 0, slot: 1, secrets: account },
        delta,
        rng,
      ).bytes;
    },
    statistics,
    plan,
    week: (account, vector) =>
      makeContribution(crypto, { config: statistics, base: NO_BASE, promoted: 0, slot: 1, secrets: account }, vector, rng).bytes,
    put: (bytes) => receiveReport(leader, reportIdOf(bytes), bytes),
    async close() {
      await db.close();
      await helperDb.close();
    },
  };
}
