import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRng } from '#shared/maths/rng.ts';
import { type TrackingClient, trackingClient } from '#shared/tracking/client.ts';
import { newVault } from '../crypto/vault.ts';
import { newApp } from '../http/app.ts';
import { listen, portOf } from '../http/listen.ts';
import { admitEverybody } from '../http/tracking-admission.ts';
import { type Admit, trackingDoor } from '../http/tracking-door.ts';
import { newLog } from '../observability/log.ts';
import { newMetrics } from '../observability/metrics.ts';
import { createDatabase, type OpenDatabase, openDatabase } from '../storage/database.ts';
import { fileBlobs } from '../storage/file-blobs.ts';
import { plainTree } from '../storage/plain-tree.ts';
import { type Deliver, newDeliver } from './deliver.ts';
import { newTracking, type Tracking } from './handlers.ts';
import type { TrackingPorts } from './tracking.ts';

/** A tracking server of a test's own. */
export interface TestTracking {
  readonly base: string;
  readonly client: TrackingClient;
  readonly db: OpenDatabase;
  readonly ports: TrackingPorts;
  readonly tracking: Tracking;
  readonly clock: { now: number };
  /** Its folder: artifacts, and whatever a test puts there. */
  readonly folder: string;
  close(): Promise<void>;
}

/** What a test may choose. */
export interface TrackingShape {
  readonly name: string;
  /** Files under plain paths, and local locations. */
  readonly isTestMode?: boolean;
  readonly admit?: (db: OpenDatabase) => Admit;
  readonly deliver?: Deliver;
}

const clusterUrl = (name: string): string => (process.env['EG_TEST_DATABASE'] ?? '').replace('%', name);

/** A client over fetch. @param headers of every request, such as a token */
export function clientOf(base: string, headers: Readonly<Record<string, string>> = {}): TrackingClient {
  return trackingClient({
    async send({ method, path, body }) {
      const response = await fetch(base + path, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        ...(body === undefined ? {} : { body }),
      });
      const after = response.headers.get('retry-after');
      return { status: response.status, text: await response.text(), retryAfterS: after === null ? null : Number(after) };
    },
    waitMs: () => Promise.resolve(),
  });
}

/** A fresh database, and the API on a port of its own. */
export async function newTestTracking({ name, isTestMode = false, admit, deliver }: TrackingShape): Promise<TestTracking> {
  await createDatabase(clusterUrl('postgres'), name);
  const db = await openDatabase(clusterUrl(name), 'sync-server/storage/migrations', false);
  const folder = mkdtempSync(join(tmpdir(), 'examsgraph-tracking-'));
  const clock = { now: 1_700_000_000_000 };
  const ports: TrackingPorts = {
    db,
    now: () => clock.now,
    rng: seededRng(3),
    blobs: fileBlobs(join(folder, 'blobs')),
    places: { root: 'mlflow-artifacts:/', plainFolder: isTestMode ? join(folder, 'plain') : null },
    vault: newVault(new Uint8Array(32).fill(7)),
    // so small a window that searches find their page within it, just past it, and far past it
    limits: { batch: 200, window: 20, rare: 3 },
  };
  const sender = deliver ?? newDeliver(isTestMode, () => Math.floor(clock.now / 1000));
  const tracking = newTracking(ports, sender, isTestMode ? plainTree : null);
  const log = newLog('silent');
  const metrics = newMetrics(() => 0);
  const isDraining = () => false;
  const app = newApp({
    clientDir: '.',
    version: '3.14.0',
    ping: db.ping,
    isDraining,
    metrics,
    log,
    routes: [],
    docsDir: 'sync-server/http/api-docs',
    gatekeeper: () => Promise.reject(new Error('no routes')),
    tracking: trackingDoor({ tracking, admit: admit?.(db) ?? admitEverybody, log, metrics, isDraining }),
    trustedProxies: null,
  });
  const server: Server = await listen(app, '127.0.0.1', { name: 'PORT', port: 0, isExplicit: true });
  const base = `http://127.0.0.1:${portOf(server)}`;
  return {
    base,
    client: clientOf(base),
    db,
    ports,
    tracking,
    clock,
    folder,
    async close() {
      await new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      });
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
