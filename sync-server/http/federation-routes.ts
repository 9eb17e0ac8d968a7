import { configHashHex } from '#shared/aggregation/config.ts';
import { ENROLMENT_BYTES } from '#shared/aggregation/enrolment.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { fromHex, toBase64, toHex } from '#shared/domain/bytes.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { type Device, type EnrolmentPorts, enrol, newChallenge } from '../federation/enrolment.ts';
import { championVersion, type LeaderPorts } from '../federation/leader.ts';
import { releasedModel, taskIdOf } from '../federation/models.ts';
import { countRefusal, eligibility, MAX_REPORT_BYTES, receiptOf, receiveReport, withdrawReport } from '../federation/reports.ts';
import { recordConsent, requestErasure } from '../governance/consent.ts';
import type { OpenLog } from '../governance/transparency-log.ts';
import { Refusal } from '../ports/fault.ts';
import type { EventHub } from './events.ts';
import type { Limits } from './limits.ts';
import { offeredTasks, proven } from './offered-tasks.ts';
import type { Call, Route } from './routes.ts';

/** What the devices' routes need. */
export interface FederationRoutesPorts {
  readonly leader: LeaderPorts;
  readonly enrolment: EnrolmentPorts;
  readonly log: OpenLog;
  readonly events: EventHub;
  readonly limits: Limits;
  /** Wakes the worker after something was stored. */
  readonly wake: () => void;
}

const BASE = '/api/sync/v1';
const BYTES = 'application/octet-stream';
const PUBLIC = { kind: 'public' } as const;
const BEARER = { kind: 'bearer' } as const;

const ipOf = ({ request }: Call<unknown>): string => request.ip ?? 'unknown';

function reportIdOf(text: string | undefined): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(text ?? '')) throw new Refusal(404, 'report', 'There is no such report.');
  return fromHex(text ?? '');
}

function wholeNumber(text: string | undefined): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(text ?? '')) throw new Refusal(422, 'malformed', 'A whole number is missing.');
  return Number(text);
}

/** Changes with every cosignature, so that nobody keeps an old one. */
const noteTag = (note: string): string => sha256Hex(utf8(note)).slice(0, 12);

async function putReport({ leader, limits, wake }: FederationRoutesPorts, call: Call<unknown>) {
  const id = reportIdOf(call.params['report']);
  // A device is known by the key near the end of its report; what is too short to hold one is limited by address.
  const who = call.bytes.length >= 600 ? toHex(call.bytes.subarray(call.bytes.length - 96, call.bytes.length - 64)) : ipOf(call);
  await limits.spend('report', who);
  try {
    const { status, body } = await receiveReport(leader, id, call.bytes);
    wake();
    return { status, json: body };
  } catch (fault) {
    if (fault instanceof Refusal && call.bytes.length >= 24) await countRefusal(leader.db, call.bytes.slice(8, 24), fault.kind);
    throw fault;
  }
}

function enrolmentRoutes({ enrolment, limits, leader, wake }: FederationRoutesPorts): readonly Route<never>[] {
  return [
    {
      method: 'post',
      path: `${BASE}/fed/challenge`,
      access: PUBLIC,
      async handle(call) {
        await limits.spend('enrol', ipOf(call));
        return { status: 200, json: { challenge: toHex(await newChallenge(enrolment)) } };
      },
    },
    {
      method: 'post',
      path: `${BASE}/fed/enrol`,
      access: { kind: 'own-signature' },
      limit: ENROLMENT_BYTES,
      type: BYTES,
      async handle(call) {
        await limits.spend('enrol', ipOf(call));
        const { bearer, isNew } = await enrol(enrolment, call.bytes);
        return { status: isNew ? 201 : 200, json: { bearer } };
      },
    },
    {
      method: 'post',
      path: `${BASE}/consents`,
      access: { kind: 'signed', by: 'device' },
      limit: 8192,
      async handle(call: Call<Device>) {
        await recordConsent(leader.db, call.caller.accountId, call.json(), leader.now());
        return { status: 201, json: { stored: true } };
      },
    } as Route<never>,
    {
      method: 'post',
      path: `${BASE}/erasure`,
      access: { kind: 'signed', by: 'account' },
      limit: 1024,
      async handle(call: Call<Device>) {
        const reference = await requestErasure(leader.db, leader.log, leader.rng, call.caller.accountId, leader.now());
        wake();
        return { status: 202, json: { reference } };
      },
    } as Route<never>,
  ];
}

