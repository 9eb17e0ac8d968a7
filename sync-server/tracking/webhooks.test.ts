import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { isPublicAddress } from './addresses.ts';
import { type Delivery, newDeliver, publicLookup, signature } from './deliver.ts';
import { sendDue } from './deliveries.ts';
import { systemRuns } from './system-runs.ts';
import { newTestTracking, type TestTracking } from './test-installation.ts';

const sent: Delivery[] = [];
let answers: (number | null)[] = [];
let t: TestTracking;
const deliver = (delivery: Delivery) => {
  sent.push(delivery);
  const status = answers.length > 0 ? (answers.shift() ?? null) : 200;
  return Promise.resolve({ status, body: 'seen', error: status === null ? 'no answer' : null });
};
beforeAll(async () => {
  t = await newTestTracking({ name: 'tracking_webhooks', deliver });
});
afterAll(() => t.close());

const hook = {
  name: 'ci',
  url: 'https://hooks.example.org/x',
  events: [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }],
  secret: 's3cret',
};

test('a delivery goes out for what it listens to, signed, and for nothing else; the secret is never told', async () => {
  const { webhook } = await t.client.call('createWebhook', hook);
  expect(JSON.stringify(await t.client.call('getWebhook', { webhook_id: webhook.webhook_id }))).not.toContain('s3cret');
  const [row] = await t.db.query<{ text: string }>('SELECT w::text AS text FROM webhooks w');
  expect(row?.text).not.toContain(Buffer.from('s3cret').toString('hex'));
  await t.client.call('createModel', { name: 'watched' });
  await t.client.call('createVersion', { name: 'watched', source: 'mlflow-artifacts:/0/x' });
  sent.length = 0;
  await sendDue(t.ports, deliver);
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ url: hook.url, secret: 's3cret' });
  expect(JSON.parse(sent[0]?.payload ?? '')).toMatchObject({ entity: 'registered_model', action: 'created', data: { name: 'watched' } });
  await sendDue(t.ports, deliver);
  expect(sent).toHaveLength(1);
});

test('prompts have events of their own, and what only marks them is not told; a promotion of the service is told like every alias', async () => {
  const url = 'https://hooks.example.org/prompts';
  const every = ['PROMPT', 'PROMPT_VERSION', 'REGISTERED_MODEL', 'MODEL_VERSION'].map((entity) => ({ entity, action: 'CREATED' }));
  const tagged = ['PROMPT_TAG', 'PROMPT_VERSION_TAG', 'MODEL_VERSION_TAG'].flatMap((entity) =>
    ['SET', 'DELETED'].map((action) => ({ entity, action })),
  );
  const aliased = ['PROMPT_ALIAS', 'MODEL_VERSION_ALIAS'].flatMap((entity) => ['CREATED', 'DELETED'].map((action) => ({ entity, action })));
  const { webhook } = await t.client.call('createWebhook', { ...hook, name: 'prompts', url, events: [...every, ...tagged, ...aliased] });
  const mark = { key: 'mlflow.prompt.is_prompt', value: 'true' };
  const name = 'greeting';
  await t.client.call('createModel', { name, tags: [mark, { key: 'team', value: 'a' }] });
  await t.client.call('createVersion', {
    name,
    source: 'dummy-source',
    tags: [mark, { key: '_mlflow_prompt_type', value: 'text' }, { key: 'mlflow.prompt.text', value: 'Hello {{name}}!' }],
  });
  await t.client.call('setModelTag', { name, key: 'k', value: 'v' });
  await t.client.call('deleteModelTag', { name, key: 'k' });
  await t.client.call('setVersionTag', { name, version: '1', key: 'k', value: 'v' });
  await t.client.call('deleteVersionTag', { name, version: '1', key: 'k' });
  await t.client.call('setAlias', { name, alias: 'live', version: '1' });
  await t.client.call('deleteAlias', { name, alias: 'live' });
  await t.client.call('createModel', { name: 'plain' });
  await t.client.call('setModelTag', { name: 'plain', key: 'k', value: 'v' });
  const service = systemRuns(seededRng(1), 'examsgraph@test');
  await t.db.transaction((sql) =>
    service.promote(sql, { name: 'examsgraph-global-9', version: 1, runId: 'e'.repeat(32), alias: 'champion', at: t.clock.now }),
  );
  sent.length = 0;
  for (let round = 0; round < 5; round++) await sendDue(t.ports, deliver);
  const told = sent.filter((d) => d.url === url).map((d) => JSON.parse(d.payload));
  const versioned = { name, version: '1' };
  const wanted = [
    ['prompt.created', { name, tags: { team: 'a' }, description: '' }],
    ['prompt_version.created', { ...versioned, template: 'Hello {{name}}!', tags: {}, description: null }],
    ['prompt_tag.set', { name, key: 'k', value: 'v' }],
    ['prompt_tag.deleted', { name, key: 'k' }],
    ['prompt_version_tag.set', { ...versioned, key: 'k', value: 'v' }],
    ['prompt_version_tag.deleted', { ...versioned, key: 'k' }],
    ['prompt_alias.created', { ...versioned, alias: 'live' }],
    ['prompt_alias.deleted', { name, alias: 'live' }],
    ['registered_model.created', { name: 'plain', tags: {}, description: '' }],
    ['model_version_alias.created', { name: 'examsgraph-global-9', alias: 'champion', version: '1' }],
  ];
  expect(told).toHaveLength(wanted.length);
  for (const event of wanted) expect(told.map((p) => [`${p.entity}.${p.action}`, p.data])).toContainEqual(event);
  await t.client.call('deleteWebhook', { webhook_id: webhook.webhook_id });
});

