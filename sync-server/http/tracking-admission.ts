import type { IncomingMessage } from 'node:http';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { TrackingFault } from '#shared/tracking/fault.ts';
import { ownerOfToken } from '../governance/access-tokens.ts';
import { memberOf, type StaffPorts, sessionCookie } from '../governance/sessions.ts';
import { Refusal } from '../ports/fault.ts';
import type { TrackingCaller } from '../tracking/tracking.ts';
import type { Admit } from './tracking-door.ts';

/** Who may come in, and how often. */
export interface AdmissionRules {
  /** `https://…` where browsers find this installation; null: where it listens. */
  readonly origin: string | null;
  /** Names this server answers to, beside loopback and the origin's. */
  readonly hosts: readonly string[];
  /** Requests a minute and member of staff. */
  readonly perMinute: number;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Refuses a name that this server does not go by: a page that has its own name point here gets nothing. @throws TrackingFault */
function checkHost({ headers }: IncomingMessage, { origin, hosts }: AdmissionRules): void {
  const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (LOOPBACK.has(name) || hosts.includes(name) || (origin && new URL(origin).hostname === name)) return;
  throw new TrackingFault('PERMISSION_DENIED', 'This server does not go by that name.');
}

const hostOf = (origin = ''): string => (URL.canParse(origin) ? new URL(origin).host : '');

/** Below `/ajax-api` a write must come from this site's own pages; below `/api` a foreign page gets nothing at all. @throws TrackingFault */
function checkOrigin({ headers, method }: IncomingMessage, { origin }: AdmissionRules): void {
  const sent = headers.origin;
  const site = headers['sec-fetch-site'];
  // Where no origin is configured the scheme is not known: a proxy before this server may have ended TLS.
  const isOwnPage = origin === null ? hostOf(sent) === headers.host : sent === origin;
  const isOwn = sent === undefined ? site === undefined || site === 'same-origin' || site === 'none' : isOwnPage;
  if (!isOwn || (method !== 'GET' && sent === undefined && site !== undefined && site !== 'same-origin'))
    throw new TrackingFault('PERMISSION_DENIED', 'This request came from another site.');
}

/** The token of a request: Bearer, or Basic with it as the password (or as the name, without a password). */
function tokenOf({ headers }: IncomingMessage): string {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const [name = '', ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return password.join(':') || name;
}

const UNKNOWN = new TrackingFault('UNAUTHENTICATED', 'Send a token of the staff page: Bearer, or Basic with the token as password.');
const CACHE_MS = 5000;

/** Admits by token below `/api`, by staff session below `/ajax-api`. A revoked or expired token is out within five seconds on every server. */
export function newAdmission(staff: StaffPorts, rules: AdmissionRules): Admit {
  const limiter = new RateLimiterMemory({ points: rules.perMinute, duration: 60 });
  const known = new Map<string, { readonly member: TrackingCaller; readonly until: number }>();

  async function byToken(token: string): Promise<TrackingCaller> {
    const entry = known.get(token);
    if (entry && entry.until > Date.now()) return entry.member;
    known.delete(token);
    const member = await ownerOfToken(staff, token);
    if (!member) throw UNKNOWN;
    if (known.size > 10_000) known.clear();
    known.set(token, { member, until: Date.now() + CACHE_MS });
    return member;
  }

  async function bySession(request: IncomingMessage): Promise<TrackingCaller> {
    try {
      return await memberOf(staff, sessionCookie(request.headers.cookie));
    } catch (fault) {
      if (fault instanceof Refusal) throw new TrackingFault('UNAUTHENTICATED', 'Sign in on the staff page first.');
      throw fault;
    }
  }

  return async (request, entrance) => {
    checkHost(request, rules);
    checkOrigin(request, rules);
    const member = entrance === 'api' ? await byToken(tokenOf(request)) : await bySession(request);
    await limiter.consume(member.staffId).catch((refused: unknown) => {
      if (refused instanceof Error) throw refused;
      const { msBeforeNext = 1000 } = refused as { readonly msBeforeNext?: number };
      throw new TrackingFault('RESOURCE_EXHAUSTED', 'Too many requests. Wait a moment.', Math.ceil(msBeforeNext / 1000));
    });
    return member;
  };
}

/** Test mode: everybody on this machine may do everything. */
export const admitEverybody: Admit = async () => ({ staffId: 'test', name: 'test', role: 'admin' });
