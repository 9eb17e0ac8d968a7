import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS, type EndpointName, type ReplyOf, type SentTo } from './endpoints.ts';
import { FAULT_STATUS, type FaultCode, TrackingFault } from './fault.ts';
import { LIMITS } from './limits.ts';

/** One HTTP request, as the client wants it sent; `path` begins with `/` and has its query. */
export interface Outgoing {
  readonly method: string;
  readonly path: string;
  /** JSON text; absent for a GET. */
  readonly body?: string;
}

/** What came back. */
export interface Incoming {
  readonly status: number;
  readonly text: string;
  /** The header `Retry-After` in seconds; null without one. */
  readonly retryAfterS: number | null;
}

/** Seconds of a header `Retry-After`; null without one, or where it names a date. */
export function retryAfterSeconds(header: string | null): number | null {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) ? seconds : null;
}

/** Whatever can end a call: an AbortSignal does. */
export interface Stop {
  readonly aborted: boolean;
}

/** What the client needs of its surroundings: browser, Node or a test. */
export interface ClientPorts {
  /** Sends one request. @throws if there was no answer at all */
  readonly send: (outgoing: Outgoing) => Promise<Incoming>;
  /** Resolves after so long, or at once when the call is ended. */
  readonly waitMs: (ms: number) => Promise<void>;
  /** How often a call is tried again while the server asks for it; 7 unless told, a minute in all. */
  readonly mostRetries?: number;
  /** Turns a fault into what the caller's own code throws; itself unless told. */
  readonly explain?: (fault: TrackingFault) => Error;
}

/** An answer that is no JSON: that of a proxy, or of some other service's page. */
export class NotMlflow extends Error {
  constructor() {
    super('The answer is not that of an MLflow server.');
    this.name = 'NotMlflow';
  }
}

/** Metrics, params and tags of one run, any number of each. */
export type Logged = Pick<SentTo<'logBatch'>, 'metrics' | 'params' | 'tags'>;

type Paged = {
  [N in EndpointName]: ReplyOf<N> extends { next_page_token?: string | undefined }
    ? SentTo<N> extends { page_token?: string | undefined }
      ? N
      : never
    : never;
}[EndpointName];

/** A client of the tracking API, typed by the endpoint table. */
export interface TrackingClient {
  /** One call; tried again while the server asks for it. @throws TrackingFault with MLflow's code, NotMlflow, or whatever `send` throws */
  call<N extends EndpointName>(name: N, request: SentTo<N>, stop?: Stop): Promise<ReplyOf<N>>;
  /** The pages of a search, one after the other, until there are no more. */
  pages<N extends Paged>(name: N, request: SentTo<N>, stop?: Stop): AsyncGenerator<ReplyOf<N>>;
  /** Log any amount to a run, in as many batches as the protocol's limits ask for, in order. */
  log(runId: string, logged: Logged, stop?: Stop): Promise<void>;
}

const AGAIN = new Set([408, 429, 500, 502, 503, 504]);
const MOST_RETRIES = 7;
const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 60_000;

function queryOf(fields: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined || value === null
      ? []
      : (Array.isArray(value) ? value : [value]).map((v) => `${encodeURIComponent(key)}=${encodeURIComponent(String(v))}`),
  );
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

/** JSON has no NaN and no infinities: the protocol writes their names. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v));

/** A call of the table as a request. */
export function outgoingOf<N extends EndpointName>(name: N, request: SentTo<N>): Outgoing {
  const { methods, path, isRoot }: Endpoint = ENDPOINTS[name];
  const fields = { ...(request as Readonly<Record<string, unknown>>) };
  const filled = path.replace(/\{(\w+)\}/g, (_all, key: string) => encodeURIComponent(String(fields[key] ?? '')));
  const full = `${isRoot ? '' : '/api/2.0'}${filled}`;
  const method = methods[0] ?? 'POST';
  if (method === 'GET') {
    for (const [, key] of path.matchAll(/\{(\w+)\}/g)) delete fields[key as string];
    return { method, path: full + queryOf(fields) };
  }
  return { method, path: full, body: jsonOf(fields) };
}

