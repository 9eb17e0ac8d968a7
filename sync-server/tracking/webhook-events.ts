import { randomUUID } from 'node:crypto';
import type { Sql } from '../ports/database.ts';
import type { TrackingPorts } from './tracking.ts';

/** What may happen to what, and be told of: MLflow's pairs of entity and action. */
export const WEBHOOK_EVENTS: Readonly<Record<string, readonly string[]>> = {
  REGISTERED_MODEL: ['CREATED'],
  MODEL_VERSION: ['CREATED'],
  MODEL_VERSION_TAG: ['SET', 'DELETED'],
  MODEL_VERSION_ALIAS: ['CREATED', 'DELETED'],
};

/** The text of a delivery: what happened, when, and its details. */
export const payloadOf = (entity: string, action: string, at: number, data: unknown): string =>
  JSON.stringify({ entity: entity.toLowerCase(), action: action.toLowerCase(), timestamp: new Date(at).toISOString(), data });

/** Queue a delivery to every active webhook that listens, in the transaction of what happened: it goes out if and only if that holds. */
export async function notify({ now }: Pick<TrackingPorts, 'now'>, sql: Sql, entity: string, action: string, data: unknown): Promise<void> {
  const hooks = await sql.query<{ webhook_id: string }>(`SELECT webhook_id FROM webhooks WHERE status = 'ACTIVE' AND events @> $1::jsonb`, [
    JSON.stringify([{ entity, action }]),
  ]);
  const payload = payloadOf(entity, action, now(), data);
  for (const { webhook_id } of hooks) {
    await sql.query('INSERT INTO webhook_deliveries (delivery_id, webhook_id, payload, next_at) VALUES ($1, $2, $3, $4)', [
      randomUUID(),
      webhook_id,
      payload,
      now(),
    ]);
  }
}
