import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RevenueAssumptions } from '#models/forecast/revenue.ts';
import { weightsFromBytes } from '#models/learner.ts';
import {
  configHash,
  type InstallationFields,
  isPreset,
  type ModelFields,
  type PresetName,
  presetConfig,
  STATISTICS_PRESETS,
  type StatisticsConfig,
  statisticsConfig,
} from '#shared/aggregation/config.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { watchedFigures } from '../analytics/cohort-figures.ts';
import { logWeek } from '../analytics/forecasts.ts';
import { readReleases } from '../analytics/releases.ts';
import { fastPrimitives } from '../crypto/fast-primitives.ts';
import { secureRng } from '../crypto/secure-rng.ts';
import { helperClient } from '../federation/helper-client.ts';
import { HOLD_OUT_VERSION, publicHoldOut } from '../federation/hold-out.ts';
import type { HoldOut, LeaderPorts } from '../federation/leader.ts';
import { seed, seedStatistics } from '../federation/seed.ts';
import { work } from '../federation/work.ts';
import { setupCode } from '../governance/staff.ts';
import { openLog } from '../governance/transparency-log.ts';
import { proposalMessage } from '../helper/approve-config.ts';
import { newApp, newMetricsApp } from '../http/app.ts';
import { newEventHub } from '../http/events.ts';
import { federationRoutes } from '../http/federation-routes.ts';
import { newGatekeeper } from '../http/gatekeeper.ts';
import { newLimits } from '../http/limits.ts';
import { listen, portOf } from '../http/listen.ts';
import { keepAssets } from '../http/old-assets.ts';
import { staffRoutes } from '../http/staff-routes.ts';
import { newLog } from '../observability/log.ts';
import { newMetrics } from '../observability/metrics.ts';
import { contributeSome } from '../simulation/contribute-some.ts';
import { openDatabase } from '../storage/database.ts';
import { secretKeys } from '../storage/keys.ts';
import { logMinute, QUARTER } from '../tracking/monitoring.ts';
import { systemRuns } from '../tracking/system-runs.ts';
import { crashPoints, isTestMode, needed, paths, processClock, report, stopInOrder, wantedPort } from './environment.ts';
import { leaderTestRoutes } from './test-routes.ts';
import { MLFLOW_VERSION } from './tracking.ts';
import { blobsOf, nowAndThen, trackingOf } from './tracking-api.ts';

const ROUND_EVERY_MS = 5000;
const MINUTE_MS = 60_000;

/** The preset asked for. @throws Error naming the offered ones */
export function presetFromEnvironment(): PresetName {
  const name = process.env['EG_PRESET'] || 'demo';
  if (!isPreset(name)) throw new Error(`EG_PRESET "${name}" is unknown: demo, pilot, production or production-large.`);
  return name;
}

/** What whoever runs the service believes of revenue: a price a month and the share of learners who pay, `low-high`; null unless both are given. */
function assumptionsFromEnvironment(): RevenueAssumptions | null {
  const [price, conversion] = [process.env['EG_PREMIUM_PRICE'], process.env['EG_PREMIUM_CONVERSION']];
  if (!price || !conversion) return null;
  const [low, high] = conversion.split('-').map(Number) as [number, number?];
  const assumed = { price: Number(price), conversion: [low, high ?? low] as const };
  if (!(assumed.price >= 0 && low >= 0 && assumed.conversion[1] >= low && assumed.conversion[1] <= 1))
    throw new Error('EG_PREMIUM_PRICE must be an amount and EG_PREMIUM_CONVERSION a share such as 0.02-0.05.');
  return assumed;
}

/** Rounds of work one after the other: woken by what arrives, and every few seconds by the clock. */
function worker(round: () => Promise<unknown>, onFault: (fault: unknown) => void) {
  let isRunning = false;
  let isWanted = false;
  let ended: Promise<void> = Promise.resolve();
  const run = async () => {
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await round().catch(onFault);
    }
    isRunning = false;
  };
  const wake = () => {
    isWanted = true;
    if (!isRunning) ended = run();
  };
  const timer = setInterval(wake, ROUND_EVERY_MS);
  return {
    wake,
    async stop() {
      clearInterval(timer);
      isWanted = false;
      await ended;
    },
  };
}

