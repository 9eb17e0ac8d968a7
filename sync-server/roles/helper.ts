import { join } from 'node:path';
import { fromHex } from '#shared/domain/bytes.ts';
import { fastPrimitives } from '../crypto/fast-primitives.ts';
import { secureRng } from '../crypto/secure-rng.ts';
import { newMetricsApp } from '../http/app.ts';
import { newHelperApp } from '../http/helper-app.ts';
import { listen, portOf } from '../http/listen.ts';
import { newLog } from '../observability/log.ts';
import { newMetrics } from '../observability/metrics.ts';
import { openDatabase } from '../storage/database.ts';
import { secretKeys } from '../storage/keys.ts';
import { crashPoints, isTestMode, needed, paths, processClock, report, stopInOrder, wantedPort } from './environment.ts';

const FLOOR = { demo: 5, pilot: 50, production: 100 } as const;

function floorFromEnvironment(): number {
  const text = process.env['HELPER_FLOOR'];
  if (text) {
    const floor = Number(text);
    if (!(Number.isInteger(floor) && floor >= 2)) throw new Error(`HELPER_FLOOR must be a whole number of at least 2, got "${text}".`);
    return floor;
  }
  return process.env['ALLOW_DEMO'] === '1' ? FLOOR.demo : process.env['EG_PRESET'] === 'pilot' ? FLOOR.pilot : FLOOR.production;
}

/** The helper: its own process, keys and database; it adds the noise and holds the limits. */
export async function runHelper(): Promise<void> {
  const where = paths();
  const crypto = await fastPrimitives();
  const keys = secretKeys(join(where.data, 'helper-keys.json'), ['box', 'sign']);
  const log = newLog(process.env['LOG_LEVEL'] ?? 'warn');
  const db = await openDatabase(needed('HELPER_DATABASE_URL'), where.migrations('migrations-helper'), !isTestMode());
  const { now, routes } = processClock();
  const ports = {
    db,
    crypto,
    now,
    rng: secureRng(),
    box: { secret: keys.box, public: crypto.boxPublicKey(keys.box) },
    signSeed: keys.sign,
    leaderKey: fromHex(needed('EG_LEADER_KEY')),
    floor: floorFromEnvironment(),
    allowsDemo: process.env['ALLOW_DEMO'] === '1',
    operator: process.env['HELPER_OPERATOR'] ?? 'examsgraph.local',
    reach: crashPoints(),
  };
  const server = await listen(newHelperApp(ports, log, routes), process.env['HOST'] ?? '127.0.0.1', wantedPort('HELPER_PORT', 3001));
  const metricsServer = await listen(newMetricsApp(newMetrics(db.waiting)), '127.0.0.1', wantedPort('HELPER_METRICS_PORT', 9465));
  stopInOrder(
    () => undefined,
    [server, metricsServer],
    () => db.close(),
  );
  report({ ready: 'helper', port: portOf(server) });
}
