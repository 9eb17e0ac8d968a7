import { createHmac } from 'node:crypto';
import type { Rng } from '#shared/maths/rng.ts';
import { newVault } from '../crypto/vault.ts';
import type { StaffPorts } from '../governance/sessions.ts';
import { newAdmission } from '../http/tracking-admission.ts';
import { type Door, trackingDoor } from '../http/tracking-door.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Database } from '../ports/database.ts';
import { fileBlobs } from '../storage/file-blobs.ts';
import { newDeliver } from '../tracking/deliver.ts';
import { sendDue } from '../tracking/deliveries.ts';
import { newTracking } from '../tracking/handlers.ts';
import { forgetKeys } from '../tracking/idempotency.ts';
import { makePartitions } from '../tracking/partitions.ts';
import { type TrackingPorts, USUAL_BOUNDS } from '../tracking/tracking.ts';

/** What the leader gives its tracking API. */
export interface TrackingParts {
  readonly db: Database;
  readonly now: () => number;
  readonly rng: Rng;
  readonly blobs: BlobStore;
  /** A secret of the server, which the key of webhooks' secrets is derived from. */
  readonly secret: Uint8Array;
  readonly staff: StaffPorts;
  readonly origin: string | null;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
}

const SEND_EVERY_MS = 2000;
const DAY_MS = 86_400_000;
const PER_MINUTE = 6000;

/** Runs a round now and then, one at a time. @returns stops it; resolves once the round at work, if any, has ended */
export function nowAndThen(round: () => Promise<unknown>, everyMs: number, onFault: (fault: unknown) => void): () => Promise<void> {
  let current: Promise<void> | null = null;
  const timer = setInterval(() => {
    current ??= round()
      .then(() => undefined, onFault)
      .finally(() => {
        current = null;
      });
  }, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await current;
  };
}

/** Where artifacts' bytes lie: in the bucket of `EG_S3_BUCKET`, else on this disk. @param folder for them, or for those on their way to the bucket */
export async function blobsOf(folder: string): Promise<BlobStore> {
  const name = process.env['EG_S3_BUCKET'];
  if (!name) return fileBlobs(folder);
  const { s3Blobs } = await import('../storage/s3-blobs.ts');
  const endpoint = process.env['EG_S3_ENDPOINT'];
  return s3Blobs({ name, region: process.env['EG_S3_REGION'] || 'us-east-1', ...(endpoint ? { endpoint } : {}) }, `${folder}/coming`);
}

const numberOf = (name: string, usual: number): number => {
  const value = Number(process.env[name] || usual);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0, got "${process.env[name]}".`);
  return value;
};

/** The tracking API of a production server: its door, and the sender of webhooks beside it. */
export function trackingOf(parts: TrackingParts): { readonly door: Door; stop(): Promise<void> } {
  const { db, now, rng, blobs, secret, staff, origin, log, metrics, isDraining } = parts;
  const ports: TrackingPorts = {
    db,
    now,
    rng,
    blobs,
    places: { root: 'mlflow-artifacts:/', plainFolder: null },
    vault: newVault(createHmac('sha256', secret).update('examsgraph/v1/webhook-secrets').digest()),
    limits: USUAL_BOUNDS,
  };
  const deliver = newDeliver(false, () => Math.floor(now() / 1000));
  const rules = {
    origin,
    hosts: (process.env['EG_ALLOWED_HOSTS'] ?? '')
      .split(',')
      .map((h) => h.trim().toLowerCase())
      .filter((h) => h !== ''),
    perMinute: numberOf('EG_TRACKING_RATE', PER_MINUTE),
  };
  const tidy = async () => {
    await makePartitions(db, now());
    await forgetKeys(db, now());
  };
  const failed = (fault: unknown) => log.warn({ err: fault }, 'the daily tidying failed');
  const stopTidying = nowAndThen(tidy, DAY_MS, failed);
  tidy().catch(failed);
  const stopSending = nowAndThen(
    () => sendDue(ports, deliver),
    SEND_EVERY_MS,
    (fault) => log.warn({ err: fault }, 'webhooks could not be sent'),
  );
  return {
    door: trackingDoor({ tracking: newTracking(ports, deliver, null), admit: newAdmission(staff, rules), log, metrics, isDraining }),
    async stop() {
      await stopTidying();
      await stopSending();
    },
  };
}
