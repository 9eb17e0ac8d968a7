import type { Primitives } from '#shared/crypto/primitives.ts';
import { concat, dom, fromHex, toHex } from '#shared/domain/bytes.ts';
import { canonicalBytes, type Json } from '#shared/transparency/canonical-json.ts';

/** Where a report is on its way. */
export type ReportState = 'held' | 'frozen' | 'landed' | 'withdrawn' | 'expired' | 'rejected' | 'lost' | 'erased';

/** What the leader vouches for about a report; signed over its canonical JSON. */
export interface Receipt {
  readonly report_id: string;
  readonly task_id: string;
  readonly state: ReportState;
  readonly reason: string | null;
  /** Slot it was summed in. */
  readonly t: number | null;
  readonly log_index: number | null;
  /** Version that came of it. */
  readonly version: number | null;
  readonly version_status: string | null;
  readonly at: number;
}

const message = (receipt: Receipt): Uint8Array => concat(dom('examsgraph/v1/sign/receipt'), canonicalBytes(receipt as unknown as Json));

/** The leader's signature over a receipt, hexadecimal. */
export function signReceipt(crypto: Primitives, receipt: Receipt, seed: Uint8Array): string {
  return toHex(crypto.sign(message(receipt), seed));
}

/** Whether the leader signed this receipt. @param key hexadecimal */
export function isReceiptSigned(crypto: Primitives, receipt: Receipt, signature: string, key: string): boolean {
  return /^[0-9a-f]{128}$/.test(signature) && crypto.verify(message(receipt), fromHex(signature), fromHex(key));
}
