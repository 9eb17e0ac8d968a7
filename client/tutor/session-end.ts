import { absorb, freshModel } from '#models/difficulty/personal-model.ts';
import { type SessionMetrics, sessionMetrics } from '#models/patterns/session-metrics.ts';
import { networkOf } from '#models/reference/network.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { AnswerRow, SessionRow } from '#shared/tracking/rows.ts';
import type { Desk } from './desk.ts';
import { questionOf } from './tutor-state.ts';

/** An answer, written or about to be. */
export type EndedAnswer = Pick<AnswerRow, 'session_id' | 'item_id' | 'correct' | 'time_spent' | 'confidence' | 'at'>;

/** Answers the learner's offset is read from: what is older has faded out of it. */
const REMEMBERED = 2000;
const RATED_WITHIN_MS = 28 * 86_400_000;

/** The learner's offset over the shared model, before the first answer of some sessions and after their last. */
function thetasOf({ course, ports: { global } }: Desk, answers: readonly EndedAnswer[], sessions: ReadonlySet<string>) {
  const model = freshModel(networkOf(global.weights), course.tables);
  const { offset } = model.layer.terms;
  let [start, end]: [number | null, number] = [null, 0];
  for (const a of answers.slice(-REMEMBERED)) {
    const isOwn = sessions.has(a.session_id);
    if (isOwn) start ??= offset.theta;
    absorb(model, { question: questionOf(course, a.item_id), y: a.correct });
    if (isOwn) end = offset.theta;
  }
  return { thetaStart: start ?? 0, thetaEnd: start === null ? 0 : end };
}

/** Median times of the questions asked in the sessions, seconds. */
function usualTimes(answers: readonly EndedAnswer[], wanted: ReadonlySet<string>): (itemId: string) => number | null {
  const times = new Map<string, number[]>();
  for (const a of answers) if (wanted.has(a.item_id)) times.set(a.item_id, [...(times.get(a.item_id) ?? []), a.time_spent]);
  return (itemId) => {
    const own = (times.get(itemId) ?? []).sort((a, b) => a - b);
    return own[own.length >> 1] ?? null;
  };
}

/** Seconds from a session's start to its last answer; 0 without one. */
const lastedOf = ({ session_id, at }: SessionRow, answers: readonly EndedAnswer[]): number =>
  Math.max(0, ((answers.findLast((a) => a.session_id === session_id)?.at ?? at) - at) / 1000);

/** Figures of one session or several that belong together. @param answers all that stand, those of the sessions included, oldest first */
export async function measured(desk: Desk, answers: readonly EndedAnswer[], sessions: readonly SessionRow[]): Promise<SessionMetrics> {
  const ids = new Set(sessions.map((s) => s.session_id));
  const own = answers.filter((a) => ids.has(a.session_id));
  const { at } = desk.ports.moment();
  const feedback = await desk.ports.log.list('feedback');
  return sessionMetrics({
    answers: own.map((a) => ({ itemId: a.item_id, at: a.at, timeSpent: a.time_spent, confidence: a.confidence ?? null })),
    planned: sessions.reduce((sum, s) => sum + s.planned, 0),
    lasted: sessions.reduce((sum, s) => sum + lastedOf(s, own), 0),
    usualTime: usualTimes(answers, new Set(own.map((a) => a.item_id))),
    ...thetasOf(desk, answers, ids),
    ratings: feedback.flatMap((f) => (f.rating !== undefined && at - f.at <= RATED_WITHIN_MS ? [f.rating] : [])),
  });
}

/** The events that end a session and its run, with what the session came to, and complete the recommendation it followed. */
export async function ending(
  desk: Desk,
  answers: readonly EndedAnswer[],
  session: SessionRow,
  reason: 'finished' | 'left',
): Promise<readonly Draft[]> {
  const { session_id, run_id, slate_id, slot, totals } = session;
  const { at } = desk.ports.moment();
  const isCompleted = slate_id !== undefined && slot !== undefined && reason === 'finished';
  const found = Object.entries(await measured(desk, answers, [session]));
  // past every step, undone ones too: the latest of a metric is that of the greatest step
  const metrics = found.map(([key, value]) => ({ key, value, timestamp: at, step: totals.topStep + 1 }));
  return [
    { kind: 'session.ended', body: { session_id, reason } },
    ...(metrics.length > 0 ? [{ kind: 'metric.logged' as const, body: { run_id, metrics } }] : []),
    { kind: 'run.updated', body: { run_id, status: reason === 'finished' ? 'FINISHED' : 'KILLED', end_time: at } },
    ...(isCompleted ? [{ kind: 'slate.completed' as const, body: { slate_id, slot } }] : []),
  ];
}
