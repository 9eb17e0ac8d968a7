import type { Rng } from '#shared/maths/rng.ts';
import type { Scored } from './score.ts';
import { drawSlate, EXPLORE_RATE, type Pick } from './slate.ts';

/** A recommendation as Home shows it: one topic, its lead item and a few more of the same. */
export interface Card {
  readonly skill: string;
  /** The item drawn for this slot; its reason is the card's. */
  readonly lead: Pick;
  /** The lead and the rest, in the order they will be asked. */
  readonly picks: readonly Pick[];
}

const CARDS = 3;
const QUESTIONS_A_CARD = 6;

/** Three cards from as many topics as there are, each with up to six questions, every one drawn by the slate's rule. */
export function drawCards(list: readonly Scored[], rng: Rng, exploreRate = EXPLORE_RATE): readonly Card[] {
  const skillOf = (scored: Scored): string => scored.option.skills[0] ?? 'none';
  const isNew = (scored: Scored, picks: readonly Pick[]) => !picks.some((pick) => skillOf(pick.scored) === skillOf(scored));
  const leads = drawSlate(list, CARDS, rng, { isAllowed: isNew, exploreRate });
  const led = new Set(leads.map((lead) => lead.scored));
  return leads.map((lead) => {
    const skill = skillOf(lead.scored);
    const more = drawSlate(
      list.filter((s) => skillOf(s) === skill && !led.has(s)),
      QUESTIONS_A_CARD - 1,
      rng,
      { exploreRate },
    );
    return { skill, lead, picks: [lead, ...more] };
  });
}
