import { FEATURE_VERSION } from '#models/difficulty/features.ts';
import { type PersonalModel, predict } from '#models/difficulty/personal-model.ts';
import { eligible, type Option, type Scored, scoreOptions } from '#models/recommend/score.ts';
import { drawSlate, type Pick, POLICY } from '#models/recommend/slate.ts';
import type { Worth } from '#models/recommend/worth.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Body } from '#shared/tracking/event.ts';
import { type Course, questionOf, type TutorState } from './tutor-state.ts';

/** How many answers ago each question of the latest ones was asked; older ones do not matter. */
function recentlyAsked(state: TutorState): ReadonlyMap<string, number> {
  const ago = new Map<string, number>();
  state.answers.slice(-RECENT).forEach((a, i, recent) => {
    ago.set(a.item_id, recent.length - i);
  });
  return ago;
}

const RECENT = 50;
const SLICE = 50;

/** Chances worked out ahead, by the model they belong to: an answer makes a new model. */
const foreseen = new WeakMap<PersonalModel, Map<string, number>>();

function chanceOf(course: Course, model: PersonalModel, itemId: string): number {
  return foreseen.get(model)?.get(itemId) ?? predict(model, questionOf(course, itemId)).p;
}

/** Work the chances of every question out ahead, a slice at a time, while the learner reads. @param rest yields to the page */
export async function foresee(course: Course, state: TutorState, rest: () => Promise<void>): Promise<void> {
  const { model } = state;
  const chances = new Map<string, number>();
  for (const [i, item] of course.pack.items.entries()) {
    if (i % SLICE === 0) await rest();
    if (state.model !== model) return;
    chances.set(item.id, predict(model, questionOf(course, item.id)).p);
  }
  foreseen.set(model, chances);
}

/** What decides which question comes next. */
export interface Wanted {
  readonly targetP: number;
  /** Epoch ms. */
  readonly now: number;
  /** Items not to ask, such as those of the running session. */
  readonly exclude: ReadonlySet<string>;
  /** Ask of these topics alone; absent: of all. */
  readonly topics?: readonly string[] | undefined;
  readonly worths: ReadonlyMap<string, Worth>;
}

/** Score what may be asked now, without a tensor library. */
export function scoredOptions(course: Course, state: TutorState, { targetP, now, exclude, topics, worths }: Wanted): readonly Scored[] {
  const ago = recentlyAsked(state);
  const { memories, scheduler } = state.recollection;
  const all: Option[] = [];
  for (const item of course.pack.items) {
    if (item.status === 'retired' || state.suspended.has(item.id)) continue;
    if (topics && !item.topics.some((topic) => topics.includes(topic))) continue;
    const memory = memories.get(item.id);
    all.push({
      itemId: item.id,
      skills: item.topics,
      p: chanceOf(course, state.model, item.id),
      attempts: memory?.answers ?? 0,
      answersAgo: ago.get(item.id) ?? Number.POSITIVE_INFINITY,
      due: memory && scheduler ? 1 - scheduler.recall(memory, now) : 0,
    });
  }
  const wanted = all.filter((o) => !exclude.has(o.itemId));
  const fresh = eligible(wanted);
  const situation = { targetP, answers: state.answers.length, worths };
  return scoreOptions(fresh.length > 0 ? fresh : wanted, situation);
}

/** What a question in each topic is good for before anything was answered: its part of the exam. */
function worthsAtFirst(course: Course): ReadonlyMap<string, Worth> {
  const { topics } = course.pack.manifest;
  const largest = Math.max(...topics.map((t) => t.weight));
  return new Map(topics.map((t) => [t.id, { toLearn: t.weight / largest, toTell: 1 }]));
}

/** What a question in each topic is good for now. What mastery is believed from is fetched with the first answer: the first question waits for none of it. */
export async function worthsNow(course: Course, state: TutorState): Promise<ReadonlyMap<string, Worth>> {
  return state.answers.length === 0 ? worthsAtFirst(course) : (await import('./worths.ts')).currentWorths(course, state);
}

type LoggedPick = Body<'slate.shown'>['slots'][number]['picks'][number];

function logged({ scored, propensity, eligibleCount, reason }: Pick): LoggedPick {
  return { item_id: scored.option.itemId, p: scored.option.p, propensity, eligible: eligibleCount, reason, terms: { ...scored.terms } };
}

/** What a slate says about how it was drawn. */
export interface SlateHead {
  readonly slateId: string;
  readonly packId: string;
  readonly targetP: number;
  readonly modelVersion: string;
}

/** A slate as the event that logs it. */
export function slateBody(head: SlateHead, purpose: 'home' | 'next', slots: readonly (readonly Pick[])[]): Body<'slate.shown'> {
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
