import * as z from 'zod/mini';

/** What a caller must be allowed to: `promote` and `admin` are the admin's alone. */
export type Right = 'read' | 'write' | 'promote' | 'admin';

/** One route of the tracking API, as data: it drives server, client, API document and access matrix. */
export interface Endpoint {
  readonly methods: readonly ('GET' | 'POST' | 'PATCH' | 'DELETE')[];
  /** Below `/api/2.0` and `/ajax-api/2.0`; with `isRoot` below the root; `{name}` stands for one segment. */
  readonly path: string;
  readonly isRoot?: boolean;
  readonly right: Right;
  readonly request: z.ZodMiniObject;
  readonly reply: z.ZodMiniType;
}

/** A route that is posted to. */
export const post = <Q extends z.ZodMiniObject, R extends z.ZodMiniType>(path: string, right: Right, request: Q, reply: R) => ({
  methods: ['POST'] as const,
  path,
  right,
  request,
  reply,
});

/** A route that is read. */
export const get = <Q extends z.ZodMiniObject, R extends z.ZodMiniType>(path: string, request: Q, reply: R) => ({
  methods: ['GET'] as const,
  path,
  right: 'read' as const,
  request,
  reply,
});

/** The same route by other methods. */
export const by = <M extends readonly ('GET' | 'POST' | 'PATCH' | 'DELETE')[], E extends object>(methods: M, endpoint: E) => ({
  ...endpoint,
  methods,
});

/** Nothing asked or told. */
export const empty = z.object({});
