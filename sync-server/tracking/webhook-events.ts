import { randomUUID } from 'node:crypto';
import type { Sql } from '../ports/database.ts';

/** What may happen to what, and be told of: MLflow's pairs of entity and action. */
export const WEBHOOK_EVENTS: Readonly<Record<string, readonly string[]>> = {
  REGISTERED_MODEL: ['CREATED'],
  MODEL_VERSION: ['CREATED'],
  MODEL_VERSION_TAG: ['SET', 'DELETED'],
  MODEL_VERSION_ALIAS: ['CREATED', 'DELETED'],
  PROMPT: ['CREATED'],
  PROMPT_VERSION: ['CREATED'],
  PROMPT_TAG: ['SET', 'DELETED'],
  PROMPT_VERSION_TAG: ['SET', 'DELETED'],
  PROMPT_ALIAS: ['CREATED', 'DELETED'],
};

/** MLflow's mark of a prompt among the registered models. */
export const PROMPT_MARK = 'mlflow.prompt.is_prompt';

/** Where a prompt's version keeps its text. */
export const PROMPT_TEXT = 'mlflow.prompt.text';

const PROMPT_TYPE = '_mlflow_prompt_type';

/** Tags as a payload tells them: without what only marks a prompt. */
export const toldTags = (
  tags: readonly { readonly key: string; readonly value?: string | undefined }[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.flatMap((t) => ([PROMPT_MARK, PROMPT_TEXT, PROMPT_TYPE].includes(t.key) ? [] : [[t.key, t.value ?? '']])));

/** The text of a delivery: what happened, when, and its details. */
export const payloadOf = (entity: string, action: string, at: number, data: unknown): string =>
  JSON.stringify({ entity: entity.toLowerCase(), action: action.toLowerCase(), timestamp: new Date(at).toISOString(), data });

/** Queue a delivery, due at `at` (epoch ms), to every active webhook that listens, in the transaction of what happened: it goes out if and only if that holds. */
export async function notify(at: number, sql: Sql, entity: string, action: string, data: unknown): Promise<void> {
  const hooks = await sql.query<{ webhook_id: string }>(`SELECT webhook_id FROM webhooks WHERE status = 'ACTIVE' AND events @> $1::jsonb`, [
    JSON.stringify([{ entity, action }]),
  ]);
  const payload = payloadOf(entity, action, at, data);
  for (const { webhook_id } of hooks) {
    await sql.query('INSERT INTO webhook_deliveries (delivery_id, webhook_id, payload, next_at) VALUES ($1, $2, $3, $4)', [
      randomUUID(),
      webhook_id,
      payload,
      at,
    ]);
  }
}

/**
 * As `notify`, of what happened to a registered model, or to a prompt if it is one.
 *
 * @param entities the model's and the prompt's; null: of that nobody is told
 */
export async function notifyOf(
  at: number,
  sql: Sql,
  [model, prompt]: readonly [string | null, string],
  action: string,
  data: { readonly name: string; readonly [field: string]: unknown },
): Promise<void> {
  const [mark] = await sql.query<{ value: string }>('SELECT value FROM registered_model_tags WHERE name = $1 AND key = $2', [
    data.name,
    PROMPT_MARK,
  ]);
  const entity = mark?.value.toLowerCase() === 'true' ? prompt : model;
  if (entity) await notify(at, sql, entity, action, data);
}
