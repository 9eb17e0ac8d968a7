import { remembered } from '#shared/domain/remembered.ts';
import { clip } from '#shared/maths/logistic.ts';
import { FEATURE_COUNT } from '../learner.ts';
import { type Answer, type Question, skillsOf } from './question.ts';
import type { DifficultyTables } from './tables.ts';

/** Name, centre c and scale s of each input; x = clip((f - c) / s, -5, 5). Constants of the feature version, never learned. */
export const FEATURES = [
  ['itemLogit', 0.8, 1.0],
  ['itemSeen', 3.5, 1.5],
  ['skillLogit', 0.8, 0.7],
  ['skillSeen', 6.0, 2.0],
  ['itemAttempts', 0.5, 0.7],
  ['itemWins', 0.4, 0.6],
  ['allAttempts', 4.5, 1.5],
  ['allWins', 4.1, 1.5],
  ['skillAttempts', 2.2, 1.3],
  ['skillWins', 1.9, 1.3],
  ['trendFast', 0.3, 0.45],
  ['trendMid', 0.3, 0.45],
  ['trendSlow', 0.3, 0.45],
  ['skillTrendFast', 0.3, 0.45],
  ['skillTrendMid', 0.3, 0.45],
  ['skillTrendSlow', 0.3, 0.45],
  ['itemTrendFast', 0.3, 0.35],
  ['itemTrendMid', 0.3, 0.35],
  ['itemTrendSlow', 0.3, 0.35],
  ['streak', 1, 3],
  ['skillLag', 1, 1.2],
  ['skillMet', 0.5, 0.5],
  ['sameItem', 0.5, 0.5],
  ['sameSkill', 0.5, 0.5],
  ['lastOutcome', 0.3, 0.9],
  ['itemWinRate', 0.7, 0.15],
  ['allWinRate', 0.7, 0.15],
  ['skillWinRate', 0.7, 0.15],
] as const satisfies readonly (readonly [string, number, number])[];

/** Version of the list above; weights of another version are refused. */
export const FEATURE_VERSION = 1;

const TREND_KEEP = [0.6, 0.85, 0.95] as const;
const MAX_STREAK = 5;

interface Tally {
  attempts: number;
  wins: number;
  /** ln(1 + attempts) and ln(1 + wins): taken once an answer, not once a question ranked. */
  logAttempts: number;
  logWins: number;
  trend: [number, number, number];
  lastAt: number;
}

/** A learner's history in one exam, folded: everything the features of the next answer need. Changed in place by `advance` alone. */
export interface History {
  readonly all: Tally;
  readonly items: Map<string, Tally>;
  readonly skills: Map<string, Tally>;
  streak: number;
  previous: Answer | null;
}

const newTally = (): Tally => ({ attempts: 0, wins: 0, logAttempts: 0, logWins: 0, trend: [0, 0, 0], lastAt: -1 });

/** The history of a learner who has answered nothing. */
export function noHistory(): History {
  return { all: newTally(), items: new Map(), skills: new Map(), streak: 0, previous: null };
}

function count(tally: Tally, y: 0 | 1, at: number): void {
  tally.attempts += 1;
  tally.wins += y;
  tally.logAttempts = Math.log1p(tally.attempts);
  tally.logWins = Math.log1p(tally.wins);
  for (let d = 0; d < 3; d++) {
    const keep = TREND_KEEP[d] as number;
    tally.trend[d] = keep * (tally.trend[d] as number) + (1 - keep) * (2 * y - 1);
  }
  tally.lastAt = at;
}

/** Takes one answer into the history, in place, in time proportional to the item's skills. */
export function advance(history: History, answer: Answer): void {
  const at = history.all.attempts;
  count(history.all, answer.y, at);
  count(remembered(history.items, answer.question.id, newTally), answer.y, at);
  for (const skill of skillsOf(answer.question)) count(remembered(history.skills, skill, newTally), answer.y, at);
  const before = history.streak;
  history.streak = answer.y === 1 ? Math.max(1, Math.min(MAX_STREAK, before + 1)) : Math.min(-1, Math.max(-MAX_STREAK, before - 1));
  history.previous = answer;
}

/** Means over a question's skills. */
interface SkillMeans {
  logit: number;
  seen: number;
  attempts: number;
  wins: number;
  lastAt: number;
  readonly trend: [number, number, number];
}