test('what failed to happen is not told of', async () => {
  sent.length = 0;
  await expect(t.client.call('createModel', { name: 'watched' })).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' });
  await sendDue(t.ports, deliver);
  expect(sent).toEqual([]);
});

test('after no answer, a 429 or a 5xx it is tried three times more, each later; after a 4xx not at all', async () => {
  sent.length = 0;
  answers = [null, 503, 429, 500];
  await t.client.call('createModel', { name: 'unlucky' });
  for (let minute = 0; minute < 30; minute++) {
    await sendDue(t.ports, deliver);
    t.clock.now += 60_000;
  }
  expect(sent).toHaveLength(4);
  expect(new Set(sent.map((d) => d.deliveryId)).size).toBe(1);
  sent.length = 0;
  answers = [404];
  await t.client.call('createModel', { name: 'refused' });
  for (let minute = 0; minute < 5; minute++) {
    await sendDue(t.ports, deliver);
    t.clock.now += 60_000;
  }
  expect(sent).toHaveLength(1);
});

test('a trial delivery takes an event that there is, and no other', async () => {
  const { webhook } = await t.client.call('createWebhook', { ...hook, name: 'trial' });
  const { webhook_id } = webhook;
  sent.length = 0;
  expect((await t.client.call('testWebhook', { webhook_id })).result).toMatchObject({ success: true, response_body: 'seen' });
  expect(sent).toHaveLength(1);
  // what MLflow makes up for each event (mlflow/webhooks/types.py); an event may be told by its numbers too
  const made = async (entity: string | number, action: string | number) => {
    sent.length = 0;
    await t.client.call('testWebhook', { webhook_id, event: { entity, action } });
    return (JSON.parse(sent[0]?.payload ?? '{}') as { data: object }).data;
  };
  const tags = { example_key: 'example_value' };
  const name = 'example_model';
  expect(await made(1, 1)).toEqual({ name, tags, description: 'An example registered model' });
  expect(await made('MODEL_VERSION', 'CREATED')).toEqual({
    ...{ name, version: '1', source: 'models:/123', run_id: 'abcd1234abcd5678' },
    ...{ tags, description: 'An example model version' },
  });
  expect(await made(3, 4)).toEqual({ name, version: '1', key: 'example_key', value: 'example_value' });
  expect(await made('MODEL_VERSION_TAG', 'DELETED')).toEqual({ name, version: '1', key: 'example_key' });
  expect(await made('MODEL_VERSION_ALIAS', 'CREATED')).toEqual({ name, alias: 'example_alias', version: '1' });
  expect(await made('MODEL_VERSION_ALIAS', 'DELETED')).toEqual({ name, alias: 'example_alias' });
  expect(await made('PROMPT_VERSION', 'CREATED')).toMatchObject({ template: 'Hello {{name}}!', description: 'An example prompt version' });
  expect(await made('PROMPT_TAG', 'SET')).toEqual({ name: 'example_prompt', key: 'example_key', value: 'example_value' });
  const event = { entity: 'MODEL_VERSION', action: 'EATEN' };
  await expect(t.client.call('testWebhook', { webhook_id, event })).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' });
  await t.client.call('deleteWebhook', { webhook_id });
});