function reportRoutes(ports: FederationRoutesPorts): readonly Route<never>[] {
  const { leader } = ports;
  const path = `${BASE}/fed/reports/:report`;
  return [
    {
      method: 'put',
      path,
      access: { kind: 'own-signature' },
      limit: MAX_REPORT_BYTES,
      type: BYTES,
      handle: (call) => putReport(ports, call),
    },
    {
      method: 'get',
      path,
      access: BEARER,
      async handle(call: Call<Device>) {
        return { status: 200, json: await receiptOf(leader, call.caller, reportIdOf(call.params['report'])) };
      },
    } as Route<never>,
    {
      method: 'delete',
      path,
      access: { kind: 'signed', by: 'device' },
      async handle(call: Call<Device>) {
        await withdrawReport(leader, call.caller, reportIdOf(call.params['report']));
        return { status: 204 };
      },
    } as Route<never>,
  ];
}

function taskRoutes(ports: FederationRoutesPorts): readonly Route<never>[] {
  const { leader, log } = ports;
  return [
    {
      method: 'get',
      path: `${BASE}/fed/tasks`,
      access: PUBLIC,
      async handle() {
        const list = await offeredTasks(ports.leader, ports.log);
        const etag = `"${list.map((t) => `${configHashHex(t.config).slice(0, 16)}-${noteTag(t.checkpoint)}-${t.waiting}`).join('.')}"`;
        return { status: 200, json: { now: leader.now(), tasks: list }, etag };
      },
    },
    {
      method: 'get',
      path: `${BASE}/fed/tasks/:task/eligibility`,
      access: BEARER,
      async handle(call: Call<Device>) {
        return { status: 200, json: await eligibility(leader, call.caller, taskIdOf(call.params['task'] ?? '')) };
      },
    } as Route<never>,
    {
      method: 'get',
      path: `${BASE}/fed/models/:task/latest`,
      access: PUBLIC,
      async handle(call) {
        const task = taskIdOf(call.params['task'] ?? '');
        const { release, signature, log_index } = await releasedModel(leader.db, task, await championVersion(leader.db, task));
        const proof = await proven(log, log_index);
        const rows = await leader.db.query<{ version: number }>("SELECT version FROM models WHERE task_id = $1 AND status = 'revoked'", [
          task,
        ]);
        const etag = `"${release.version}-${noteTag(proof.checkpoint)}-${rows.length}"`;
        return { status: 200, json: { release, signature, revoked: rows.map((r) => r.version), ...proof }, etag };
      },
    },
    {
      method: 'get',
      path: `${BASE}/fed/models/:task/:version/weights`,
      access: PUBLIC,
      async handle(call) {
        const { weights, release } = await releasedModel(
          leader.db,
          taskIdOf(call.params['task'] ?? ''),
          wholeNumber(call.params['version']),
        );
        return { status: 200, bytes: weights, etag: `"${release.weights_sha256}"` };
      },
    },
  ];
}

function logRoutes({ log, events }: FederationRoutesPorts): readonly Route<never>[] {
  return [
    {
      method: 'get',
      path: `${BASE}/log/checkpoint`,
      access: PUBLIC,
      async handle() {
        const note = await log.checkpoint();
        if (!note) throw new Refusal(404, 'checkpoint', 'Nothing was cosigned yet.');
        return { status: 200, text: note };
      },
    },
    {
      method: 'get',
      path: `${BASE}/log/proof/inclusion`,
      access: PUBLIC,
      async handle({ query }) {
        const proof = await log.inclusion(wholeNumber(query['index']), wholeNumber(query['size']));
        return { status: 200, json: { proof: proof.map(toBase64) } };
      },
    },
    {
      method: 'get',
      path: `${BASE}/log/proof/consistency`,
      access: PUBLIC,
      async handle({ query }) {
        const proof = await log.consistency(wholeNumber(query['from']), wholeNumber(query['to']));
        return { status: 200, json: { proof: proof.map(toBase64) } };
      },
    },
    {
      method: 'get',
      path: `${BASE}/log/entries`,
      access: PUBLIC,
      async handle({ query }) {
        const from = wholeNumber(query['from']);
        const to = Math.min(wholeNumber(query['to']), from + 1000);
        return { status: 200, json: { from, entries: await log.entries(from, to) } };
      },
    },
    {
      method: 'get',
      path: `${BASE}/events`,
      access: PUBLIC,
      async handle({ response }) {
        events.join(response);
        return { handled: true };
      },
    },
  ];
}

/** Every route a device or a public reader calls. */
export function federationRoutes(ports: FederationRoutesPorts): readonly Route<never>[] {
  return [...enrolmentRoutes(ports), ...reportRoutes(ports), ...taskRoutes(ports), ...logRoutes(ports)];
}
