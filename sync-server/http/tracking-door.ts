import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import mime from 'mime-types';
import type { Endpoint, Right } from '#shared/tracking/endpoint.ts';
import { ENDPOINTS, type EndpointName } from '#shared/tracking/endpoints.ts';
import { FAULT_STATUS, type FaultCode, invalid, TrackingFault } from '#shared/tracking/fault.ts';
import { FILE_ENDPOINTS, type FileEndpoint, type FileEndpointName } from '#shared/tracking/file-endpoints.ts';
import { decoded, fromQuery, understand } from '#shared/tracking/understand.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import { isDatabaseAway } from '../ports/database.ts';
import type { Tracking } from '../tracking/handlers.ts';
import type { Handler, RawJson, TrackingCaller } from '../tracking/tracking.ts';

/** How a request came in: tokens count below `/api`, a staff session below `/ajax-api`. */
export type Entrance = 'api' | 'ajax';

/** Says who calls. @throws TrackingFault UNAUTHENTICATED, PERMISSION_DENIED or RESOURCE_EXHAUSTED */
export type Admit = (request: IncomingMessage, entrance: Entrance) => Promise<TrackingCaller>;

/** What the door needs. */
export interface DoorPorts {
  readonly tracking: Tracking;
  readonly admit: Admit;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
}

/** Takes a request if it is its own. @returns whether it did */
export type Door = (request: IncomingMessage, response: ServerResponse) => boolean;

const MOST_JSON = 1024 * 1024;
/** Data sets may have a profile of 16 MiB and a schema of one. */
const MOST_INPUTS = 20 * MOST_JSON;

type Target =
  | { readonly kind: 'json'; readonly name: EndpointName; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'file'; readonly name: FileEndpointName; readonly rest: string }
  | { readonly kind: 'fixed'; readonly json: object };

const RIGHTS: Readonly<Record<TrackingCaller['role'], readonly Right[]>> = {
  admin: ['read', 'write', 'promote', 'admin'],
  analyst: ['read', 'write'],
  auditor: ['read'],
};

/** Answers for paths that stock clients ask for and that mean nothing here. */
const FIXED: Readonly<Record<string, object>> = {
  'GET /api/3.0/mlflow/server-info': {
    store_type: 'SqlStore',
    workspaces_enabled: false,
    trace_archival_enabled: false,
    multipart_uploads_enabled: false,
    multipart_downloads_enabled: false,
  },
  'GET /api/3.0/mlflow/ui-telemetry': {},
  'POST /api/3.0/mlflow/ui-telemetry': {},
  'GET /api/2.0/mlflow/traces': {},
  'POST /api/2.0/mlflow/traces/search': {},
  'POST /api/3.0/mlflow/traces/search': {},
};

const NOT_HERE = new TrackingFault('ENDPOINT_NOT_FOUND', 'There is no such endpoint.');

interface Pattern {
  readonly test: RegExp;
  readonly target: (values: readonly string[]) => Target;
}

const escaped = (text: string): string => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&');

function tables() {
  const plain = new Map<string, Target>();
  const patterns: Pattern[] = [];
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [EndpointName, Endpoint][]) {
    for (const method of endpoint.methods) {
      const key = `${method} ${endpoint.isRoot ? '' : '/api/2.0'}${endpoint.path}`;
      const names = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '');
      if (names.length === 0) plain.set(key, { kind: 'json', name, params: {} });
      else {
        const test = new RegExp(`^${escaped(key).replace(/\{\w+\}/g, '([^/]+)')}$`);
        const target = (values: readonly string[]): Target => ({
          kind: 'json',
          name,
          params: Object.fromEntries(names.map((n, i) => [n, values[i] ?? ''])),
        });
        patterns.push({ test, target });
      }
    }
  }
  for (const [name, endpoint] of Object.entries(FILE_ENDPOINTS) as [FileEndpointName, FileEndpoint][]) {
    const key = `${endpoint.method} ${endpoint.isRoot ? '' : '/api/2.0'}${endpoint.path}`;
    const test = new RegExp(
      `^${escaped(key)
        .replace('\\*', '(.+)')
        .replace(/\{\w+\}/g, '([^/]+)')}$`,
      's',
    );
    patterns.push({ test, target: (values) => ({ kind: 'file', name, rest: values[0] ?? '' }) });
  }
  for (const [key, json] of Object.entries(FIXED)) plain.set(key, { kind: 'fixed', json });
  return { plain, patterns };
}

