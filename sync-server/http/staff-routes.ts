import type { Request } from 'express';
import type { TestDecision } from '#shared/statistics/ab-test.ts';
import { TOKEN_DAYS } from '#shared/tracking/token-wanted.ts';
import { endTest, startTest, type TestPorts, testsOf } from '../analytics/ab-tests.ts';
import type { LeaderPorts } from '../federation/leader.ts';
import { promote, taskIdOf } from '../federation/models.ts';
import { newToken, revokeToken, tokensOf } from '../governance/access-tokens.ts';
import { logStaff, memberOf, type StaffMember, type StaffPorts, sessionCookie, signOut } from '../governance/sessions.ts';
import { beginJoining, beginSignIn, finishJoining, finishSignIn, invite, type Site, signInByCode, staffList } from '../governance/staff.ts';
import { Refusal } from '../ports/fault.ts';
import type { Limits } from './limits.ts';
import type { Call, Reply, Role, Route } from './routes.ts';
import { flushesView, modelsView, todayView } from './staff-views.ts';

/** What the staff pages' routes need. */
export interface StaffRoutesPorts {
  readonly staff: StaffPorts;
  readonly leader: LeaderPorts;
  readonly limits: Limits;
  readonly isTrial: boolean;
  /** Filled by a simulation: pages say so. */
  readonly isSimulated: boolean;
  readonly preset: string;
  /** Where browsers find this installation, if not where it listens. */
  readonly origin: string | null;
  readonly helperReachable: () => Promise<boolean>;
  /** Sends K - 1 simulated devices through the protocol; trial only. */
  readonly simulate: (() => Promise<{ readonly devices: number }>) | null;
  /** The task A/B tests are told in; null while there is none. */
  readonly statisticsTask: () => Uint8Array | null;
  /** Signs a checkpoint of what was just logged, so that devices can prove it. */
  readonly publish: () => Promise<unknown>;
}

const ALL = ['admin', 'auditor', 'analyst'] as const;
const API = '/dashboard/api';
const COOKIE = '__Host-eg_session';
const ABSOLUTE_S = 12 * 3600;
const PUBLIC = { kind: 'public' } as const;
const staffOnly = (...roles: readonly Role[]) => ({ kind: 'staff', roles }) as const;

/** The site the browser sees; passkeys belong to it. Behind a proxy that ends TLS it is the configured one. @param origin `EG_PUBLIC_ORIGIN`, or null */
export function siteOf({ headers, protocol }: Request, origin: string | null): Site {
  const seen = origin ?? `${protocol}://${headers.host}`;
  return { id: new URL(seen).hostname, origin: seen };
}

const ipOf = ({ request }: Call<unknown>): string => request.ip ?? 'unknown';

function fields(call: Call<unknown>): Readonly<Record<string, unknown>> {
  const value = call.json();
  if (typeof value !== 'object' || value === null) throw new Refusal(422, 'malformed', 'The body is not an object.');
  return value as Readonly<Record<string, unknown>>;
}

function textField(call: Call<unknown>, name: string, max: number): string {
  const value = fields(call)[name];
  if (typeof value !== 'string' || value.trim() === '' || value.length > max) {
    throw new Refusal(422, 'malformed', `"${name}" must be a text of at most ${max} characters.`);
  }
  return value.trim();
}

function withSession(call: Call<unknown>, token: string, json: unknown): Reply {
  call.response.cookie(COOKIE, token, { httpOnly: true, secure: true, sameSite: 'strict', path: '/', maxAge: ABSOLUTE_S * 1000 });
  return { status: 200, json };
}

