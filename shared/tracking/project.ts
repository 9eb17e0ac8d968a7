import { unreachable } from '../domain/result.ts';
import type { Body, LogEvent } from './event.ts';
import { type AnswerRow, type RowStore, type SessionRow, type SessionTotals, valueKey } from './rows.ts';

interface MetricPoint {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** MLflow's rule: the latest metric is the greatest (step, timestamp, value); NaN is least. */
function isLater(a: MetricPoint, b: MetricPoint): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  return Number.isNaN(b.value) || a.value > b.value;
}

async function logMetrics(rows: RowStore, run_id: string, metrics: readonly MetricPoint[]): Promise<void> {
  for (const { key, value, timestamp, step } of metrics) {
    await rows.put('metrics', { run_id, key, timestamp, step, value, value_key: valueKey(value) });
    const latest = await rows.get('latest_metrics', [run_id, key]);
    if (!latest || isLater({ key, value, timestamp, step }, latest))
      await rows.put('latest_metrics', { run_id, key, timestamp, step, value });
  }
}

/**
 * Running totals as they now stand, at the answer's step and at every later one an undone answer had reached:
 * the latest of a metric is the one of the greatest step.
 */
function runningTotals(totals: SessionTotals, from: number, timestamp: number): MetricPoint[] {
  return Array.from({ length: totals.topStep - from + 1 }, (_, i) => totalsAt(totals, from + i, timestamp)).flat();
}

function totalsAt(totals: SessionTotals, step: number, timestamp: number): MetricPoint[] {
  const accuracy = totals.answered === 0 ? Number.NaN : totals.correct / totals.answered;
  return [
    { key: 'accuracy', value: accuracy, step, timestamp },
    { key: 'study_time', value: totals.studyTimeS, step, timestamp },
    { key: 'questions_solved', value: totals.answered, step, timestamp },
  ];
}

const PER_ANSWER = ['answer_correct', 'time_spent', 'confidence', 'predicted_p'] as const;

async function recordAnswer(rows: RowStore, event: LogEvent & { kind: 'answer.recorded' }): Promise<void> {
  const { body, seq, at, tz } = event;
  if (await rows.get('answers', body.attempt_id)) return;
  const session = await sessionOf(rows, body.session_id);
  const step = session.totals.nextStep;
  const totals = {
    answered: session.totals.answered + 1,
    correct: session.totals.correct + body.correct,
    studyTimeS: session.totals.studyTimeS + body.time_spent,
    nextStep: step + 1,
    topStep: Math.max(session.totals.topStep, step),
  };
  await rows.put('answers', { ...body, seq, at, tz, step, run_id: session.run_id, superseded: 0, undone_seq: null });
  await rows.put('sessions', { ...session, totals });
  const own = { answer_correct: body.correct, time_spent: body.time_spent, confidence: body.confidence, predicted_p: body.predicted_p };
  const points = PER_ANSWER.map((key) => ({ key, value: own[key], step, timestamp: at }));
  await logMetrics(rows, session.run_id, [...points, ...runningTotals(totals, step, at)]);
}

/** Undo supersedes: totals as they now stand are logged again at the answer's step with a later timestamp, its own metrics as NaN. */
async function undoAnswer(rows: RowStore, attemptId: string, at: number, seq: number): Promise<void> {
  const answer = await rows.get('answers', attemptId);
  if (!answer || answer.superseded === 1) return;
  const session = await sessionOf(rows, answer.session_id);
  const totals = {
    answered: session.totals.answered - 1,
    correct: session.totals.correct - answer.correct,
    studyTimeS: session.totals.studyTimeS - answer.time_spent,
    nextStep: answer.step,
    topStep: session.totals.topStep,
  };
  const superseded: AnswerRow = { ...answer, superseded: 1, undone_seq: seq };
  await rows.put('answers', superseded);
  await rows.put('sessions', { ...session, totals, ended: null, endedAt: null });
  const timestamp = Math.max(at, answer.at + 1);
  const blanks = PER_ANSWER.map((key) => ({ key, value: Number.NaN, step: answer.step, timestamp }));
  await logMetrics(rows, session.run_id, [...blanks, ...runningTotals(totals, answer.step, timestamp)]);
}

async function sessionOf(rows: RowStore, sessionId: string): Promise<SessionRow> {
  const session = await rows.get('sessions', sessionId);
  if (!session) throw new Error(`no session ${sessionId}`);
  return session;
}