function meansOf(skills: readonly string[], history: History, tables: DifficultyTables, into: SkillMeans): void {
  const { trend } = into;
  into.logit = into.seen = into.attempts = into.wins = trend[0] = trend[1] = trend[2] = 0;
  into.lastAt = -1;
  const share = 1 / skills.length;
  for (const skill of skills) {
    const row = tables.skill(skill);
    into.logit += share * row.logit;
    into.seen += share * row.seen;
    const tally = history.skills.get(skill);
    if (!tally) continue;
    into.attempts += share * tally.attempts;
    into.wins += share * tally.wins;
    into.lastAt = Math.max(into.lastAt, tally.lastAt);
    for (let d = 0; d < 3; d++) trend[d] = (trend[d] as number) + share * (tally.trend[d] as number);
  }
}

const winRate = (wins: number, attempts: number): number => (wins + 1.5) / (attempts + 2);

const UNMET: Readonly<Tally> = newTally();

function isOneShared(some: readonly string[], others: readonly string[]): boolean {
  for (const skill of some) if (others.includes(skill)) return true;
  return false;
}

// Thousands of questions are ranked while the learner waits: room made once, and nothing of it is kept between calls.
const raw = new Float64Array(FEATURE_COUNT);
const means: SkillMeans = { logit: 0, seen: 0, attempts: 0, wins: 0, lastAt: -1, trend: [0, 0, 0] };
const CENTRES = Float64Array.from(FEATURES, ([, centre]) => centre);
const SCALES = Float64Array.from(FEATURES, ([, , scale]) => scale);

/** Fills `raw`, in the order of FEATURES. */
function fillRaw(history: History, question: Question, tables: DifficultyTables): void {
  const skills = skillsOf(question);
  const itemRow = tables.item(question);
  const item = history.items.get(question.id) ?? UNMET;
  const { all, previous } = history;
  const skill = means;
  meansOf(skills, history, tables, skill);
  raw[0] = itemRow.logit;
  raw[1] = itemRow.seen;
  raw[2] = skill.logit;
  raw[3] = skill.seen;
  raw[4] = item.logAttempts;
  raw[5] = item.logWins;
  raw[6] = all.logAttempts;
  raw[7] = all.logWins;
  raw[8] = Math.log1p(skill.attempts);
  raw[9] = Math.log1p(skill.wins);
  for (let d = 0; d < 3; d++) {
    raw[10 + d] = all.trend[d] as number;
    raw[13 + d] = skill.trend[d] as number;
    raw[16 + d] = item.trend[d] as number;
  }
  raw[19] = history.streak;
  raw[20] = skill.lastAt < 0 ? 0 : Math.log1p(all.attempts - skill.lastAt);
  raw[21] = skill.lastAt < 0 ? 0 : 1;
  raw[22] = previous?.question.id === question.id ? 1 : 0;
  raw[23] = previous && isOneShared(skillsOf(previous.question), skills) ? 1 : 0;
  raw[24] = previous ? 2 * previous.y - 1 : 0;
  raw[25] = winRate(item.wins, item.attempts);
  raw[26] = winRate(all.wins, all.attempts);
  raw[27] = winRate(skill.wins, skill.attempts);
}

/** The 28 raw features of the next answer, before standardising: it sees earlier answers only. Shape [28]. */
export function rawFeatures(history: History, question: Question, tables: DifficultyTables): number[] {
  fillRaw(history, question, tables);
  return [...raw];
}

/** Writes the standardised features of the next answer into `out` from `offset` on. */
export function writeFeatures(out: Float32Array, offset: number, history: History, question: Question, tables: DifficultyTables): void {
  fillRaw(history, question, tables);
  for (let i = 0; i < FEATURE_COUNT; i++)
    out[offset + i] = clip(((raw[i] as number) - (CENTRES[i] as number)) / (SCALES[i] as number), -5, 5);
}

/** The standardised features of the next answer, fresh, shape [28]. */
export function featuresOf(history: History, question: Question, tables: DifficultyTables): Float32Array {
  const x = new Float32Array(FEATURE_COUNT);
  writeFeatures(x, 0, history, question, tables);
  return x;
}
