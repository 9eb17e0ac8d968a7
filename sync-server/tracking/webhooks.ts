import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { invalid, missing } from '#shared/tracking/fault.ts';
import { isPublicAddress } from './addresses.ts';
import type { Deliver } from './deliver.ts';
import { deliverSealed } from './deliveries.ts';
import { fingerprint, pageSize, placeOf, tokenOf } from './page-token.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';
import { payloadOf, WEBHOOK_EVENTS } from './webhook-events.ts';

const NAME = /^(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i;

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw invalid(
    `Webhook name '${name}' is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).`,
  );
}

/** An address a webhook may have: https, by name or by a public address. @throws TrackingFault */
export function checkUrl(text: string, mayBePrivate: boolean): void {
  if (text.trim() === '') throw invalid(`Webhook URL cannot be empty or just whitespace: '${text}'`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(`Invalid webhook URL '${text}': it cannot be read`);
  }
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https' && !(mayBePrivate && scheme === 'http'))
    throw invalid(`Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: https.`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw invalid(`Webhook URL must include a hostname: '${text}'`);
  if (url.username || url.password) throw invalid('Webhook URL must not include a user or password.');
  if (!mayBePrivate && ((isIP(host) !== 0 && !isPublicAddress(host)) || /(^|\.)localhost\.?$/i.test(host)))
    throw invalid(`Webhook URL must not resolve to a non-public IP address. '${host}' is none.`);
}

/** An event as it is sent: its words, or their numbers. */
interface SentEvent {
  readonly entity: string | number;
  readonly action: string | number;
}

interface Event {
  readonly entity: string;
  readonly action: string;
}

/** Names of MLflow's enumerations by their numbers; nothing has the number 0. */
const ENTITIES = [
  '',
  ...['REGISTERED_MODEL', 'MODEL_VERSION', 'MODEL_VERSION_TAG', 'MODEL_VERSION_ALIAS'],
  ...['PROMPT', 'PROMPT_VERSION', 'PROMPT_TAG', 'PROMPT_VERSION_TAG', 'PROMPT_ALIAS'],
];
const ACTIONS = ['', 'CREATED', 'UPDATED', 'DELETED', 'SET'];

const namedOf = (names: readonly string[], told: string | number): string =>
  typeof told === 'number' ? (names[told] ?? String(told)) : told;

function checkEvents(events: readonly SentEvent[]): readonly Event[] {
  if (events.length === 0) throw invalid('Webhook events must be a non-empty list of WebhookEvent objects: [].');
  return events.map((event) => {
    const [entity, action] = [namedOf(ENTITIES, event.entity), namedOf(ACTIONS, event.action)];
    const name = entity.toUpperCase();
    const actions = Object.hasOwn(WEBHOOK_EVENTS, name) ? (WEBHOOK_EVENTS[name] ?? []) : [];
    if (!actions.includes(action.toUpperCase())) {
      const valid = actions.map((a) => `'${a.toLowerCase()}'`).join(', ');
      throw invalid(`Invalid action '${action.toLowerCase()}' for entity '${entity.toLowerCase()}'. Valid actions are: [${valid}]`);
    }
    return { entity: name, action: action.toUpperCase() };
  });
}

const HOOK_JSON = `json_strip_nulls(json_build_object('webhook_id', w.webhook_id, 'name', w.name, 'description', w.description, 'url', w.url,
  'events', w.events, 'status', w.status, 'creation_timestamp', w.creation_time, 'last_updated_timestamp', w.last_updated))::text`;

/** Use cases of webhooks; their secrets are sealed, and never told. */
export function webhookHandlers(
  ports: TrackingPorts,
  deliver: Deliver,
  mayBePrivate: boolean,
): Handlers<'createWebhook' | 'listWebhooks' | 'getWebhook' | 'updateWebhook' | 'deleteWebhook' | 'testWebhook'> {
  const { db, now, vault } = ports;
  async function told(id: string): Promise<string> {
    const [row] = await db.query<{ json: string }>(`SELECT ${HOOK_JSON} AS json FROM webhooks w WHERE w.webhook_id = $1`, [id]);
    if (!row) throw missing(`Webhook with ID ${id} not found.`);
    return row.json;
  }
  const sealed = (secret: string | undefined) => (secret ? Buffer.from(vault.seal(secret)) : null);
  return {
    async createWebhook({ name, url, events, description, secret, status }) {
      checkName(name);
      checkUrl(url, mayBePrivate);
      const id = randomUUID();
      await db.query(
        `INSERT INTO webhooks (webhook_id, name, description, url, events, sealed_secret, status, creation_time, last_updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
        [id, name, description || null, url, JSON.stringify(checkEvents(events)), sealed(secret), status ?? 'ACTIVE', now()],
      );
      return { raw: `{"webhook":${await told(id)}}` };
    },
    async listWebhooks({ max_results, page_token }) {
      if (max_results !== undefined && (max_results < 1 || max_results > 1000)) throw invalid('max_results must be between 1 and 1000.');
      const size = pageSize(max_results, 100, 1000);
      const asked = fingerprint('webhooks');
      const from = placeOf(page_token, asked, 2);
      const rows = await db.query<{ json: string; creation_time: string; webhook_id: string }>(
        `SELECT ${HOOK_JSON} AS json, creation_time, webhook_id FROM webhooks w
         WHERE $1::bigint IS NULL OR creation_time < $1 OR (creation_time = $1 AND webhook_id > $2)
         ORDER BY creation_time DESC, webhook_id LIMIT $3`,
        [from?.last[0] ?? null, from?.last[1] ?? null, size + 1],
      );
      const page = rows.slice(0, size);
      const end = page.at(-1);
      const token =
        rows.length > size && end
          ? `,"next_page_token":${JSON.stringify(tokenOf({ phase: 0, last: [Number(end.creation_time), end.webhook_id] }, asked))}`
          : '';
      return { raw: page.length === 0 ? '{}' : `{"webhooks":[${page.map((r) => r.json).join(',')}]${token}}` };
    },
    getWebhook: async ({ webhook_id }) => ({ raw: `{"webhook":${await told(webhook_id)}}` }),
    async updateWebhook({ webhook_id, name, url, events, description, secret, status }) {
      if (name) checkName(name);
      if (url) checkUrl(url, mayBePrivate);
      const checked = events && events.length > 0 ? JSON.stringify(checkEvents(events)) : null;
      await db.query(
        `UPDATE webhooks SET name = coalesce($2, name), url = coalesce($3, url), events = coalesce($4::jsonb, events),
           description = coalesce($5, description), sealed_secret = coalesce($6, sealed_secret), status = coalesce($7, status),
           last_updated = greatest($8, last_updated + 1) WHERE webhook_id = $1`,
        [webhook_id, name || null, url || null, checked, description || null, sealed(secret), status ?? null, now()],
      );
      return { raw: `{"webhook":${await told(webhook_id)}}` };
    },
    async deleteWebhook({ webhook_id }) {
      const gone = await db.query('DELETE FROM webhooks WHERE webhook_id = $1 RETURNING 1', [webhook_id]);
      if (gone.length === 0) throw missing(`Webhook with ID ${webhook_id} not found.`);
      return {};
    },
    async testWebhook({ webhook_id, event }) {
      const hook = JSON.parse(await told(webhook_id)) as { url: string; events: readonly Event[] };
      const [row] = await db.query<{ sealed_secret: Buffer | null }>('SELECT sealed_secret FROM webhooks WHERE webhook_id = $1', [
        webhook_id,
      ]);
      const [checked] = event ? checkEvents([event]) : [];
      const { entity, action } = checked ?? hook.events[0] ?? { entity: 'REGISTERED_MODEL', action: 'CREATED' };
      const payload = payloadOf(entity, action, now(), sample(entity, action));
      const result = await deliverSealed(vault, row?.sealed_secret ?? null, deliver, { url: hook.url, deliveryId: randomUUID(), payload });
      return {
        result: {
          success: result.status !== null && result.status < 400,
          ...(result.status === null ? {} : { response_status: result.status }),
          ...(result.body === null ? {} : { response_body: result.body }),
          ...(result.error === null ? {} : { error_message: `Failed to test webhook: ${result.error}` }),
        },
      };
    },
  };
}

/** Made-up details for a trial delivery, those MLflow makes up (`mlflow/webhooks/types.py`). */
function sample(entity: string, action: string): object {
  const isPrompt = entity.startsWith('PROMPT');
  const name = isPrompt ? 'example_prompt' : 'example_model';
  const version = entity.includes('VERSION') || entity.endsWith('ALIAS') ? { version: '1' } : {};
  if (entity.endsWith('ALIAS')) return { name, alias: 'example_alias', ...(action === 'CREATED' ? version : {}) };
  if (entity.endsWith('TAG')) return { name, ...version, key: 'example_key', ...(action === 'SET' ? { value: 'example_value' } : {}) };
  const of =
    entity === 'PROMPT'
      ? 'prompt'
      : entity === 'PROMPT_VERSION'
        ? 'prompt version'
        : entity === 'MODEL_VERSION'
          ? 'model version'
          : 'registered model';
  const made = { tags: { example_key: 'example_value' }, description: `An example ${of}` };
  if (entity === 'MODEL_VERSION') return { name, ...version, source: 'models:/123', run_id: 'abcd1234abcd5678', ...made };
  return { name, ...version, ...(entity === 'PROMPT_VERSION' ? { template: 'Hello {{name}}!' } : {}), ...made };
}
