import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import {
  type AccessToken,
  type Audit,
  type Flushes,
  type Me,
  type Member,
  type Models,
  type Staff,
  type StaffApi,
  StaffFault,
  type Today,
} from '#client/ports/staff-api.ts';
import type { RegisteredTest } from '#shared/statistics/ab-test.ts';
import { parseNote } from '#shared/transparency/checkpoint.ts';
import { sessionTracking } from './session-tracking.ts';

const API = '/dashboard/api';
const LOG = '/api/sync/v1/log';

async function answered(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, { cache: 'no-store', ...init }).catch(() => {
    throw new StaffFault('offline', 'The server cannot be reached.');
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as { kind?: string; message?: string };
  throw new StaffFault(body.kind ?? String(response.status), body.message ?? '');
}

const get = async <T>(path: string): Promise<T> => (await (await answered(`${API}${path}`)).json()) as T;

async function post<T>(path: string, body: unknown = {}): Promise<T> {
  const response = await answered(`${API}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
  return (response.status === 204 ? {} : await response.json()) as T;
}

/** A passkey prompt that was closed or failed. */
async function prompted<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new StaffFault('passkey', cause instanceof Error ? cause.message : String(cause));
  }
}

/** The staff pages' server over HTTP; the session is a cookie this page cannot read. */
export function httpStaffApi(): StaffApi {
  return {
    me: () => get<Me>('/me'),
    async join(secret) {
      const { ceremony, options } = await post<{ ceremony: string; options: Parameters<typeof startRegistration>[0]['optionsJSON'] }>(
        '/join/begin',
        { secret },
      );
      const response = await prompted(() => startRegistration({ optionsJSON: options }));
      return post<{ codes: readonly string[]; member: Member }>('/join/finish', { ceremony, response });
    },
    async signIn() {
      const { ceremony, options } = await post<{ ceremony: string; options: Parameters<typeof startAuthentication>[0]['optionsJSON'] }>(
        '/sign-in/begin',
      );
      const response = await prompted(() => startAuthentication({ optionsJSON: options }));
      await post('/sign-in/finish', { ceremony, response });
    },
    async signInByCode(staffId, code) {
      await post('/sign-in/code', { staffId, code });
    },
    async signOut() {
      await post('/sign-out');
    },
    today: () => get<Today>('/today'),
    flushes: () => get<Flushes>('/flushes'),
    models: () => get<Models>('/models'),
    staff: () => get<Staff>('/staff'),
    audit: () => get<Audit>('/audit'),
    async act(verb, taskId, version, reason) {
      await post(`/models/${taskId}/${version}/${verb}`, { reason });
    },
    invite: async (role, name) => (await post<{ path: string }>('/invites', { role, name })).path,
    async simulate() {
      await post('/simulate');
    },
    tests: () => get<{ tests: RegisteredTest[] }>('/tests'),
    async startTest(plan) {
      await post('/tests', plan);
    },
    async endTest(id, decision, reason) {
      await post(`/tests/${id}/end`, { decision, reason });
    },
    tokens: () => get<{ tokens: AccessToken[] }>('/tokens'),
    newToken: async (wanted) => (await post<{ token: string }>('/tokens', wanted)).token,
    async revokeToken(id) {
      await post(`/tokens/${id}/revoke`);
    },
    tracking: sessionTracking(),
    async log() {
      const checkpoint = await (await answered(`${LOG}/checkpoint`)).text();
      const size = parseNote(checkpoint)?.checkpoint.size ?? 0;
      const entries: string[] = [];
      while (entries.length < size) {
        const page = (await (await answered(`${LOG}/entries?from=${entries.length}&to=${size}`)).json()) as { entries: string[] };
        if (page.entries.length === 0) throw new StaffFault('log', 'The log is shorter than its checkpoint says.');
        entries.push(...page.entries);
      }
      return { entries, checkpoint };
    },
    listen(onNews) {
      const stream = new EventSource('/api/sync/v1/events');
      for (const event of ['model', 'slot']) stream.addEventListener(event, onNews);
      return () => stream.close();
    },
  };
}
