import { drawIndex, type Rng } from '#shared/maths/rng.ts';
import { fitOf, type Scored, TERMS, type Term } from './score.ts';

/** Name and version of the drawing rule; logged with every slate. */
export const POLICY = 'softmax-0.05-explore-0.05/4';

const SHORT_LIST = 50;
const TEMPERATURE = 0.05;
/** Share of picks drawn uniformly, so that the log can judge other policies later. */
export const EXPLORE_RATE = 0.05;
const DIVERSITY = 0.15;

/** Why an item was picked. */
export type Reason = Term | 'explore';

/** One item of a slate as drawn. */
export interface Pick {
  readonly scored: Scored;
  /** Probability that the policy picked this item here, given the picks before it; in (0, 1]. */
  readonly propensity: number;
  /** How many items it was drawn from. */
  readonly eligibleCount: number;
  readonly reason: Reason;
}

function slateShare(skills: readonly string[], picks: readonly Pick[]): number {
  if (picks.length === 0) return 0;
  return picks.filter((pick) => pick.scored.option.skills.some((k) => skills.includes(k))).length / picks.length;
}

function probabilities(scores: readonly number[], exploreRate: number): number[] {
  const top = Math.max(...scores);
  const weights = scores.map((s) => Math.exp((s - top) / TEMPERATURE));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => ((1 - exploreRate) * w) / total + exploreRate / scores.length);
}

function medians(list: readonly Scored[]): Record<Term, number> {
  const values = new Float64Array(list.length);
  const median = (term: Term) => {
    for (let i = 0; i < values.length; i++) values[i] = (list[i] as Scored).terms[term];
    return values.sort()[Math.floor((values.length - 1) / 2)] ?? 0;
  };
  return { fit: median('fit'), weak: median('weak'), due: median('due'), cold: median('cold'), unseen: median('unseen') };
}

/** By score, equal ones by id. */
const byRank = (a: Scored, b: Scored): number => b.score - a.score || (a.option.itemId < b.option.itemId ? -1 : 1);

/** The first of the list by rank, from which a pick is drawn: of thousands, most are looked at once. */
export function shortList(list: Iterable<Scored>): Scored[] {
  const first: Scored[] = [];
  for (const scored of list) {
    const last = first[SHORT_LIST - 1];
    if (last && byRank(last, scored) < 0) continue;
    let at = Math.min(first.length, SHORT_LIST - 1);
    for (; at > 0 && byRank(first[at - 1] as Scored, scored) > 0; at--) first[at] = first[at - 1] as Scored;
    first[at] = scored;
  }
  return first;
}

/** A chance within an eighth of the target counts as the right difficulty. */
const FIT_ENOUGH = fitOf(1 / 8, 0);

/** The term furthest above its median among the eligible: the honest reason. A free try where no term speaks for the item. */
function reasonOf({ terms }: Scored, middle: Record<Term, number>): Reason {
  let best: Reason = 'explore';
  let lead = 0;
  for (const term of TERMS) {
    const above = terms[term] - middle[term];
    if (above >= lead && terms[term] > 0 && (term !== 'fit' || terms.fit >= FIT_ENOUGH)) [best, lead] = [term, above];
  }
  return best;
}

/** What a draw may be told beyond the policy. */
export interface DrawRule {
  /** Narrows what the next pick is drawn from; where it leaves nothing, it is ignored. */
  readonly isAllowed?: (scored: Scored, picks: readonly Pick[]) => boolean;
  /** The uniform part; .05 unless told. */
  readonly exploreRate?: number;
}

/**
 * Draw a slate one by one from `.95 softmax(score / .05) + .05 uniform` over what remains of the first 50 by score,
 * each score lowered by .15 times the share of the slate that already has one of its skills.
 *
 * @param list eligible options, scored
 * @returns at most `size` picks, each with its propensity
 */
export function drawSlate(
  list: readonly Scored[],
  size: number,
  rng: Rng,
  { isAllowed = () => true, exploreRate = EXPLORE_RATE }: DrawRule = {},
): readonly Pick[] {
  const middle = medians(list);
  const picks: Pick[] = [];
  const taken = new Set<Scored>();
  while (picks.length < size && taken.size < list.length) {
    const rest = list.filter((s) => !taken.has(s));
    const allowed = shortList(rest.filter((s) => isAllowed(s, picks)));
    const pool = allowed.length > 0 ? allowed : shortList(rest);
    const scores = pool.map((s) => s.score - DIVERSITY * slateShare(s.option.skills, picks));
    const chances = probabilities(scores, exploreRate);
    const index = drawIndex(chances, rng);
    const scored = pool[index] as Scored;
    const isGreedy = (chances[index] as number) >= Math.max(...chances) / 3;
    picks.push({
      scored,
      propensity: chances[index] as number,
      eligibleCount: pool.length,
      reason: isGreedy ? reasonOf(scored, middle) : 'explore',
    });
    taken.add(scored);
  }
  return picks;
}