function signInRoutes({ staff, limits, isTrial, isSimulated, preset, origin }: StaffRoutesPorts): readonly Route<never>[] {
  const siteOfCall = ({ request }: Call<unknown>): Site => siteOf(request, origin);
  const post = (path: string, handle: (call: Call<unknown>) => Promise<Reply>): Route<never> =>
    ({ method: 'post', path: `${API}${path}`, access: PUBLIC, limit: 65_536, type: 'application/json', handle }) as Route<never>;
  return [
    {
      method: 'get',
      path: `${API}/me`,
      access: PUBLIC,
      async handle({ request }) {
        const member = await memberOf(staff, sessionCookie(request.headers.cookie)).catch((fault: unknown) => {
          if (fault instanceof Refusal) return null;
          throw fault;
        });
        const { staff: all } = await staffList(staff);
        return { status: 200, json: { member, needsSetup: all.length === 0, isTrial, isSimulated, preset } };
      },
    },
    post('/join/begin', async (call) => {
      await limits.spend('login', ipOf(call));
      return { status: 200, json: await beginJoining(staff, siteOfCall(call), textField(call, 'secret', 200)) };
    }),
    post('/join/finish', async (call) => {
      const { ceremony, response } = fields(call);
      const { token, codes, member } = await finishJoining(staff, siteOfCall(call), ceremony, response);
      return withSession(call, token, { codes, member });
    }),
    post('/sign-in/begin', async (call) => {
      await limits.spend('login', ipOf(call));
      return { status: 200, json: await beginSignIn(staff, siteOfCall(call)) };
    }),
    post('/sign-in/finish', async (call) => {
      const { ceremony, response } = fields(call);
      return withSession(call, await finishSignIn(staff, siteOfCall(call), ceremony, response), {});
    }),
    post('/sign-in/code', async (call) => {
      const id = textField(call, 'staffId', 32);
      await limits.spend('login', id);
      return withSession(call, await signInByCode(staff, id, textField(call, 'code', 60)), {});
    }),
    {
      method: 'post',
      path: `${API}/sign-out`,
      access: staffOnly('admin', 'auditor', 'analyst'),
      async handle({ request, response }) {
        await signOut(staff, sessionCookie(request.headers.cookie) ?? '');
        response.clearCookie(COOKIE, { httpOnly: true, secure: true, sameSite: 'strict', path: '/' });
        return { status: 204 };
      },
    },
  ];
}

async function hasSecondAdmin({ leader }: StaffRoutesPorts, target: string, by: StaffMember): Promise<boolean> {
  const rows = await leader.db.query("SELECT 1 FROM staff_log WHERE action = 'approve-override' AND target = $1 AND staff_id <> $2", [
    target,
    by.staffId,
  ]);
  return rows.length > 0;
}

function modelRoutes(ports: StaffRoutesPorts): readonly Route<never>[] {
  const { leader } = ports;
  const path = (verb: string) => `${API}/models/:task/:version/${verb}`;
  const targetOf = ({ params }: Call<StaffMember>) => `${params['task']}/${params['version']}`;
  const act = (verb: string, work: (call: Call<StaffMember>, reason: string) => Promise<void>): Route<never> =>
    ({
      method: 'post',
      path: path(verb),
      access: staffOnly('admin'),
      limit: 8192,
      type: 'application/json',
      async handle(call: Call<StaffMember>) {
        const reason = textField(call, 'reason', 500);
        await work(call, reason);
        await logStaff(leader.db, leader.now(), call.caller, verb, targetOf(call), reason);
        return { status: 200, json: {} };
      },
    }) as unknown as Route<never>;
  const serve = async (call: Call<StaffMember>): Promise<void> => {
    const isOverride = await hasSecondAdmin(ports, targetOf(call), call.caller);
    await promote(leader, taskIdOf(call.params['task'] ?? ''), Number(call.params['version']), isOverride);
    // Devices can prove it once the helper has cosigned; a helper that is away does so later.
    await ports.publish().catch(() => undefined);
  };
  return [act('promote', serve), act('roll-back', serve), act('approve-override', async () => undefined)];
}