const { plain, patterns } = tables();

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('Invalid path');
  }
}

/** What a method and path mean; null if nothing. @param path with repeated slashes made one, and `/ajax-api` read as `/api` */
function targetOf(method: string, path: string): Target | null {
  const found = plain.get(`${method} ${path}`);
  if (found) return found;
  for (const { test, target } of patterns) {
    const match = test.exec(`${method} ${path}`);
    if (match) return target(match.slice(1).map(decodedOnce));
  }
  return null;
}

/** The path of an address, its repeated slashes made one. */
const pathOf = (url: string): string => (url.split('?')[0] ?? '').replace(/\/{2,}/g, '/');

/** Whether an address is the tracking API's own. */
export const isTrackingPath = (url: string): boolean => OURS.test(pathOf(url));

const OURS = /^\/(api\/(2\.0|3\.0)\/|ajax-api\/|api\/eg\/|get-artifact$|model-versions\/get-artifact$)/;

async function bodyOf(request: IncomingMessage, most: number): Promise<string> {
  const said = Number(request.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let size = 0;
  const tooLarge = () => invalid(`Batched logging API requests must be at most ${most} bytes, got a request of size ${said || 'more'}.`);
  if (said > most) throw tooLarge();
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer).toString('utf8') : Buffer.concat(chunks).toString('utf8');
}

function checkType(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type === undefined) throw invalid('Bad Request. Content-Type header is missing.');
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    throw invalid("Bad Request. Content-Type must be one of ['application/json'].");
}

/** The request of a JSON route, as its schema has it. @throws TrackingFault */
async function requestOf(request: IncomingMessage, name: EndpointName, params: Readonly<Record<string, string>>, query: URLSearchParams) {
  const endpoint: Endpoint = ENDPOINTS[name];
  if (request.method === 'POST' || request.method === 'PUT') checkType(request);
  const isQuery = request.method === 'GET' && query.size > 0;
  const body = isQuery ? '' : await bodyOf(request, name === 'logInputs' ? MOST_INPUTS : MOST_JSON);
  const sent = isQuery ? fromQuery(endpoint, query) : decoded(body);
  const json = () => (isQuery || body.startsWith('"') ? JSON.stringify(sent) : body);
  return understand(endpoint, { ...sent, ...params }, json);
}

function checkRight(right: Right, caller: TrackingCaller): void {
  if (caller.isReadOnly && right !== 'read') throw new TrackingFault('PERMISSION_DENIED', 'This token may only read.');
  if (!RIGHTS[caller.role].includes(right)) throw new TrackingFault('PERMISSION_DENIED', `The role "${caller.role}" may not do this.`);
}

/** An answer is data: nothing in it may run, no page may hold it. */
const SAFE = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none';frame-ancestors 'none';sandbox",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;
const JSON_HEADERS = { ...SAFE, 'Content-Type': 'application/json' } as const;

function sendJson(response: ServerResponse, reply: object | RawJson): void {
  const raw = 'raw' in reply ? (reply as RawJson).raw : JSON.stringify(reply);
  const body = typeof raw === 'string' ? Buffer.from(raw) : Buffer.concat(raw as Uint8Array[]);
  response.writeHead(200, { ...JSON_HEADERS, 'Content-Length': body.length });
  response.end(body);
}

const TEXT = /\.(txt|log|py|js|ts|yaml|yml|json|md|rst|jsonnet|cfg|ini|toml|csv|tsv)$|^(MLmodel|MLproject)$/i;
/** `attachment`, with the name as RFC 5987 writes it where it is not ASCII. */
export function disposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const coded = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return ascii === name ? `attachment; filename="${name}"` : `attachment; filename="${ascii}"; filename*=UTF-8''${coded}`;
}

