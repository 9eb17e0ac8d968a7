import type { Primitives } from '#shared/crypto/primitives.ts';
import { concat, dom, wordsOfBytes } from '#shared/domain/bytes.ts';

/** One stream for the whole vector: shape [dim], uint32. @param seed [32], random, used for one report */
export function maskWords(crypto: Primitives, seed: Uint8Array, taskId: Uint8Array, reportId: Uint8Array, dim: number): Uint32Array {
  const nonce = crypto.sha512(concat(dom('examsgraph/v1/mask'), taskId, reportId)).subarray(0, 24);
  return wordsOfBytes(crypto.stream(4 * dim, nonce, seed));
}

/** `(q + mask) mod 2^32`, shape as given. @param q what is sent, grid steps */
export function masked(q: Int32Array, mask: Uint32Array): Uint32Array {
  return Uint32Array.from(q, (step, i) => (step + (mask[i] as number)) >>> 0);
}

/** Adds words mod 2^32 into `sum`, in place. */
export function addInto(sum: Uint32Array, words: Uint32Array | Int32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = ((sum[i] as number) + (words[i] as number)) >>> 0;
}

/** Who a budget belongs to, as the helper sees it: the same for one account and family, unlinkable to the account. [32] */
export function accountTag(crypto: Primitives, tagSecret: Uint8Array, helperIdentity: Uint8Array, budgetFamily: Uint8Array): Uint8Array {
  return crypto.sha512(concat(dom('examsgraph/v1/account-tag/helper'), tagSecret, helperIdentity, budgetFamily)).slice(0, 32);
}
