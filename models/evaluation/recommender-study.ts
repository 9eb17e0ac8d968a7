import { below, type Rng, seededRng } from '#shared/maths/rng.ts';
import { absorb, freshModel, type Network, type PersonalModel, predict } from '../difficulty/personal-model.ts';
import type { Question } from '../difficulty/question.ts';
import { priorTables } from '../difficulty/tables.ts';
import { outlooksOf } from '../recommend/mastery.ts';
import { eligible, type Option, scoreOptions } from '../recommend/score.ts';
import { drawSlate, shortList } from '../recommend/slate.ts';
import { courageOf, hadTheirTurn, type Worth, worthsOf } from '../recommend/worth.ts';
import { type Memory, type Scheduler, scheduler } from '../review/memory.ts';
import {
  factsLearner,
  gradualLearner,
  type SimulatedExam,
  type SimulatedLearner,
  simulatedExam,
  stubbornLearner,
  suddenLearner,
} from '../synthetic/simulators.ts';

/** Everything a policy may look at: the log and what models make of it, never the learner's inside. */
export interface Desk {
  readonly exam: SimulatedExam;
  readonly questions: readonly Question[];
  readonly model: PersonalModel;
  readonly memories: Map<number, Memory>;
  readonly fsrs: Scheduler;
  readonly latest: number[];
  readonly outcomes: (0 | 1)[];
  answers: number;
  now: number;
  readonly rng: Rng;
}

type Policy = (desk: Desk) => number;

const DAY_MS = 86_400_000;
const A_DAY = 20;
const MOST = 1500;
const JUDGED_AFTER = 160;
const ENOUGH = 0.8;
const RETENTION = 0.9;
const SECONDS = 20;
const SKILLS = 12;
const ITEMS_EACH = 20;
/** Items of each skill that no policy may ask: what they gain was learnt from others. */
const KEPT_BACK = 2;

/** Items come round by skill, so the last ones of each are the last of all. */
const isKeptBack = (item: number): boolean => item >= SKILLS * (ITEMS_EACH - KEPT_BACK);

const askable = ({ exam }: Desk): readonly number[] => exam.skillOf.flatMap((_, i) => (isKeptBack(i) ? [] : [i]));

const isResting = ({ latest }: Desk, item: number): boolean => latest.slice(-10).includes(item);

function optionsOf(desk: Desk): readonly Option[] {
  const { questions, model, memories, fsrs, latest, now } = desk;
  return askable(desk).map((i): Option => {
    const question = questions[i] as Question;
    const memory = memories.get(i);
    const ago = latest.lastIndexOf(i);
    return {
      itemId: String(i),
      skills: question.skills,
      p: predict(model, question).p,
      attempts: memory?.answers ?? 0,
      answersAgo: ago < 0 ? Number.POSITIVE_INFINITY : latest.length - ago,
      due: memory ? 1 - fsrs.recall(memory, now) : 0,
    };
  });
}

function currentWorths({ exam, questions, model, latest, outcomes }: Desk): ReadonlyMap<string, Worth> {
  const logits = questions.map((q) => model.tables.item(q).logit);
  const skillsOf = (item: number) => (questions[item] as Question).skills;
  const answered = latest.map((item, t) => ({ skills: skillsOf(item), logit: logits[item] as number, y: outcomes[t] as 0 | 1 }));
  const names = Array.from({ length: exam.skills }, (_, k) => String(k));
  const itemLogits = new Map(names.map((name, k) => [name, logits.filter((_, i) => exam.skillOf[i] === k)]));
  const weights = new Map(names.map((name) => [name, 1 / exam.skills]));
  return worthsOf(outlooksOf(answered, itemLogits), weights, hadTheirTurn(latest.map(skillsOf)), courageOf(outcomes));
}

/** The product's own: a slate of one, drawn; and the items it was drawn from. */
export function chooseOurs(desk: Desk) {
  const list = scoreOptions(eligible(optionsOf(desk)), { targetP: 0.8, answers: desk.answers, worths: currentWorths(desk) });
  const [pick] = drawSlate(list, 1, desk.rng);
  if (!pick) throw new Error('nothing to ask');
  return { pick, list: shortList(list).map((s) => Number(s.option.itemId)) };
}

const ours: Policy = (desk) => Number(chooseOurs(desk).pick.scored.option.itemId);

/** A flashcard app's, which asks whatever is due, else whatever has rested. */
const randomWithinDue: Policy = (desk) => {
  const { memories, fsrs, now, rng } = desk;
  const rested = askable(desk).filter((i) => !isResting(desk, i));
  const due = rested.filter((i) => {
    const memory = memories.get(i);
    return memory !== undefined && fsrs.recall(memory, now) < RETENTION;
  });
  const pool = due.length > 0 ? due : rested;
  return pool[below(pool.length, rng)] as number;
};