test('a secret sealed under another key ends its delivery, and no other', async () => {
  const { webhook } = await t.client.call('createWebhook', { ...hook, name: 'second', secret: 'other' });
  await t.db.query("UPDATE webhooks SET sealed_secret = decode('00', 'hex') WHERE name = 'second'");
  sent.length = 0;
  await t.client.call('createModel', { name: 'two hear of it' });
  for (let minute = 0; minute < 5; minute++) {
    await sendDue(t.ports, deliver);
    t.clock.now += 120_000;
  }
  expect(sent).toHaveLength(1);
  const ended = await t.db.query<{ outcome: string }>(
    "SELECT outcome FROM webhook_deliveries WHERE payload LIKE '%two hear%' ORDER BY outcome",
  );
  expect(ended.map((e) => e.outcome)).toEqual(['200', expect.stringContaining('cannot be opened')]);
  const { result } = await t.client.call('testWebhook', { webhook_id: webhook.webhook_id });
  expect(result).toMatchObject({ success: false, error_message: expect.stringContaining('cannot be opened') });
});

describe('an address within the network', () => {
  const closed = [
    '127.0.0.1',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '2002:a00:1::',
  ];
  test('is none of the public internet, in every notation', () => {
    for (const address of closed) expect(isPublicAddress(address), address).toBe(false);
    for (const address of ['8.8.8.8', '1.1.1.1', '2606:4700::1111']) expect(isPublicAddress(address), address).toBe(true);
  });

  test('is refused when a webhook is made, whatever it is written as', async () => {
    const urls = [
      ...closed.map((a) => `https://${a.includes(':') ? `[${a}]` : a}/x`),
      'https://2130706433/x',
      'https://0x7f.1/x',
      'https://localhost/x',
      'https://user:pass@hooks.example.org/x',
      'http://hooks.example.org/x',
      'ftp://hooks.example.org/x',
      'file:///etc/passwd',
      '   ',
    ];
    for (const url of urls) {
      await expect(t.client.call('createWebhook', { ...hook, url }), url).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' });
    }
  });

  test('is refused at delivery when a name leads there: what is looked up is what is connected to', async () => {
    let isReached = false;
    const server = createServer((_request, response) => {
      isReached = true;
      response.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    // "localhost" is a name that leads to this machine, as a rebound one would
    const real = newDeliver(false, () => 1, publicLookup);
    const result = await real({ url: `http://localhost:${port}/x`, secret: null, deliveryId: 'd', payload: '{}' });
    expect(result).toMatchObject({ status: null, error: expect.stringContaining('no public address') });
    expect(isReached).toBe(false);
    server.close();
  });
});

test('a delivery carries id, time and signature, is not redirected, and reads 64 KiB at most', async () => {
  const seen: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    seen.push({ ...request.headers, url: request.url });
    response.writeHead(302, { Location: '/elsewhere' });
    response.end('x'.repeat(200_000));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/hook`;
  const result = await newDeliver(true, () => 1_700_000_000)({ url, secret: 'k', deliveryId: 'd1', payload: '{"a":1}' });
  expect([result.status, result.body?.length]).toEqual([302, 65_536]);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({
    'x-mlflow-delivery-id': 'd1',
    'x-mlflow-timestamp': '1700000000',
    'x-mlflow-signature': signature('k', 'd1', 1_700_000_000, '{"a":1}'),
  });
  server.close();
});
