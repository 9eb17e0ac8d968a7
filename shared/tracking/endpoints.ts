import type * as z from 'zod/mini';
import type { Endpoint } from './endpoint.ts';
import { REGISTRY_ENDPOINTS } from './registry-endpoints.ts';
import { RUN_ENDPOINTS } from './run-endpoints.ts';

/** Every route of the tracking API, by name. */
export const ENDPOINTS = { ...RUN_ENDPOINTS, ...REGISTRY_ENDPOINTS } as const satisfies Readonly<Record<string, Endpoint>>;

/** Name of a route. */
export type EndpointName = keyof typeof ENDPOINTS;

/** What a route is sent, once understood. */
export type RequestOf<N extends EndpointName> = z.infer<(typeof ENDPOINTS)[N]['request']>;

/** What a caller may send. */
export type SentTo<N extends EndpointName> = z.input<(typeof ENDPOINTS)[N]['request']>;

/** What a route answers. */
export type ReplyOf<N extends EndpointName> = z.infer<(typeof ENDPOINTS)[N]['reply']>;