/** The leader: takes reports, releases noised sums, makes and serves models, keeps the log. */
export async function runLeader(): Promise<void> {
  const where = paths();
  const preset = presetFromEnvironment();
  const crypto = await fastPrimitives();
  const keys = secretKeys(join(where.data, 'leader-keys.json'), ['box', 'sign', 'release']);
  const log = newLog(process.env['LOG_LEVEL'] ?? 'warn');
  const db = await openDatabase(needed('DATABASE_URL'), where.migrations('migrations'), !isTestMode());
  const { now, routes: testRoutes } = processClock();
  const rng = secureRng();
  const helper = helperClient(needed('HELPER_URL'));
  const transparency = openLog(db, crypto, now, keys.sign, { size: helper.witnessedSize, cosign: helper.witness });
  const events = newEventHub();
  const version = process.env['EG_VERSION'] ?? '0.1.0';
  let holdOut: HoldOut | null = null;
  const leader: LeaderPorts = {
    db,
    crypto,
    now,
    rng,
    box: { secret: keys.box, public: crypto.boxPublicKey(keys.box) },
    signSeed: keys.sign,
    releaseSeed: keys.release,
    log: transparency,
    runs: systemRuns(rng, `examsgraph@${version}`),
    approve: (config) => helper.approve(config, toHex(crypto.sign(proposalMessage(configHash(config)), keys.sign))),
    askHelper: helper.askFlush,
    holdOut: () => {
      holdOut ??= publicHoldOut();
      return holdOut;
    },
    warn: (message) => log.warn(message),
    reach: crashPoints(),
    tell: events.tell,
  };
  const plan = {
    model: (fields: ModelFields) => presetConfig(preset, fields),
    statistics: (fields: InstallationFields) => statisticsConfig(preset, fields),
    operator: process.env['LEADER_OPERATOR'] ?? 'examsgraph.local',
    start: weightsFromBytes(readFileSync(where.startModel)),
    holdOutVersion: HOLD_OUT_VERSION,
    helper: pick(await helper.info()),
  };
  const config = await seed(leader, plan);
  /** The statistics task, once the helper has agreed to it; one of an earlier version may refuse, and the model does not wait for it. */
  let statistics: StatisticsConfig | null = null;
  const gatherStatistics = async () => {
    if (statistics || !STATISTICS_PRESETS[preset]) return;
    statistics = await seedStatistics(leader, plan).catch((fault: unknown) => {
      log.warn({ err: fault }, 'no statistics are gathered: the helper has not agreed');
      return null;
    });
  };
  await gatherStatistics();
  const statisticsTask = () => (statistics ? fromHex(statistics.task_id) : null);
  const round = async () => {
    // First the helper is shown what the log holds: one that was restored must notice before it answers again.
    await transparency.publish();
    await gatherStatistics();
    await work(leader);
    await readReleases(leader);
    await transparency.publish();
  };
  await transparency.publish().catch((fault: unknown) => log.warn({ err: fault }, 'the log could not be cosigned yet'));
  const jobs = worker(round, (fault) => log.error({ err: fault }, 'a round of work failed'));
  let isDraining = false;
  const metrics = newMetrics(db.waiting);
  const assumed = assumptionsFromEnvironment();
  let hasShown = false;
  const stopMonitoring = nowAndThen(
    async () => {
      const at = now();
      // Private figures change with a slot, hours apart at the least: they are read when the store's are.
      const isQuarter = Math.floor(at / MINUTE_MS) % QUARTER === 0;
      const watched = isQuarter || !hasShown ? await watchedFigures(db, at, statisticsTask()) : {};
      if (isQuarter || !hasShown) metrics.show(watched);
      hasShown = true;
      await logMinute(db, leader.runs, { at, release: version, uptime: process.uptime(), figures: { ...metrics.minute(), ...watched } });
      await logWeek(db, leader.runs, { at, assumed, statisticsTask: statisticsTask() });
    },
    MINUTE_MS,
    (fault) => log.warn({ err: fault }, 'a minute could not be logged'),
  );
  const isTrial = preset === 'demo';
  const origin = process.env['EG_PUBLIC_ORIGIN'] || null;
  const limits = newLimits(isTestMode());
  const staff = { db, now, rng };
  const enrolment = { db, crypto, now, rng };
  let own = '';
  const simulate = async () => {
    const devices = await contributeSome({ leader: own, crypto, rng }, config.k - 1);
    jobs.wake();
    return { devices };
  };
  const tracking = trackingOf({
    db,
    now,
    rng,
    blobs: await blobsOf(join(where.data, 'blobs')),
    secret: keys.box,
    staff,
    origin,
    log,
    metrics,
    isDraining: () => isDraining,
  });
  const oldAssetsDir = join(where.data, 'assets');
  keepAssets(where.client, oldAssetsDir, now());
  const app = newApp({
    clientDir: where.client,
    oldAssetsDir,
    version: MLFLOW_VERSION,
    ping: db.ping,
    isDraining: () => isDraining,
    metrics,
    log,
    routes: [
      ...federationRoutes({ leader, enrolment, log: transparency, events, limits, wake: jobs.wake }),
      ...staffRoutes({
        staff,
        leader,
        limits,
        isTrial,
        origin,
        isSimulated: existsSync(join(where.data, 'simulated')),
        preset,
        helperReachable: helper.isReachable,
        simulate: isTrial ? simulate : null,
        publish: () => transparency.publish(),
        statisticsTask,
      }),
      ...testRoutes,
      ...(isTestMode() ? leaderTestRoutes(leader, round) : []),
    ],
    gatekeeper: newGatekeeper(enrolment, staff, origin),
    tracking: tracking.door,
    docsDir: where.apiDocs,
    trustedProxies: process.env['EG_TRUSTED_PROXIES'] || null,
  });
  const server = await listen(app, process.env['HOST'] ?? '127.0.0.1', wantedPort('PORT', 3000));
  own = `http://127.0.0.1:${portOf(server)}`;
  const metricsServer = await listen(newMetricsApp(metrics), '127.0.0.1', wantedPort('METRICS_PORT', 9464));
  stopInOrder(
    () => {
      isDraining = true;
      events.close();
    },
    [server, metricsServer],
    async () => {
      await tracking.stop();
      await jobs.stop();
      await stopMonitoring();
      await db.close();
    },
  );
  jobs.wake();
  report({ ready: 'leader', port: portOf(server), metricsPort: portOf(metricsServer), code: await setupCode(staff), k: config.k });
}

function pick({ operator, identity, box_key, sign_key }: Awaited<ReturnType<ReturnType<typeof helperClient>['info']>>) {
  return { operator, identity, box_key, sign_key };
}
