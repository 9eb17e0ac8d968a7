import { outlooksOf } from '#models/recommend/mastery.ts';
import { courageOf, hadTheirTurn, type Worth, worthsOf } from '#models/recommend/worth.ts';
import { remembered } from '#shared/domain/remembered.ts';
import { type Course, questionOf, type TutorState } from './tutor-state.ts';

/** Answers to look back on: what is older says little of a topic met since. */
const REMEMBERED = 1000;

/** What a question in each topic is good for now, from the latest standing answers. */
export function currentWorths(course: Course, state: TutorState): ReadonlyMap<string, Worth> {
  const logitOf = (itemId: string) => course.tables.item(questionOf(course, itemId)).logit;
  const answers = state.answers
    .slice(-REMEMBERED)
    .map((a) => ({ skills: questionOf(course, a.item_id).skills, logit: logitOf(a.item_id), y: a.correct }));
  const itemLogits = new Map<string, number[]>();
  for (const item of course.pack.items) for (const topic of item.topics) remembered(itemLogits, topic, () => []).push(logitOf(item.id));
  const weights = new Map(course.pack.manifest.topics.map((t) => [t.id, t.weight]));
  return worthsOf(outlooksOf(answers, itemLogits), weights, hadTheirTurn(answers.map((a) => a.skills)), courageOf(answers.map((a) => a.y)));
}