/** Any rested question of the skill that has gone worst so far. */
const weakestFirst: Policy = (desk) => {
  const { exam, model, rng } = desk;
  const rate = (k: number) => {
    const tally = model.history.skills.get(String(k));
    return ((tally?.wins ?? 0) + 1.5) / ((tally?.attempts ?? 0) + 2);
  };
  const rested = askable(desk).filter((i) => !isResting(desk, i));
  const lowest = Math.min(...rested.map((i) => rate(exam.skillOf[i] as number)));
  const pool = rested.filter((i) => rate(exam.skillOf[i] as number) === lowest);
  return pool[below(pool.length, rng)] as number;
};

/** The policies compared. */
export const POLICIES = { ours, 'random within due': randomWithinDue, 'weakest first': weakestFirst } as const;

/** Name of a policy. */
export type PolicyName = keyof typeof POLICIES;

/** The simulators: as our model assumes, all-or-none, unlike it, and one that no constant was tuned on. */
export const SIMULATORS = { gradual: gradualLearner, sudden: suddenLearner, stubborn: stubbornLearner, facts: factsLearner } as const;

/** Name of a simulator. */
export type SimulatorName = keyof typeof SIMULATORS;

/** One learner's way under one policy. */
export interface Way {
  /** Answers until 80 % of the skills were mastered; the limit if they never were. */
  readonly toMastery: number;
  /** Mean true chance over the exam seven days after the 160th answer. */
  readonly recallAfterWeek: number;
  /** Mean true chance gained by then on items kept back from every policy. */
  readonly unseenGain: number;
  /** Share of the answers until mastery that were right. */
  readonly right: number;
}

/** A learner under way. */
export interface Run {
  readonly desk: Desk;
  readonly learner: SimulatedLearner;
  /** True chances before the first answer, shape [items]. */
  readonly before: readonly number[];
}

/** A learner and a desk, nothing answered yet. */
export function beginRun(simulator: SimulatorName, network: Network, seed: number): Run {
  const exam = simulatedExam(SKILLS, ITEMS_EACH, seededRng(seed));
  const learner = SIMULATORS[simulator](exam, seededRng(seed + 500_000));
  const questions = exam.skillOf.map((k, i): Question => ({ id: String(i), skills: [String(k)], prior: exam.prior[i] as number }));
  const desk: Desk = {
    exam,
    questions,
    model: freshModel(network, priorTables(questions)),
    memories: new Map(),
    fsrs: scheduler(),
    latest: [],
    outcomes: [],
    answers: 0,
    now: 0,
    rng: seededRng(seed + 900_000),
  };
  return { desk, learner, before: exam.skillOf.map((_, i) => learner.chance(i)) };
}

/** One more answer by the policy's choice; twenty a day. */
function step(run: Run, policy: PolicyName): void {
  const item = POLICIES[policy](run.desk);
  if (isKeptBack(item)) throw new Error(`${policy} asked item ${item}, which is kept back`);
  answerWith(run, item);
}

/** The learner answers an item, and everybody learns from it. @returns the outcome */
export function answerWith({ desk, learner }: Run, item: number): 0 | 1 {
  const y = learner.answer(item);
  absorb(desk.model, { question: desk.questions[item] as Question, y });
  desk.memories.set(item, desk.fsrs.remember(desk.memories.get(item) ?? null, y === 1 ? 3 : 1, desk.now, Math.floor(desk.now / DAY_MS)));
  desk.latest.push(item);
  desk.outcomes.push(y);
  desk.answers += 1;
  desk.now += SECONDS * 1000;
  if (desk.answers % A_DAY === 0) {
    desk.now = (Math.floor(desk.now / DAY_MS) + 1) * DAY_MS;
    learner.rest(1);
  }
  return y;
}

const masteredShare = ({ desk: { exam }, learner }: Run): number =>
  Array.from({ length: exam.skills }, (_, k) => learner.isMastered(k)).filter(Boolean).length / exam.skills;

const meanOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / Math.max(1, numbers.length);

/** One learner under one policy; the learner and the dice of learning are the same for every policy. */
export function wayOf(simulator: SimulatorName, policy: PolicyName, network: Network, seed: number): Way {
  const long = beginRun(simulator, network, seed);
  while (long.desk.answers < MOST && masteredShare(long) < ENOUGH) step(long, policy);
  const short = beginRun(simulator, network, seed);
  while (short.desk.answers < JUDGED_AFTER) step(short, policy);
  const unseen = short.before.flatMap((chance, i) => (isKeptBack(i) ? [short.learner.chance(i) - chance] : []));
  short.learner.rest(7);
  const recall = meanOf(short.before.map((_, i) => short.learner.chance(i)));
  return { toMastery: long.desk.answers, recallAfterWeek: recall, unseenGain: meanOf(unseen), right: meanOf(long.desk.outcomes) };
}

/** How one policy's learners fared beside another's: mean of the paired differences and its 95 % interval. */
export interface Comparison {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Paired differences of learners under two policies; the interval by the normal approximation. */
export function compared(differences: readonly number[]): Comparison {
  const mean = meanOf(differences);
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / Math.max(1, differences.length - 1);
  const half = 1.96 * Math.sqrt(variance / differences.length);
  return { mean, low: mean - half, high: mean + half };
}
