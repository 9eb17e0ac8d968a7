import { FEATURE_VERSION } from '#models/difficulty/features.ts';
import { predict } from '#models/difficulty/personal-model.ts';
import { type Card, drawCards } from '#models/recommend/cards.ts';
import { recall } from '#models/recommend/recall.ts';
import { eligible, type Option, type Scored, scoreOptions } from '#models/recommend/score.ts';
import { drawSlate, type Pick, POLICY } from '#models/recommend/slate.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Body } from '#shared/tracking/event.ts';
import { type Course, questionOf, type TutorState } from './tutor-state.ts';

interface PastOfItem {
  readonly outcomes: (0 | 1)[];
  lastIndex: number;
  lastAt: number;
}

function pastByItem(state: TutorState): ReadonlyMap<string, PastOfItem> {
  const past = new Map<string, PastOfItem>();
  state.answers.forEach((a, index) => {
    const entry = past.get(a.item_id) ?? { outcomes: [], lastIndex: index, lastAt: a.at };
    entry.outcomes.push(a.correct);
    entry.lastIndex = index;
    entry.lastAt = a.at;
    past.set(a.item_id, entry);
  });
  return past;
}

/** Score what may be asked now, without a tensor library. @param exclude items not to ask, such as those of the running session */
export function scoredOptions(
  course: Course,
  state: TutorState,
  targetP: number,
  now: number,
  exclude: ReadonlySet<string>,
): readonly Scored[] {
  const past = pastByItem(state);
  const all = course.pack.items.flatMap((item): Option[] => {
    if (item.status === 'retired') return [];
    const own = past.get(item.id);
    return [
      {
        itemId: item.id,
        skills: item.topics,
        p: predict(state.model, questionOf(course, item.id)).p,
        attempts: own?.outcomes.length ?? 0,
        answersAgo: own ? state.answers.length - own.lastIndex : Number.POSITIVE_INFINITY,
        due: own ? 1 - recall(own.outcomes, own.lastAt, now) : 0,
      },
    ];
  });
  const wanted = all.filter((o) => !exclude.has(o.itemId));
  const fresh = eligible(wanted);
  const skillWeights = new Map(course.pack.manifest.topics.map((t) => [t.id, t.weight]));
  return scoreOptions(fresh.length > 0 ? fresh : wanted, all, { targetP, answers: state.answers.length, skillWeights });
}

type LoggedPick = Body<'slate.shown'>['slots'][number]['picks'][number];

function logged({ scored, propensity, eligibleCount, reason }: Pick): LoggedPick {
  return { item_id: scored.option.itemId, p: scored.option.p, propensity, eligible: eligibleCount, reason, terms: { ...scored.terms } };
}

/** What a slate says about how it was drawn. */
interface SlateHead {
  readonly slateId: string;
  readonly packId: string;
  readonly targetP: number;
  readonly modelVersion: string;
}

function slateBody(head: SlateHead, purpose: 'home' | 'next', slots: readonly (readonly Pick[])[]): Body<'slate.shown'> {
  return {
    slate_id: head.slateId,
    pack_id: head.packId,
    purpose,
    policy: POLICY,
    feature_version: FEATURE_VERSION,
    target_p: head.targetP,
    model_version: head.modelVersion,
    slots: slots.map((picks, slot) => ({ slot, picks: picks.map(logged) })),
  };
}

/** Draw the next question of a session, as the slate to log; null when nothing is left to ask. */
export function drawNext(head: SlateHead, options: readonly Scored[], rng: Rng): Body<'slate.shown'> | null {
  const picks = drawSlate(options, 1, rng);
  return picks.length === 0 ? null : slateBody(head, 'next', [picks]);
}

/** Draw the three recommendations of Home, as the slate to log. */
export function drawHome(head: SlateHead, options: readonly Scored[], rng: Rng): Body<'slate.shown'> | null {
  const cards: readonly Card[] = drawCards(options, rng);
  return cards.length === 0
    ? null
    : slateBody(
        head,
        'home',
        cards.map((card) => card.picks),
      );
}
