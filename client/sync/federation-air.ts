import * as z from 'zod/mini';
import { AirFault, type FederationAir } from '#client/ports/federation-air.ts';
import { type ModelRelease, readEntry } from '#shared/aggregation/log-entry.ts';
import { fromHex } from '#shared/domain/bytes.ts';

const BASE = '/api/sync/v1';
const TIMEOUT_MS = 30_000;

const proven = { log_index: z.number(), checkpoint: z.string(), proof: z.array(z.string()) };
const offerSchema = z.object({
  now: z.number(),
  tasks: z.array(z.object({ config: z.unknown(), helper_signature: z.string(), logged_at: z.number(), waiting: z.number(), ...proven })),
});
const modelSchema = z.object({ release: z.unknown(), signature: z.string(), revoked: z.array(z.number()), ...proven });
const eligibilitySchema = z.object({ eligible: z.boolean(), reason: z.nullable(z.string()), slot: z.number(), version: z.number() });
const receiptSchema = z.object({
  receipt: z.object({
    report_id: z.string(),
    task_id: z.string(),
    state: z.enum(['held', 'frozen', 'landed', 'withdrawn', 'expired', 'rejected', 'lost', 'erased']),
    reason: z.nullable(z.string()),
    t: z.nullable(z.number()),
    log_index: z.nullable(z.number()),
    version: z.nullable(z.number()),
    version_status: z.nullable(z.string()),
    at: z.number(),
  }),
  signature: z.string(),
});

async function faultOf(response: Response): Promise<AirFault> {
  const body = (await response.json().catch(() => ({}))) as { kind?: string };
  const reason = body.kind ?? String(response.status);
  const wait = Number(response.headers.get('Retry-After') ?? 0) * 1000;
  const isLater = response.status === 429 || response.status >= 500;
  return new AirFault(isLater ? 'later' : 'final', reason, Number.isFinite(wait) ? wait : 0);
}

/** Told of the `Date` of every reply, and when it was asked for and heard, epoch ms. */
export type OnDate = (date: string | null, askedMs: number, heardMs: number) => void;

async function fetched(onDate: OnDate, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  const asked = Date.now();
  try {
    response = await fetch(`${BASE}${path}`, { cache: 'no-cache', ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw new AirFault('offline', cause instanceof Error ? cause.message : 'no network');
  }
  onDate(response.headers.get('Date'), asked, Date.now());
  if (!response.ok) throw await faultOf(response);
  return response;
}

/** An answer that is not what the protocol says is a fault of the server, to be tried later. */
async function read<T>(schema: z.ZodMiniType<T>, response: Response): Promise<T> {
  const parsed = schema.safeParse(await response.json().catch(() => null));
  if (!parsed.success) throw new AirFault('later', 'malformed');
  return parsed.data;
}

const bytes = (body: Uint8Array, method: string): RequestInit => ({
  method,
  body: body.slice(),
  headers: { 'Content-Type': 'application/octet-stream' },
});
const bearer = (token: string): RequestInit => ({ headers: { Authorization: `Bearer ${token}` } });

/** The leader over HTTP, on this page's own origin. */
export function httpFederationAir(onDate: OnDate): FederationAir {
  const call = (path: string, init?: RequestInit) => fetched(onDate, path, init);
  return {
    offer: async () => read(offerSchema, await call('/fed/tasks')),
    challenge: async () =>
      fromHex((await read(z.object({ challenge: z.string() }), await call('/fed/challenge', { method: 'POST' }))).challenge),
    enrol: async (body) => (await read(z.object({ bearer: z.string() }), await call('/fed/enrol', bytes(body, 'POST')))).bearer,
    eligibility: async (task, token) => read(eligibilitySchema, await call(`/fed/tasks/${task}/eligibility`, bearer(token))),
    async upload(reportId, body) {
      await call(`/fed/reports/${reportId}`, bytes(body, 'PUT'));
    },
    receipt: async (reportId, token) => read(receiptSchema, await call(`/fed/reports/${reportId}`, bearer(token))),
    async withdraw(reportId, signature) {
      await call(`/fed/reports/${reportId}`, { method: 'DELETE', headers: { 'EG-Signature': signature } });
    },
    async consent(body, signature) {
      await call('/consents', {
        method: 'POST',
        body: body.slice(),
        headers: { 'Content-Type': 'application/json', 'EG-Signature': signature },
      });
    },
    async erase(signature) {
      const response = await call('/erasure', { method: 'POST', headers: { 'EG-Signature': signature } });
      return (await read(z.object({ reference: z.string() }), response)).reference;
    },
    async latest(task) {
      const found = await read(modelSchema, await call(`/fed/models/${task}/latest`));
      const release = readEntry(found.release);
      if (release?.type !== 'model_release') throw new AirFault('later', 'malformed');
      return { ...found, release: release satisfies ModelRelease };
    },
    weights: async (task, version) => new Uint8Array(await (await call(`/fed/models/${task}/${version}/weights`)).arrayBuffer()),
    consistency: async (from, to) =>
      (await read(z.object({ proof: z.array(z.string()) }), await call(`/log/proof/consistency?from=${from}&to=${to}`))).proof,
    async simulate() {
      await call('/trial/simulate', { method: 'POST' });
    },
    listen(onNews) {
      const stream = new EventSource(`${BASE}/events`);
      for (const event of ['model', 'slot']) stream.addEventListener(event, onNews);
      return () => stream.close();
    },
  };
}