async function startSession(rows: RowStore, body: Body<'session.started'>, seq: number, at: number): Promise<void> {
  const totals = { answered: 0, correct: 0, studyTimeS: 0, nextStep: 0, topStep: 0 };
  await rows.put('sessions', { ...body, seq, at, ended: null, endedAt: null, shown: null, totals });
}

async function createRun(rows: RowStore, body: Body<'run.created'>, event: LogEvent): Promise<void> {
  const { run_id, experiment_id, run_name, start_time } = body;
  await rows.put('runs', { run_id, experiment_id, run_name, start_time, status: 'RUNNING', end_time: null, lifecycle_stage: 'active' });
  for (const { key, value } of body.params) await rows.put('params', { owner: run_id, key, value });
  for (const { key, value } of body.tags) await rows.put('tags', { owner: run_id, key, value, hlc: event.hlc, device_id: event.device_id });
}

async function mark(rows: RowStore, slateId: string, slot: number, list: 'opened' | 'dismissed' | 'completed'): Promise<void> {
  const slate = await rows.get('slates', slateId);
  if (slate && !slate[list].includes(slot)) await rows.put('slates', { ...slate, [list]: [...slate[list], slot] });
}

/**
 * Fold one event into the rows: the only writer of them, so that dropping every row and folding the whole log again gives the same rows.
 * Events come in the order of the log.
 */
export async function project(event: LogEvent, rows: RowStore): Promise<void> {
  const { seq, at, hlc, device_id } = event;
  switch (event.kind) {
    case 'session.started':
      return startSession(rows, event.body, seq, at);
    case 'session.ended': {
      const session = await sessionOf(rows, event.body.session_id);
      return rows.put('sessions', { ...session, ended: event.body.reason, endedAt: at });
    }
    case 'answer.shown':
      return rows.put('sessions', { ...(await sessionOf(rows, event.body.session_id)), shown: event.body });
    case 'answer.recorded':
      return recordAnswer(rows, event);
    case 'answer.undone':
      return undoAnswer(rows, event.body.attempt_id, at, seq);
    case 'slate.shown':
      return rows.put('slates', { ...event.body, seq, at, opened: [], dismissed: [], completed: [] });
    case 'slate.opened':
      return mark(rows, event.body.slate_id, event.body.slot, 'opened');
    case 'slate.dismissed':
      return mark(rows, event.body.slate_id, event.body.slot, 'dismissed');
    case 'slate.completed':
      return mark(rows, event.body.slate_id, event.body.slot, 'completed');
    case 'feedback.given':
      return rows.put('feedback', { ...event.body, id: event.id, at });
    case 'experiment.created':
      return rows.put('experiments', { ...event.body, lifecycle_stage: 'active', creation_time: at });
    case 'run.created':
      return createRun(rows, event.body, event);
    case 'run.updated': {
      const run = await rows.get('runs', event.body.run_id);
      if (run && run.status === 'RUNNING')
        await rows.put('runs', { ...run, status: event.body.status, end_time: event.body.end_time ?? null });
      return;
    }
    case 'metric.logged':
      return logMetrics(rows, event.body.run_id, event.body.metrics);
    case 'param.logged': {
      const { run_id, key, value } = event.body;
      if (!(await rows.get('params', [run_id, key]))) await rows.put('params', { owner: run_id, key, value });
      return;
    }
    case 'tag.set':
      return rows.put('tags', { owner: event.body.run_id, key: event.body.key, value: event.body.value, hlc, device_id });
    case 'artifact.logged': {
      const { run_id, path, sha256, size } = event.body;
      return rows.put('artifact_entries', { run_id, path, sha256, size });
    }
    case 'model.registered': {
      const { name, version, run_id, tags } = event.body;
      if (!(await rows.get('registered_models', name))) await rows.put('registered_models', { name, creation_time: at });
      return rows.put('model_versions', { name, version, run_id, tags, creation_time: at });
    }
    case 'alias.set':
      return rows.put('aliases', { name: event.body.name, alias: event.body.alias, version: event.body.version, hlc, at });
    case 'setting.set':
      return rows.put('settings', { key: event.body.key, value: event.body.value, hlc });
    case 'item.flagged':
    case 'item.reported':
      return;
    default:
      return unreachable(event);
  }
}