async function sendFile(
  response: ServerResponse,
  { bytes, size, name }: { bytes: NodeJS.ReadableStream; size: number; name: string },
): Promise<void> {
  response.writeHead(200, {
    ...SAFE,
    'Content-Type': TEXT.test(name) ? 'text/plain' : mime.lookup(name) || 'application/octet-stream',
    'Content-Length': size,
    'Content-Disposition': disposition(name),
  });
  await pipeline(bytes, response);
}

function sendFault(response: ServerResponse, fault: unknown, log: Log): void {
  if (response.headersSent) return void response.destroy();
  const known = fault instanceof TrackingFault ? fault : faultOf(fault, log);
  const status = FAULT_STATUS[known.code];
  response.writeHead(status, {
    ...JSON_HEADERS,
    ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="mlflow"' } : {}),
    ...(status === 429 || status === 503 ? { 'Retry-After': String(known.retryAfterS ?? 5) } : {}),
  });
  response.end(JSON.stringify({ error_code: known.code satisfies FaultCode, message: known.message }));
}

/** Postgres's own refusals of a value, such as NUL in a text. */
const BAD_VALUES = new Set(['22021', '22P05', '22003', '22P02', '54000']);

function faultOf(fault: unknown, log: Log): TrackingFault {
  if (isDatabaseAway(fault)) return new TrackingFault('TEMPORARILY_UNAVAILABLE', 'The database does not answer. Try again.');
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : '';
  if (BAD_VALUES.has(code)) return invalid('A value cannot be stored: it holds a character or number that is none.');
  log.error({ err: fault }, 'a tracking request failed');
  return new TrackingFault('INTERNAL_ERROR', 'Something failed here.');
}

async function serve(
  { tracking, admit }: DoorPorts,
  named: (route: string) => void,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  query: URLSearchParams,
): Promise<void> {
  const entrance: Entrance = path.startsWith('/ajax-api/') ? 'ajax' : 'api';
  const caller = await admit(request, entrance);
  const target = targetOf(request.method ?? '', entrance === 'ajax' ? `/api${path.slice('/ajax-api'.length)}` : path);
  if (!target) throw NOT_HERE;
  if (target.kind === 'fixed') return sendJson(response, target.json);
  named(target.name);
  if (target.kind === 'file') {
    checkRight(FILE_ENDPOINTS[target.name].right, caller);
    const reply = await tracking.files[target.name]({
      query,
      rest: target.rest,
      body: request,
      size: Number(request.headers['content-length'] ?? 0),
      caller,
    });
    return 'file' in reply ? sendFile(response, reply.file) : sendJson(response, reply.json);
  }
  checkRight(ENDPOINTS[target.name].right, caller);
  const asked = await requestOf(request, target.name, target.params, query);
  if (ENDPOINTS[target.name].right !== 'read') await tracking.checkWrite(target.name, asked, caller);
  const key = request.headers['idempotency-key'];
  const handler = tracking.handlers[target.name] as unknown as Handler<EndpointName>;
  sendJson(response, await handler(asked as never, caller, typeof key === 'string' && key !== '' ? key.slice(0, 200) : null));
}

/**
 * The one door of the tracking API, asked before Express: finds the route in the endpoint table by one look-up, admits the caller, reads, asks
 * the use case, prints. What is not its own it leaves alone.
 */
export function trackingDoor(ports: DoorPorts): Door {
  const { metrics, isDraining, log } = ports;
  return (request, response) => {
    const [, ...rest] = (request.url ?? '').split('?');
    const path = pathOf(request.url ?? '');
    if (!OURS.test(path)) return false;
    const from = performance.now();
    let route = 'unmatched';
    response.on('finish', () => metrics.requestDone(route, request.method ?? '', response.statusCode, (performance.now() - from) / 1000));
    if (isDraining()) response.setHeader('Connection', 'close');
    const named = (name: string) => {
      route = name;
    };
    serve(ports, named, request, response, path, new URLSearchParams(rest.join('?'))).catch((fault: unknown) =>
      sendFault(response, fault, log),
    );
    return true;
  };
}
