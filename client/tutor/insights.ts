import { AREA_NEEDS, type Area, areaOf } from '#models/patterns/areas.ts';
import {
  difficultyChoice,
  type Finding,
  type Habit,
  habitOf,
  type PatternAnswer,
  peakTime,
  sessionLength,
} from '#models/patterns/habits.ts';
import { bestWindow, meanChosen, minutesBeforeDrop } from '#models/patterns/logged-habits.ts';
import { CONFIDENCE, type Confidence } from '#shared/domain/confidence.ts';
import { studyDay } from '#shared/domain/time.ts';
import { wilson } from '#shared/maths/wilson.ts';
import type { AnswerRow, SessionRow } from '#shared/tracking/rows.ts';
import { type Course, questionOf } from './tutor-state.ts';

/** Ranges of time a learner may look back over, study days; all of it is null. */
export const TIME_RANGES = { today: 1, week: 7, month: 30, quarter: 90, all: null } as const;

/** Name of a range of time. */
export type TimeRange = keyof typeof TIME_RANGES;

/** Answers of the latest days of a range, today included. */
export function answersWithin(answers: readonly AnswerRow[], range: TimeRange, now: number, tz: number): readonly AnswerRow[] {
  const days = TIME_RANGES[range];
  if (days === null) return answers;
  const first = studyDay(now, tz) - days + 1;
  return answers.filter((a) => studyDay(a.at, a.tz) >= first);
}

/** A topic as Progress tells of it. */
export interface TopicArea extends Area {
  readonly title: Readonly<Record<string, string>>;
  /** Share of the exam. */
  readonly weight: number;
}

/** Every topic by its own answers. */
export function areasOf(course: Course, answers: readonly AnswerRow[]): readonly TopicArea[] {
  return course.pack.manifest.topics.map(({ id, title, weight }) => {
    const own = answers.filter((a) => questionOf(course, a.item_id).skills.includes(id));
    return { ...areaOf(id, own.filter((a) => a.correct === 1).length, own.length), title, weight };
  });
}

/** The topic that costs the exam most: least right, weighted by its share; null before any has five answers. */
export function focusOf(areas: readonly TopicArea[]): TopicArea | null {
  const ranked = areas.filter((a) => a.answers >= AREA_NEEDS.rank).sort((a, b) => b.weight * (1 - b.share) - a.weight * (1 - a.share));
  return ranked[0] ?? null;
}

/** How often a stated confidence was right. */
export interface Calibrated {
  readonly confidence: Confidence;
  readonly right: number;
  readonly n: number;
  readonly low: number;
  readonly high: number;
}

/** Confidence against what happened, most confident first; answers without one (mock exams) are left out. */
export function calibrationOf(answers: readonly AnswerRow[]): readonly Calibrated[] {
  return (Object.keys(CONFIDENCE) as Confidence[]).flatMap((confidence) => {
    const own = answers.filter((a) => a.confidence === CONFIDENCE[confidence]);
    const right = own.filter((a) => a.correct === 1).length;
    return own.length === 0 ? [] : [{ confidence, right, n: own.length, ...wilson(right, own.length) }];
  });
}

/** Questions last answered wrong: those said to be sure first, then the latest. One row a question. */
export function errorLog(answers: readonly AnswerRow[]): readonly AnswerRow[] {
  const latest = new Map(answers.map((a) => [a.item_id, a]));
  const wrong = [...latest.values()].filter((a) => a.correct === 0);
  return wrong.sort((a, b) => (b.confidence ?? 0) - (a.confidence ?? 0) || b.seq - a.seq);
}

/** Answers, minutes and right ones of one study day. */
export interface StudyDay {
  readonly day: number;
  readonly answers: number;
  readonly right: number;
  readonly minutes: number;
}