function faultOf({ status, text }: Incoming): TrackingFault {
  try {
    const { error_code, message } = JSON.parse(text) as { error_code?: string; message?: string };
    if (error_code !== undefined && Object.hasOwn(FAULT_STATUS, error_code))
      return new TrackingFault(error_code as FaultCode, message ?? '');
  } catch {
    // an answer that is no JSON is told by its status below
  }
  return new TrackingFault(status >= 500 ? 'INTERNAL_ERROR' : 'BAD_REQUEST', `The server answered ${status}.`);
}

function checkStop(stop: Stop | undefined): void {
  if (stop?.aborted) throw new TrackingFault('BAD_REQUEST', 'The call was ended.');
}

/** Parts of at most `size`, in order. */
function parts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Batches within the protocol's limits: params and tags first, so that what describes a run is there before its curves. */
export function batchesOf({ metrics = [], params = [], tags = [] }: Logged): readonly Logged[] {
  const texts = Math.max(Math.ceil(params.length / LIMITS.paramsPerBatch), Math.ceil(tags.length / LIMITS.tagsPerBatch));
  const [p, t] = [parts(params, LIMITS.paramsPerBatch), parts(tags, LIMITS.tagsPerBatch)];
  const described = Array.from({ length: texts }, (_, i): Logged => ({ params: p[i] ?? [], tags: t[i] ?? [] }));
  return [...described.flatMap(withinBytes), ...parts(metrics, LIMITS.metricsPerBatch).map((m): Logged => ({ metrics: m }))];
}

/** Characters of a request that are within a mebibyte however they are written as UTF-8. */
const MOST_CHARACTERS = 300_000;

/** A batch in halves, until each is small enough to be sent. */
function withinBytes(batch: Logged): readonly Logged[] {
  const { params = [], tags = [] } = batch;
  if (params.length + tags.length < 2 || jsonOf(batch).length <= MOST_CHARACTERS) return [batch];
  const [p, t] = [Math.ceil(params.length / 2), Math.ceil(tags.length / 2)];
  if (tags.length === 0 || params.length === 0)
    return [
      ...withinBytes({ params: params.slice(0, p), tags: tags.slice(0, t) }),
      ...withinBytes({ params: params.slice(p), tags: tags.slice(t) }),
    ];
  return [...withinBytes({ params }), ...withinBytes({ tags })];
}

/** Sends, and sends again while the server asks for it, as long after as it says. @throws TrackingFault if it was ended, or what `send` throws */
export async function sentPatiently(
  send: () => Promise<Incoming>,
  { waitMs, mostRetries = MOST_RETRIES }: Pick<ClientPorts, 'waitMs' | 'mostRetries'>,
  stop?: Stop,
): Promise<Incoming> {
  for (let tries = 0; ; tries++) {
    checkStop(stop);
    const incoming = await send();
    if (!AGAIN.has(incoming.status) || tries >= mostRetries) return incoming;
    const wait = incoming.retryAfterS === null ? FIRST_WAIT_MS * 2 ** tries : incoming.retryAfterS * 1000;
    await waitMs(Math.min(wait, MOST_WAIT_MS));
  }
}

/**
 * A client of MLflow's tracking API for browser and Node. It sends through `send`, waits through `waitMs`, and keeps nothing between calls.
 *
 * @example const client = trackingClient({ send: async ({ method, path, body }) => { … fetch … }, waitMs: (ms) => … });
 */
export function trackingClient(ports: ClientPorts): TrackingClient {
  const { send, explain = (fault) => fault } = ports;
  const client: TrackingClient = {
    async call(name, request, stop) {
      const outgoing = outgoingOf(name, request);
      const incoming = await sentPatiently(() => send(outgoing), ports, stop);
      if (incoming.status >= 300) throw explain(faultOf(incoming));
      try {
        return JSON.parse(incoming.text);
      } catch {
        throw new NotMlflow();
      }
    },
    async *pages(name, request, stop) {
      let token: string | undefined;
      do {
        const page = await client.call(name, (token ? { ...request, page_token: token } : request) as typeof request, stop);
        yield page;
        token = (page as { next_page_token?: string }).next_page_token;
      } while (token);
    },
    async log(runId, logged, stop) {
      for (const batch of batchesOf(logged)) await client.call('logBatch', { run_id: runId, ...batch }, stop);
    },
  };
  return client;
}
