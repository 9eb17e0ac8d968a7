import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { secureRng } from '../crypto/secure-rng.ts';
import { newVault } from '../crypto/vault.ts';
import { newApp } from '../http/app.ts';
import { listen, portOf } from '../http/listen.ts';
import { admitEverybody } from '../http/tracking-admission.ts';
import { isTrackingPath, trackingDoor } from '../http/tracking-door.ts';
import { type Log, newLog } from '../observability/log.ts';
import { type Metrics, newMetrics } from '../observability/metrics.ts';
import { Refusal } from '../ports/fault.ts';
import { openDatabase } from '../storage/database.ts';
import { fileBlobs } from '../storage/file-blobs.ts';
import { plainTree } from '../storage/plain-tree.ts';
import { newDeliver } from '../tracking/deliver.ts';
import { sendDue } from '../tracking/deliveries.ts';
import { newTracking } from '../tracking/handlers.ts';
import { below } from '../tracking/locations.ts';
import { type TrackingPorts, USUAL_BOUNDS } from '../tracking/tracking.ts';
import { isTestMode, needed, paths, report, stopInOrder, wantedPort } from './environment.ts';
import { nowAndThen } from './tracking-api.ts';

/** The version of MLflow whose protocol this speaks. */
export const MLFLOW_VERSION = '3.14.0';

const env = process.env;

/** Where the files of test mode lie, and what the default location is told as. */
function testPlaces(): { readonly root: string; readonly plainFolder: string } {
  const destination = env['EG_ARTIFACTS_DESTINATION'] || 'mlartifacts';
  const plainFolder = destination.startsWith('file:') ? fileURLToPath(destination) : resolve(destination);
  return { root: env['EG_ARTIFACT_ROOT'] || 'mlflow-artifacts:/', plainFolder };
}

/** The database of one test, and the API on it. */
async function openTracking(schema: string, log: Log, metrics: Metrics) {
  const where = paths();
  const places = testPlaces();
  const db = await openDatabase(needed('DATABASE_URL'), where.migrations('migrations'), false, schema);
  await db.query("UPDATE experiments SET artifact_location = $1 WHERE experiment_id = 0 AND artifact_location = 'mlflow-artifacts:/0'", [
    below(places.root, '0'),
  ]);
  const ports: TrackingPorts = {
    db,
    now: Date.now,
    rng: secureRng(),
    blobs: fileBlobs(resolve(where.data, 'blobs')),
    places,
    vault: newVault(randomBytes(32)),
    limits: USUAL_BOUNDS,
  };
  const deliver = newDeliver(true, () => Math.floor(Date.now() / 1000));
  const stopSending = nowAndThen(
    () => sendDue(ports, deliver),
    200,
    (fault) => log.warn({ err: fault }, 'webhooks could not be sent'),
  );
  const tracking = newTracking(ports, deliver, plainTree);
  const door = trackingDoor({ tracking, admit: admitEverybody, log, metrics, isDraining: () => false });
  return { db, door, stopSending };
}

/**
 * The tracking server alone, for conformance tests: no sign-in, loopback only, a schema of its own, artifacts under plain paths. It answers
 * `/health` at once; what needs the database waits for it.
 *
 * @throws Error with one plain sentence if it is not test mode
 */
export async function runTracking(): Promise<void> {
  if (!isTestMode() || env['NODE_ENV'] === 'production')
    throw new Error('The role "tracking" has no sign-in: it runs with EG_TEST_MODE=1 alone, and never with NODE_ENV=production.');
  const host = env['HOST'] || '127.0.0.1';
  if (!['127.0.0.1', 'localhost', '::1'].includes(host)) throw new Error(`In test mode HOST must be a loopback address, got "${host}".`);
  const schema = env['EG_TEST_SCHEMA'] || 'public';
  if (!/^[A-Za-z_][\w-]{0,62}$/.test(schema)) throw new Error(`EG_TEST_SCHEMA must be a plain name, got "${schema}".`);
  const where = paths();
  const log = newLog(env['LOG_LEVEL'] ?? 'warn');
  const metrics = newMetrics(() => 0);
  const opened = openTracking(schema, log, metrics);
  const app = newApp({
    clientDir: where.client,
    version: MLFLOW_VERSION,
    ping: async () => (await opened).db.ping(),
    isDraining: () => false,
    metrics,
    log,
    routes: [],
    docsDir: where.apiDocs,
    gatekeeper: () => Promise.reject(new Refusal(404, 'not-found', 'Nothing is here.')),
    tracking: (request, response) => {
      if (!isTrackingPath(request.url ?? '')) return false;
      opened.then(({ door }) => door(request, response)).catch(() => response.destroy());
      return true;
    },
    trustedProxies: null,
  });
  const server = await listen(app, host, wantedPort('PORT', 5000));
  const { db, stopSending } = await opened;
  stopInOrder(
    () => undefined,
    [server],
    async () => {
      await stopSending();
      await db.close();
    },
  );
  report({ ready: 'tracking', port: portOf(server) });
}
