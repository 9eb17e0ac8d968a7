import { clip, logit } from '#shared/maths/logistic.ts';
import { type Answer, type Question, skillsOf } from './question.ts';

/** What the crowd, or the author, says of one item or skill. */
export interface TableRow {
  /** Log-odds of a right answer, shrunk towards the prior; higher is easier. */
  readonly logit: number;
  /** ln(1 + n), n = answers behind it. */
  readonly seen: number;
}

/** The difficulty tables of one model version. Unknown keys fall to the pack's mean. */
export interface DifficultyTables {
  item(question: Question): TableRow;
  skill(id: string): TableRow;
}

interface Count {
  right: number;
  answers: number;
}

/** Right answers and answers per item and per skill; an answer to a multi-skill item counts for each of its skills. */
export interface Counts {
  readonly items: Map<string, Count>;
  readonly skills: Map<string, Count>;
  readonly total: Count;
}

const ITEM_WEIGHT = 8;
const SKILL_WEIGHT = 20;

function shrunk(count: Count | undefined, prior: number, weight: number): TableRow {
  const right = count ? clip(count.right, 0, count.answers) : 0;
  const answers = Math.max(0, count?.answers ?? 0);
  return { logit: logit(clip((right + weight * prior) / (answers + weight), 0.01, 0.99)), seen: Math.log1p(answers) };
}

/** A fresh, empty set of counts. */
export function noCounts(): Counts {
  return { items: new Map(), skills: new Map(), total: { right: 0, answers: 0 } };
}

function add(count: Count | undefined, y: number): Count {
  return { right: (count?.right ?? 0) + y, answers: (count?.answers ?? 0) + 1 };
}

/** Counts one answer; changes `counts` in place. */
export function countAnswer(counts: Counts, { question, y }: Answer): void {
  counts.items.set(question.id, add(counts.items.get(question.id), y));
  for (const skill of skillsOf(question)) counts.skills.set(skill, add(counts.skills.get(skill), y));
  counts.total.right += y;
  counts.total.answers += 1;
}

function kept(rows: Map<string, TableRow>, key: string, row: TableRow): TableRow {
  rows.set(key, row);
  return row;
}

/**
 * Tables from counts: `logit(clip((s + 8 m) / (n + 8), .01, .99))` per item, 20 for 8 per skill; m is the author's prior of the item,
 * or else the mean.
 *
 * @param fallbackMean prior of items without one, and of all skills; default: the counts' own mean, .65 if there are none
 */
export function tablesFrom(counts: Counts, fallbackMean?: number): DifficultyTables {
  const mean = fallbackMean ?? (counts.total.answers > 0 ? counts.total.right / counts.total.answers : 0.65);
  const items = new Map<string, TableRow>();
  const skills = new Map<string, TableRow>();
  return {
    item: (question) =>
      items.get(question.id) ?? kept(items, question.id, shrunk(counts.items.get(question.id), question.prior ?? mean, ITEM_WEIGHT)),
    skill: (id) => skills.get(id) ?? kept(skills, id, shrunk(counts.skills.get(id), mean, SKILL_WEIGHT)),
  };
}

/** Tables of a pack nobody has answered yet: the authors' priors alone. */
export function priorTables(questions: readonly Question[]): DifficultyTables {
  const priors = questions.map((q) => q.prior ?? 0.65);
  const mean = priors.length === 0 ? 0.65 : priors.reduce((a, b) => a + b, 0) / priors.length;
  return tablesFrom(noCounts(), mean);
}
