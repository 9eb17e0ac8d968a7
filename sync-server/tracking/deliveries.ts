import type { Deliver, Delivery, DeliveryResult } from './deliver.ts';
import type { TrackingPorts, Vault } from './tracking.ts';

interface Due {
  readonly delivery_id: string;
  readonly payload: string;
  readonly tries: number;
  readonly url: string;
  readonly sealed_secret: Buffer | null;
}

const MOST_TRIES = 4;
const LEASE_MS = 60_000;
const KEEP_MS = 7 * 86_400_000;

const isWorthRetrying = (status: number | null): boolean => status === null || status === 429 || status >= 500;

/** Deliver with the opened secret; what cannot be opened, because the server has another key by now, is not delivered, nor ever will be. */
export async function deliverSealed(
  vault: Vault,
  sealed: Uint8Array | null,
  deliver: Deliver,
  delivery: Omit<Delivery, 'secret'>,
): Promise<DeliveryResult & { readonly isOpen: boolean }> {
  let secret: string | null = null;
  try {
    secret = sealed ? vault.open(sealed) : null;
  } catch {
    return { status: null, body: null, error: 'its secret cannot be opened: give it a new one', isOpen: false };
  }
  return { ...(await deliver({ ...delivery, secret })), isOpen: true };
}

/**
 * Send what is due: each delivery is claimed for a minute, so that no other server sends it meanwhile; three more tries after a 429, a 5xx or
 * no answer at all, each later than the one before.
 *
 * @returns how many were sent or given up
 */
export async function sendDue({ db, now, vault }: TrackingPorts, deliver: Deliver): Promise<number> {
  await db.query('DELETE FROM webhook_deliveries WHERE outcome IS NOT NULL AND next_at < $1', [now() - KEEP_MS]);
  const due = await db.query<Due>(
    `UPDATE webhook_deliveries d SET next_at = $2, tries = d.tries + 1 FROM webhooks w WHERE d.webhook_id = w.webhook_id AND d.delivery_id IN (
       SELECT delivery_id FROM webhook_deliveries WHERE outcome IS NULL AND next_at <= $1 ORDER BY next_at LIMIT 20 FOR UPDATE SKIP LOCKED)
     RETURNING d.delivery_id, d.payload, d.tries, w.url, w.sealed_secret`,
    [now(), now() + LEASE_MS],
  );
  let ended = 0;
  await Promise.all(
    due.map(async ({ delivery_id, payload, tries, url, sealed_secret }) => {
      const { status, error, isOpen } = await deliverSealed(vault, sealed_secret, deliver, { url, deliveryId: delivery_id, payload });
      const again = isOpen && isWorthRetrying(status) && tries < MOST_TRIES;
      if (!again) ended += 1;
      await db.query('UPDATE webhook_deliveries SET next_at = $2, outcome = $3 WHERE delivery_id = $1', [
        delivery_id,
        again ? now() + 1000 * 4 ** tries : now(),
        again ? null : (error ?? String(status)),
      ]);
    }),
  );
  return ended;
}
