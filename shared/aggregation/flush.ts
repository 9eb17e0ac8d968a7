import { unreachable } from '#shared/domain/result.ts';
import { HORIZON_SLOTS } from '#shared/privacy/accountant.ts';
import type { TaskConfig } from './config.ts';

/** A report as the leader holds it, contents aside: they are never consulted when a set is chosen. */
export interface HeldReport {
  readonly reportId: string;
  readonly accountId: string;
  /** Arrival number: the older goes first. */
  readonly arrival: number;
  /** Slots this account's reports landed in. */
  readonly landed: readonly number[];
}

/** Whether an account may land in slot t: at least b after its last, fewer than P in 52 slots. */
export function mayLand(
  landed: readonly number[],
  t: number,
  { band, max_contributions }: Pick<TaskConfig, 'band' | 'max_contributions'>,
): boolean {
  return landed.every((s) => t - s >= band) && landed.filter((s) => s > t - HORIZON_SLOTS).length < max_contributions;
}

/** The K oldest reports of distinct accounts that may land in slot t; null while there are fewer. */
export function chooseMembers(held: readonly HeldReport[], t: number, config: TaskConfig): readonly HeldReport[] | null {
  const accounts = new Set<string>();
  const chosen: HeldReport[] = [];
  for (const report of [...held].sort((a, b) => a.arrival - b.arrival)) {
    if (accounts.has(report.accountId) || !mayLand(report.landed, t, config)) continue;
    accounts.add(report.accountId);
    chosen.push(report);
    if (chosen.length === config.k) return chosen;
  }
  return null;
}

/** A flush as it stands: what the leader has committed to. */
export type FlushState =
  | { readonly kind: 'none' }
  | { readonly kind: 'frozen'; readonly slot: number; readonly members: readonly string[] }
  | { readonly kind: 'answered'; readonly slot: number; readonly members: readonly string[] }
  | { readonly kind: 'released'; readonly slot: number; readonly members: readonly string[] }
  | { readonly kind: 'lost'; readonly slot: number };

/** What can happen to a flush. */
export type FlushEvent =
  | { readonly kind: 'freeze'; readonly slot: number; readonly members: readonly string[] }
  | { readonly kind: 'answer' }
  | { readonly kind: 'refusal'; readonly ids: readonly string[] }
  | { readonly kind: 'release' }
  | { readonly kind: 'lose' };

/**
 * The life of a flush: none → frozen → answered → released. A refusal by the helper frees the set (the helper stored nothing), so the
 * same slot may be frozen again. Anything else out of order is a bug and changes nothing.
 *
 * @throws RangeError for an event that cannot follow
 */
export function reduceFlush(state: FlushState, event: FlushEvent): FlushState {
  const refuse = (): never => {
    throw new RangeError(`${event.kind} cannot follow ${state.kind}`);
  };
  switch (event.kind) {
    case 'freeze':
      return state.kind === 'none' ? { kind: 'frozen', slot: event.slot, members: event.members } : refuse();
    case 'answer':
      return state.kind === 'frozen' ? { ...state, kind: 'answered' } : refuse();
    case 'refusal':
      return state.kind === 'frozen' ? { kind: 'none' } : refuse();
    case 'release':
      return state.kind === 'answered' ? { ...state, kind: 'released' } : refuse();
    case 'lose':
      return state.kind === 'frozen' || state.kind === 'answered' ? { kind: 'lost', slot: state.slot } : refuse();
    default:
      return unreachable(event);
  }
}
