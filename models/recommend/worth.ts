import { sigmoid } from '#shared/maths/logistic.ts';
import type { Outlook } from './mastery.ts';

const LATEST = 10;
const TURNS = 4;

/** Skills that were asked in four of the latest ten answers or more: they give way to the others. @param skillsOfAnswers skills of every answer, in order */
export function hadTheirTurn(skillsOfAnswers: readonly (readonly string[])[]): ReadonlySet<string> {
  const latest = skillsOfAnswers.slice(-LATEST).flat();
  return new Set(latest.filter((skill) => latest.filter((other) => other === skill).length >= TURNS));
}

/** Right answers of the latest ten that are enough for learning to weigh in full. */
const ENOUGH_RIGHT = 4;

/**
 * How much learning weighs after what went wrong lately: in full while four of the latest ten answers were right, less with every one fewer,
 * nothing after ten wrong ones, when questions near the target chance have their turn. Who fails at everything learns nothing and stops.
 *
 * @param outcomes of every answer, in order
 */
export function courageOf(outcomes: readonly (0 | 1)[]): number {
  const latest = outcomes.slice(-LATEST);
  const right = latest.reduce<number>((sum, y) => sum + y, 0);
  return latest.length < LATEST ? 1 : Math.min(1, right / ENOUGH_RIGHT);
}

/** Share of the exam to master first: four fifths, the rest waits. */
const FIRST_SHARE = 0.8;
/** Answers by which a skill may lie beyond the nearest and still count half. */
const LEEWAY = 6;
/** What a skill far beyond them counts: its turn comes when the nearer ones are mastered. */
const WAITING = 0.1;

/** What a question in a skill is good for now. */
export interface Worth {
  /** For mastering the exam, 0–1: not mastered yet, heavy, within reach, and not just asked. */
  readonly toLearn: number;
  /** For finding out whether the skill is mastered, 0–1: greatest where that is as likely as not. */
  readonly toTell: number;
}

/** How far off the nearest skills that make up four fifths of the exam reach, in answers. */
function reachOf(outlooks: ReadonlyMap<string, Outlook>, weightOf: (skill: string) => number): number {
  const nearest = [...outlooks].sort(([, a], [, b]) => a.answersToGo - b.answersToGo);
  let rest = FIRST_SHARE * nearest.reduce((sum, [skill]) => sum + weightOf(skill), 0);
  for (const [i, [skill, { answersToGo }]] of nearest.entries()) {
    rest -= weightOf(skill);
    const beyond = nearest[i + 1];
    if (rest <= 1e-9 && beyond) return (answersToGo + beyond[1].answersToGo) / 2;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * What a question in each skill is good for now. To learn: the chance that the skill is not mastered yet, less for one further off than the
 * nearest four fifths of the exam, times its weight in the exam; nothing for one that just had its turn.
 *
 * @param skillWeights exam weight of each skill; those missing count nothing
 * @param courage      0–1: how much learning weighs now
 */
export function worthsOf(
  outlooks: ReadonlyMap<string, Outlook>,
  skillWeights: ReadonlyMap<string, number>,
  hadTurn: ReadonlySet<string>,
  courage = 1,
): ReadonlyMap<string, Worth> {
  const largest = Math.max(...skillWeights.values(), 1e-9);
  const weightOf = (skill: string) => (skillWeights.get(skill) ?? 0) / largest;
  const reach = reachOf(outlooks, weightOf);
  const worthOf = (skill: string, { left, answersToGo }: Outlook): Worth => ({
    toLearn: hadTurn.has(skill)
      ? 0
      : courage * left * weightOf(skill) * (WAITING + (1 - WAITING) * sigmoid((reach - answersToGo) / LEEWAY)),
    toTell: 4 * left * (1 - left),
  });
  return new Map([...outlooks].map(([skill, outlook]) => [skill, worthOf(skill, outlook)]));
}