/** Study days that saw an answer, oldest first. */
export function studyDays(answers: readonly AnswerRow[]): readonly StudyDay[] {
  const days = new Map<number, StudyDay>();
  for (const a of answers) {
    const day = studyDay(a.at, a.tz);
    const sum = days.get(day) ?? { day, answers: 0, right: 0, minutes: 0 };
    days.set(day, { day, answers: sum.answers + 1, right: sum.right + a.correct, minutes: sum.minutes + a.time_spent / 60 });
  }
  return [...days.values()].sort((a, b) => a.day - b.day);
}

/** What the pattern analyser has to say. */
export interface Patterns {
  readonly peak: Finding<number>;
  readonly length: Finding<number>;
  readonly difficulty: Finding<number>;
  readonly habit: Habit | null;
  readonly answers: number;
}

function patternAnswers(answers: readonly AnswerRow[]): readonly PatternAnswer[] {
  const starts = new Map<string, number>();
  return answers.map((a) => {
    const start = starts.get(a.session_id) ?? a.at;
    starts.set(a.session_id, start);
    const hour = (((a.at / 3_600_000 + a.tz / 60) % 24) + 24) % 24;
    return {
      residual: a.correct - a.predicted_p,
      day: studyDay(a.at, a.tz),
      hour,
      sessionId: a.session_id,
      minute: (a.at - start) / 60_000,
    };
  });
}

/** Latest answers the patterns are read from: enough for any habit, few enough for a phone. */
export const PATTERN_WINDOW = 5000;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

function habitBasis(answers: readonly AnswerRow[], sessions: readonly SessionRow[], all: readonly AnswerRow[]) {
  const first = new Map<string, number>();
  for (const a of all) if (!first.has(a.item_id)) first.set(a.item_id, a.seq);
  const fresh = answers.filter((a) => first.get(a.item_id) === a.seq).length;
  const modes = new Map(sessions.map((s) => [s.session_id, s.mode]));
  const due = answers.filter((a) => modes.get(a.session_id) === 'review').length;
  const lasted = new Map<string, { readonly from: number; readonly to: number }>();
  for (const a of answers) lasted.set(a.session_id, { from: lasted.get(a.session_id)?.from ?? a.at, to: a.at });
  const days = studyDays(answers);
  const weeks = Math.max(1, ((days.at(-1)?.day ?? 0) - (days[0]?.day ?? 0) + 1) / 7);
  return {
    answers: answers.length,
    dueShare: due / Math.max(1, answers.length),
    newShare: fresh / Math.max(1, answers.length),
    medianSessionMinutes: median([...lasted.values()].map(({ from, to }) => (to - from) / 60_000)),
    daysAWeek: days.length / weeks,
  };
}

/** Chances of the questions opened by free choice. */
const chosenChances = (answers: readonly AnswerRow[], sessions: readonly SessionRow[]): readonly number[] => {
  const chosen = new Set(sessions.filter((s) => s.mode === 'custom' || s.mode === 'drill').map((s) => s.session_id));
  return answers.filter((a) => chosen.has(a.session_id)).map((a) => a.predicted_p);
};

/** The three habits as they are logged, by their definitions: a number wherever there is enough to take it from, sure or not. */
export function habitMetrics(answers: readonly AnswerRow[], sessions: readonly SessionRow[]) {
  const own = patternAnswers(answers.slice(-PATTERN_WINDOW));
  return {
    peak_performance_time: bestWindow(own),
    optimal_session_length: minutesBeforeDrop(own),
    difficulty_preference: meanChosen(chosenChances(answers, sessions)),
  };
}

/**
 * Habits seen in the answers, each with its basis or what is missing.
 *
 * @param targetP the chance asked for
 * @param all     every answer of the learner, those before `answers` too: they tell which questions were new
 */
export function patternsOf(
  answers: readonly AnswerRow[],
  sessions: readonly SessionRow[],
  targetP: number,
  all: readonly AnswerRow[],
): Patterns {
  const own = patternAnswers(answers.slice(-PATTERN_WINDOW));
  return {
    peak: peakTime(own),
    length: sessionLength(own),
    difficulty: difficultyChoice(chosenChances(answers, sessions), targetP),
    habit: habitOf(habitBasis(answers, sessions, all)),
    answers: answers.length,
  };
}