function viewRoutes(ports: StaffRoutesPorts): readonly Route<never>[] {
  const { leader, staff, simulate } = ports;
  const view = (path: string, roles: readonly Role[], read: (caller: StaffMember) => Promise<unknown>): Route<never> =>
    ({
      method: 'get',
      path: `${API}${path}`,
      access: staffOnly(...roles),
      async handle({ caller }: Call<StaffMember>) {
        return { status: 200, json: await read(caller) };
      },
    }) as unknown as Route<never>;
  return [
    view('/today', ['admin'], () => todayView(ports)),
    view('/flushes', ['admin', 'analyst'], () => flushesView(ports)),
    view('/models', ['admin'], () => modelsView(ports)),
    view('/staff', ['admin'], () => staffList(staff)),
    view('/tokens', ALL, async (caller) => ({ tokens: await tokensOf(staff, caller) })),
    {
      method: 'post',
      path: `${API}/tokens`,
      access: staffOnly(...ALL),
      limit: 8192,
      type: 'application/json',
      async handle(call: Call<StaffMember>) {
        const [name, { days, isReadOnly }] = [textField(call, 'name', 80), fields(call)];
        const wanted = TOKEN_DAYS.find((d) => d === days);
        if (wanted === undefined || typeof isReadOnly !== 'boolean')
          throw new Refusal(422, 'malformed', `"days" must be one of ${TOKEN_DAYS.join(', ')}, "isReadOnly" true or false.`);
        return { status: 201, json: { token: await newToken(staff, call.caller, { name, days: wanted, isReadOnly }) } };
      },
    } as unknown as Route<never>,
    {
      method: 'post',
      path: `${API}/tokens/:id/revoke`,
      access: staffOnly(...ALL),
      limit: 8192,
      type: 'application/json',
      async handle({ params, caller }: Call<StaffMember>) {
        if (!(await revokeToken(staff, caller, params['id'] ?? ''))) throw new Refusal(404, 'token', 'There is no such token.');
        return { status: 200, json: {} };
      },
    } as unknown as Route<never>,
    view('/audit', ['auditor'], async (caller) => {
      await logStaff(leader.db, leader.now(), caller, 'visit-audit', null, null);
      const visits = await leader.db.query<{ at: string; role: string; action: string }>(
        "SELECT at, role, action FROM staff_log WHERE action LIKE 'visit%' ORDER BY id DESC LIMIT 50",
      );
      return { visits: visits.map((v) => ({ ...v, at: Number(v.at) })), helperReachable: await ports.helperReachable() };
    }),
    {
      method: 'post',
      path: `${API}/invites`,
      access: staffOnly('admin'),
      limit: 8192,
      type: 'application/json',
      async handle(call: Call<StaffMember>) {
        const role = fields(call)['role'];
        if (role !== 'admin' && role !== 'auditor' && role !== 'analyst') throw new Refusal(422, 'malformed', 'Choose a role.');
        const name = textField(call, 'name', 80);
        const token = await invite(staff, call.caller, role, name);
        await logStaff(leader.db, leader.now(), call.caller, 'invite', `${role}: ${name}`, null);
        return { status: 201, json: { path: `/dashboard#join=${token}` } };
      },
    } as unknown as Route<never>,
    ...(simulate
      ? [
          {
            method: 'post',
            path: `${API}/simulate`,
            access: staffOnly('admin'),
            async handle(call: Call<StaffMember>) {
              await ports.limits.spend('trial', 'installation');
              await logStaff(leader.db, leader.now(), call.caller, 'simulate', null, null);
              return { status: 200, json: await simulate() };
            },
          } as unknown as Route<never>,
          {
            method: 'post',
            path: '/api/sync/v1/trial/simulate',
            access: PUBLIC,
            async handle() {
              await ports.limits.spend('trial', 'installation');
              return { status: 200, json: await simulate() };
            },
          } as Route<never>,
        ]
      : []),
  ];
}

const DECISIONS: readonly TestDecision[] = ['ship', 'do-not-ship', 'discuss'];

function testRoutes({ leader, statisticsTask, publish }: StaffRoutesPorts): readonly Route<never>[] {
  const ports = (): TestPorts => ({ leader, taskId: statisticsTask(), publish });
  const act = (path: string, verb: string, work: (call: Call<StaffMember>) => Promise<{ target: string; reason: string; json: unknown }>) =>
    ({
      method: 'post',
      path: `${API}/tests${path}`,
      access: staffOnly('admin'),
      limit: 8192,
      type: 'application/json',
      async handle(call: Call<StaffMember>) {
        const { target, reason, json } = await work(call);
        await logStaff(leader.db, leader.now(), call.caller, verb, target, reason);
        return { status: 200, json };
      },
    }) as unknown as Route<never>;
  return [
    {
      method: 'get',
      path: `${API}/tests`,
      access: staffOnly('admin'),
      handle: async () => ({ status: 200, json: { tests: await testsOf(leader.db, statisticsTask()) } }),
    } as unknown as Route<never>,
    act('', 'start-test', async (call) => {
      const hypothesis = textField(call, 'hypothesis', 500);
      const { design, planned } = fields(call);
      if (!Number.isInteger(planned) || (planned as number) < 1 || (planned as number) > 1e7)
        throw new Refusal(422, 'malformed', '"planned" must be a number of learners.');
      const id = await startTest(ports(), { design, hypothesis, planned: planned as number, by: call.caller.staffId });
      return { target: String(id), reason: hypothesis, json: { id } };
    }),
    act('/:id/end', 'end-test', async (call) => {
      const reason = textField(call, 'reason', 500);
      const decision = DECISIONS.find((d) => d === fields(call)['decision']);
      if (!decision) throw new Refusal(422, 'malformed', `"decision" must be one of ${DECISIONS.join(', ')}.`);
      const id = call.params['id'] ?? '';
      await endTest(ports(), /^\d{1,9}$/.test(id) ? Number(id) : 0, decision, reason);
      return { target: id, reason, json: {} };
    }),
  ];
}

/** Every route of the staff pages; the cookie counts here alone. */
export function staffRoutes(ports: StaffRoutesPorts): readonly Route<never>[] {
  return [...signInRoutes(ports), ...modelRoutes(ports), ...testRoutes(ports), ...viewRoutes(ports)];
}
