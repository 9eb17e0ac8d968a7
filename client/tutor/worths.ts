import { outlooksOf } from '#models/recommend/mastery.ts';
import { courageOf, hadTheirTurn, type Worth, worthsOf } from '#models/recommend/worth.ts';
import { remembered } from '#shared/domain/remembered.ts';
import { type Course, questionOf, type TutorState } from './tutor-state.ts';

/** Answers to look back on: what is older says little of a topic met since. */
const REMEMBERED = 1000;

const logitsBefore = new WeakMap<Course, ReadonlyMap<string, readonly number[]>>();

/** How hard the questions of each topic are by the shared model: the same as long as the page has this course. */
function topicLogits(course: Course): ReadonlyMap<string, readonly number[]> {
  const known = logitsBefore.get(course);
  if (known) return known;
  const logits = new Map<string, number[]>();
  for (const item of course.pack.items) for (const topic of item.topics) remembered(logits, topic, () => []).push(logitOf(course, item.id));
  logitsBefore.set(course, logits);
  return logits;
}

const logitOf = (course: Course, itemId: string): number => course.tables.item(questionOf(course, itemId)).logit;

/** What a question in each topic is good for now, from the latest standing answers. */
export function currentWorths(course: Course, state: TutorState): ReadonlyMap<string, Worth> {
  const answers = state.answers
    .slice(-REMEMBERED)
    .map((a) => ({ skills: questionOf(course, a.item_id).skills, logit: logitOf(course, a.item_id), y: a.correct }));
  const weights = new Map(course.pack.manifest.topics.map((t) => [t.id, t.weight]));
  return worthsOf(
    outlooksOf(answers, topicLogits(course)),
    weights,
    hadTheirTurn(answers.map((a) => a.skills)),
    courageOf(answers.map((a) => a.y)),
  );
}
