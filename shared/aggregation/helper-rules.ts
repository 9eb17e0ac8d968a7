import { sameBytes, toHex } from '#shared/domain/bytes.ts';
import { HORIZON_SLOTS } from '#shared/privacy/accountant.ts';
import { slotBegins, type TaskConfig, type TaskKind } from './config.ts';
import type { FlushHead, FlushMember } from './flush-message.ts';
import type { HelperShare } from './report.ts';

/** Slack the helper's clock grants the leader's, ms. */
export const CLOCK_SLACK_MS = 4 * 3_600_000;

/** A slot the helper has answered. */
export interface AnsweredSlot {
  /** SHA-256 of the request, hexadecimal. */
  readonly requestHash: string;
  readonly setRoot: Uint8Array;
}

/** What the helper's own records say of a request. */
export interface HelperRecords {
  /** The last slot answered; 0 before the first. */
  readonly lastSlot: number;
  /** The slot of this request, if it was answered. */
  readonly answered: AnsweredSlot | null;
  /** Report ids (hexadecimal) of this request that were ever in a flush of the task. */
  readonly seenReports: ReadonlySet<string>;
  /** By account tag (hexadecimal): slots it landed in, this task's and all of the family's. */
  readonly tags: ReadonlyMap<string, { readonly inTask: readonly number[]; readonly inFamily: readonly number[] }>;
}

/** Why the helper refuses; ids name the reports at fault. */
export type HelperRefusal =
  | 'set_mismatch'
  | 'past_slot'
  | 'slot_not_begun'
  | 'wrong_k'
  | 'below_floor'
  | 'bad_box'
  | 'seen_report'
  | 'tag_limit';

/** What the helper does with a request. */
export type HelperVerdict =
  | { readonly kind: 'replay' }
  | { readonly kind: 'accept'; readonly shares: readonly HelperShare[] }
  | { readonly kind: 'refuse'; readonly reason: HelperRefusal; readonly ids: readonly string[] };

const refuse = (reason: HelperRefusal, ids: readonly string[] = []): HelperVerdict => ({ kind: 'refuse', reason, ids });

/** Before any box is opened: is this a slot to answer, to answer again, or to refuse? Null: go on. */
export function judgeSlot(
  head: FlushHead,
  requestHash: string,
  config: TaskConfig,
  records: Pick<HelperRecords, 'lastSlot' | 'answered'>,
  floor: number,
  now: number,
): HelperVerdict | null {
  if (records.answered) return records.answered.requestHash === requestHash ? { kind: 'replay' } : refuse('set_mismatch');
  if (head.t <= records.lastSlot || head.t < config.from_slot) return refuse('past_slot');
  if (config.interval_ms === 0 && head.t !== records.lastSlot + 1) return refuse('slot_not_begun');
  if (slotBegins(config, head.t) > now + CLOCK_SLACK_MS) return refuse('slot_not_begun');
  if (head.k !== config.k || head.dim !== config.dim) return refuse('wrong_k');
  if (head.k < floor) return refuse('below_floor');
  return null;
}

function isForThisFlush(share: HelperShare | null, member: FlushMember, head: FlushHead, kind: TaskKind): share is HelperShare {
  return (
    share !== null &&
    share.header.kind === kind &&
    share.header.dim === head.dim &&
    sameBytes(share.header.taskId, head.taskId) &&
    sameBytes(share.header.configHash, head.configHash) &&
    sameBytes(share.header.reportId, member.reportId) &&
    sameBytes(share.leaderBoxHash, member.leaderBoxHash)
  );
}

/**
 * Hold every report of a request against the helper's records: its box opens and says the same, it was never counted, its account may
 * take part in this slot. One bad report refuses the whole, naming it, and nothing is stored.
 *
 * @param shares what each member's box held, in the members' order; null where it did not open
 */
export function judgeMembers(
  head: FlushHead,
  members: readonly FlushMember[],
  shares: readonly (HelperShare | null)[],
  config: TaskConfig,
  records: Pick<HelperRecords, 'seenReports' | 'tags'>,
): HelperVerdict {
  const idOf = (i: number) => toHex((members[i] as FlushMember).reportId);
  const bad = members.flatMap((member, i) => (isForThisFlush(shares[i] ?? null, member, head, config.kind) ? [] : [idOf(i)]));
  if (bad.length > 0) return refuse('bad_box', bad);
  const seen = members.flatMap((_, i) => (records.seenReports.has(idOf(i)) ? [idOf(i)] : []));
  if (seen.length > 0) return refuse('seen_report', seen);
  const inThis = new Set<string>();
  const overLimit = members.flatMap((_, i) => {
    const tag = toHex((shares[i] as HelperShare).accountTag);
    const own = records.tags.get(tag) ?? { inTask: [], inFamily: [] };
    const isTwice = inThis.has(tag);
    inThis.add(tag);
    const isTooSoon = own.inTask.some((t) => head.t - t < config.band);
    const isSpent = own.inFamily.filter((t) => t > head.t - HORIZON_SLOTS).length >= config.max_contributions;
    return isTwice || isTooSoon || isSpent ? [idOf(i)] : [];
  });
  if (overLimit.length > 0) return refuse('tag_limit', overLimit);
  return { kind: 'accept', shares: shares as readonly HelperShare[] };
}
