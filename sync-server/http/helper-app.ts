import express, { type Express } from 'express';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { answerFlush } from '../helper/answer-flush.ts';
import { approveConfig } from '../helper/approve-config.ts';
import { type HelperPorts, helperIdentity } from '../helper/helper.ts';
import { cosignedSize, witness } from '../helper/witness.ts';
import type { Log } from '../observability/log.ts';
import { Refusal } from '../ports/fault.ts';
import { apiHeaders } from './headers.ts';
import { mount, mountEnd, type Route } from './routes.ts';

const PUBLIC = { kind: 'public' } as const;
const MAX_REQUEST_BYTES = 104 + 320 * 4096 + 64;

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Refusal(422, 'malformed', 'The body is not an object.');
  return value as Readonly<Record<string, unknown>>;
}

/** The helper's routes: what the leader may ask, each request signed by it, and what anybody may know. */
export function helperRoutes(ports: HelperPorts): readonly Route<never>[] {
  return [
    {
      method: 'put',
      path: '/helper/v1/tasks/:task/flushes/:t',
      access: { kind: 'own-signature' },
      limit: MAX_REQUEST_BYTES,
      type: 'application/octet-stream',
      async handle({ params, bytes }) {
        return { status: 200, bytes: await answerFlush(ports, params['task'] ?? '', Number(params['t']), bytes) };
      },
    },
    {
      method: 'post',
      path: '/helper/v1/configs',
      access: { kind: 'own-signature' },
      limit: 65_536,
      async handle({ json }) {
        const { config, signature } = record(json());
        if (typeof signature !== 'string' || !/^[0-9a-f]{128}$/.test(signature))
          throw new Refusal(403, 'signature', 'The leader’s signature is missing.');
        return { status: 200, json: { signature: toHex(await approveConfig(ports, config, fromHex(signature))) } };
      },
    },
    {
      method: 'post',
      path: '/helper/v1/witness',
      access: { kind: 'own-signature' },
      limit: 8_388_608,
      async handle({ json }) {
        const { note, from, entries } = record(json());
        const isSound =
          typeof note === 'string' && Number.isInteger(from) && Array.isArray(entries) && entries.every((e) => typeof e === 'string');
        if (!isSound) throw new Refusal(422, 'malformed', 'A note, the entries after it, and where they begin.');
        return { status: 200, json: { cosignature: await witness(ports, note, from as number, entries as string[]) } };
      },
    },
    {
      method: 'get',
      path: '/helper/v1/checkpoint',
      access: PUBLIC,
      async handle() {
        return { status: 200, json: { size: await cosignedSize(ports) } };
      },
    },
    {
      method: 'get',
      path: '/helper/v1/info',
      access: PUBLIC,
      async handle() {
        return {
          status: 200,
          json: {
            operator: ports.operator,
            identity: toHex(await helperIdentity(ports)),
            box_key: toHex(ports.box.public),
            sign_key: toHex(ports.crypto.signPublicKey(ports.signSeed)),
            floor: ports.floor,
            allows_demo: ports.allowsDemo,
          },
        };
      },
    },
    {
      method: 'get',
      path: '/health',
      access: PUBLIC,
      async handle() {
        await ports.db.query('SELECT 1');
        return { status: 200, text: 'OK' };
      },
    },
  ];
}

/** The helper as an app of its own. @param extra routes of the test mode */
export function newHelperApp(ports: HelperPorts, log: Log, extra: readonly Route<never>[] = []): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(apiHeaders());
  mount(app, [...helperRoutes(ports), ...extra], async () => null);
  mountEnd(app, log);
  return app;
}
