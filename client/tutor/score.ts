import { isUnsettled } from '#models/difficulty/drift.ts';
import { predict } from '#models/difficulty/personal-model.ts';
import { type PredictedScore, predictedScore, type ScoredTopic } from '#models/patterns/predicted-score.ts';
import type { ExamRow, Tables } from '#shared/tracking/rows.ts';
import type { Desk } from './desk.ts';
import { type Course, questionOf, type TutorState } from './tutor-state.ts';

const DAY_MS = 86_400_000;

/** How a range given before fared: share scored, and its distance from the expectation in standard deviations. */
export interface RangeRecord {
  readonly at: number;
  readonly kind: 'mock' | 'exam';
  readonly low: number;
  readonly high: number;
  readonly score: number;
  readonly miss: number;
  readonly isHit: boolean;
}

/** Share right of a submitted mock exam, open questions counted as wrong. */
export const examScore = (exam: ExamRow): number => (exam.submitted ? exam.submitted.correct / exam.item_ids.length : Number.NaN);

/** Every range that was put to the test, oldest first. */
export function rangeRecords(exams: readonly ExamRow[], results: readonly Tables['exam_results'][]): readonly RangeRecord[] {
  const record = (kind: 'mock' | 'exam', at: number, score: number | null, range: ExamRow['predicted']): RangeRecord[] => {
    if (!range || score === null) return [];
    const miss = Math.abs(score - range.expected) / range.spread;
    return [{ kind, at, low: range.low, high: range.high, score, miss, isHit: score >= range.low && score <= range.high }];
  };
  const mocks = exams.flatMap((e) => (e.submitted ? record('mock', e.submitted.at, examScore(e), e.predicted) : []));
  return [...mocks, ...results.flatMap((r) => record('exam', r.at, r.score, r.predicted))].sort((a, b) => a.at - b.at);
}

/** Each topic with its questions' chances, the state frozen as before an exam: no streak, nothing just answered. */
function scoredTopics(course: Course, state: TutorState): readonly ScoredTopic[] {
  const model = { ...state.model, history: { ...state.model.history, streak: 0, previous: null } };
  const asked = course.pack.items.filter((item) => item.status !== 'retired');
  return course.pack.manifest.topics.map(({ id, weight }) => ({
    weight,
    answers: state.answers.filter((a) => questionOf(course, a.item_id).skills.includes(id)).length,
    p: asked.filter((item) => item.topics.includes(id)).map((item) => predict(model, questionOf(course, item.id)).p),
  }));
}

/** The exam's score as far as it can be told now. */
export async function scoreNow(desk: Desk, state: TutorState): Promise<PredictedScore> {
  const { log, moment } = desk.ports;
  const exams = await log.list('exams', 'pack_id', desk.packId);
  const results = await log.list('exam_results', 'pack_id', desk.packId);
  return predictedScore({
    topics: scoredTopics(desk.course, state),
    past: state.answers.map((a) => a.predicted_p),
    examQuestions: desk.course.pack.manifest.exam.questions,
    daysSinceLast: (moment().at - (state.answers.at(-1)?.at ?? 0)) / DAY_MS,
    isUnsettled: isUnsettled(state.model.layer.drift),
    pastMisses: rangeRecords(exams, results).map((r) => r.miss),
  });
}
