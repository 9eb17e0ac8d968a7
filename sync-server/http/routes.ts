import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express';
import type { Log } from '../observability/log.ts';
import { isDatabaseAway } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';

/** Staff roles. */
export type Role = 'admin' | 'auditor' | 'analyst';

/** Who may call a route. `own-signature`: the body itself is signed, and its use case checks that. */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'own-signature' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'signed'; readonly by: 'device' | 'account' }
  | { readonly kind: 'staff'; readonly roles: readonly Role[] };

/** What a handler is given; the caller was let in already. */
export interface Call<Caller> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The body as it came; empty for routes without one. */
  readonly bytes: Uint8Array;
  /** The body as JSON. @throws Refusal 422 */
  json(): unknown;
  readonly caller: Caller;
  readonly request: Request;
  readonly response: Response;
}

/** What a handler answers. */
export type Reply =
  | { readonly status: number; readonly json: unknown; readonly etag?: string }
  | { readonly status: number; readonly bytes: Uint8Array; readonly etag?: string }
  | { readonly status: number; readonly text: string; readonly etag?: string }
  | { readonly status: 204 }
  | { readonly handled: true };

/** One route as data: what is mounted, what the access matrix tests, what the metrics are labelled with. */
export interface Route<Caller = unknown> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  readonly access: Access;
  /** Largest body in bytes; absent: none is read. */
  readonly limit?: number;
  readonly type?: 'application/octet-stream' | 'application/json';
  handle(call: Call<Caller>): Promise<Reply>;
}

/** Decides who calls. @throws Refusal 401 or 403 */
export type Gatekeeper = (access: Access, request: Request, body: Uint8Array) => Promise<unknown>;

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function strings(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, textOf(value)]));
}

function bodyReader({ limit, type }: Route): RequestHandler {
  if (limit === undefined) return (_request, _response, next) => next();
  const raw = express.raw({ limit, type: () => true, inflate: false });
  return (request, response, next) => {
    const sent = request.headers['content-type']?.split(';')[0]?.trim();
    if (type && Number(request.headers['content-length'] ?? 0) > 0 && sent !== type) {
      return next(new Refusal(415, 'type', `Send ${type}.`));
    }
    return raw(request, response, next);
  };
}

function send(request: Request, response: Response, reply: Reply): void {
  if ('handled' in reply) return;
  if ('etag' in reply && reply.etag) {
    response.setHeader('ETag', reply.etag);
    response.setHeader('Cache-Control', 'no-cache');
    if (request.headers['if-none-match'] === reply.etag) {
      response.status(304).end();
      return;
    }
  } else response.setHeader('Cache-Control', 'no-store');
  response.status(reply.status);
  if ('json' in reply) response.json(reply.json);
  else if ('bytes' in reply) response.type('application/octet-stream').send(Buffer.from(reply.bytes));
  else if ('text' in reply) response.type('text/plain').send(reply.text);
  else response.end();
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new Refusal(422, 'malformed', 'The body is not JSON.');
  }
}

/** Mount routes: label, body, gatekeeper, use case, print; in this order, for every one of them. */
export function mount(app: Express, routes: readonly Route<never>[], gatekeeper: Gatekeeper): void {
  for (const route of routes as readonly Route[]) {
    app[route.method](
      route.path,
      (_request: Request, response: Response, next: () => void) => {
        response.locals.route = route.path;
        next();
      },
      bodyReader(route),
      async (request: Request, response: Response) => {
        const bytes = Buffer.isBuffer(request.body) ? new Uint8Array(request.body) : new Uint8Array(0);
        const caller = await gatekeeper(route.access, request, bytes);
        const params = strings(request.params as Readonly<Record<string, unknown>>);
        const call = { params, query: strings(request.query), bytes, json: () => parsedJson(bytes), caller, request, response };
        send(request, response, await route.handle(call));
      },
    );
  }
}

/** The last handlers of every app: nothing here, and faults as plain JSON. A database that does not answer is 503, to be tried again. */
export function mountEnd(app: Express, log: Log): void {
  app.use((_request, response) => {
    response.locals.route = 'unmatched';
    // by either name: the app's own faults have a kind, MLflow's clients look for an error code
    response.status(404).json({ kind: 'not-found', error_code: 'ENDPOINT_NOT_FOUND', message: 'Nothing is here.' });
  });
  const onFault: ErrorRequestHandler = (fault: unknown, _request, response, next) => {
    if (response.headersSent) return next(fault);
    if (fault instanceof Refusal) {
      if (fault.status === 429 || fault.status === 503) response.setHeader('Retry-After', String(fault.details['retryAfterS'] ?? 60));
      response.status(fault.status).json({ kind: fault.kind, message: fault.message, ...fault.details });
      return;
    }
    const status = fault instanceof Error && 'status' in fault && typeof fault.status === 'number' ? fault.status : 500;
    if (status >= 500 && isDatabaseAway(fault)) {
      response.setHeader('Retry-After', '5');
      response.status(503).json({ kind: 'database', message: 'The database does not answer. Try again.' });
      return;
    }
    if (status >= 500) log.error({ err: fault }, 'request failed');
    response.status(status).json({
      kind: status === 413 ? 'too-large' : status >= 500 ? 'internal' : 'bad-request',
      message: status >= 500 ? 'Something failed here.' : status === 413 ? 'The body is too large.' : 'The request could not be read.',
    });
  };
  app.use(onFault);
}
