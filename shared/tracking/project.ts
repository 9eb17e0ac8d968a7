import { remembered } from '../domain/remembered.ts';
import { unreachable } from '../domain/result.ts';
import type { Body, LogEvent } from './event.ts';
import type { AnswerRow, MetricPoint, RowStore, SessionRow, SessionTotals } from './rows.ts';

/** MLflow's rule: the latest metric is the greatest (step, timestamp, value); NaN is least. */
function isLater(a: MetricPoint, b: MetricPoint): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  return Number.isNaN(b.value) || a.value > b.value;
}

/** The latest point of each key: of what was there and what came. */
function latestOf(before: readonly MetricPoint[], points: readonly MetricPoint[]): MetricPoint[] {
  const latest = new Map(before.map((point) => [point.key, point]));
  for (const point of points) {
    const known = latest.get(point.key);
    if (!known || isLater(point, known)) latest.set(point.key, point);
  }
  return [...latest.values()];
}

/** Every point is kept, once; points of one step and time lie together, so that an answer writes two rows and not fourteen. */
async function logMetrics(rows: RowStore, run_id: string, metrics: readonly MetricPoint[]): Promise<void> {
  const moments = new Map<string, MetricPoint[]>();
  for (const { key, value, timestamp, step } of metrics)
    remembered(moments, `${timestamp} ${step}`, () => []).push({ key, value, timestamp, step });
  const groups = [...moments.values()];
  const [before, ...known] = await Promise.all([
    rows.get('run_metrics', run_id),
    ...groups.map(([p]) => rows.get('metric_steps', [run_id, p?.timestamp ?? 0, p?.step ?? 0])),
  ]);
  for (const [i, group] of groups.entries()) {
    const points = [...(known[i]?.points ?? [])];
    for (const { key, value } of group) if (!points.some((p) => p.key === key && Object.is(p.value, value))) points.push({ key, value });
    const { timestamp, step } = group[0] as MetricPoint;
    await rows.put('metric_steps', { run_id, timestamp, step, points });
  }
  await rows.put('run_metrics', { run_id, latest: latestOf(before?.latest ?? [], groups.flat()) });
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

async function recordAnswer(rows: RowStore, { body, at, tz }: LogEvent & { kind: 'answer.recorded' }, seq: number): Promise<void> {
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
  const points = PER_ANSWER.flatMap((key) => {
    const value = own[key];
    return value === undefined ? [] : [{ key, value, step, timestamp: at }];
  });
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

type ItemEvent = Extract<LogEvent, { kind: 'item.flagged' | 'item.bookmarked' | 'item.suspended' | 'item.noted' | 'item.reported' }>;

const ITEM_FIELDS = {
  'item.flagged': 'flagged',
  'item.bookmarked': 'bookmarked',
  'item.suspended': 'suspended',
  'item.noted': 'note',
  'item.reported': 'reported',
} as const;

async function overlay(rows: RowStore, { kind, body }: ItemEvent): Promise<void> {
  const [pack_id, item_id] = [body.pack_id ?? '', body.item_id];
  const blank = { pack_id, item_id, flagged: false, bookmarked: false, suspended: false, note: '', reported: '' };
  const row = (await rows.get('items', [pack_id, item_id])) ?? blank;
  await rows.put('items', { ...row, [ITEM_FIELDS[kind]]: body.value });
}

async function markExam(rows: RowStore, { session_id, item_id, choice, flagged, ms_raw }: Body<'exam.marked'>): Promise<void> {
  const exam = await rows.get('exams', session_id);
  if (exam && !exam.submitted) await rows.put('exams', { ...exam, marks: { ...exam.marks, [item_id]: { choice, flagged, ms_raw } } });
}

/** A version keeps its number unless another device took it first: then it takes the next free one. */
async function register(rows: RowStore, { name, version, run_id, tags }: Body<'model.registered'>, at: number): Promise<void> {
  if (!(await rows.get('registered_models', name))) await rows.put('registered_models', { name, creation_time: at });
  let free = version;
  for (let taken = await rows.get('model_versions', [name, free]); taken && taken.run_id !== run_id; ) {
    free += 1;
    taken = await rows.get('model_versions', [name, free]);
  }
  await rows.put('model_versions', { name, version: free, run_id, tags, creation_time: at });
}

async function setAlias(rows: RowStore, { name, alias, version, run_id }: Body<'alias.set'>, hlc: string, at: number): Promise<void> {
  let named = version;
  for (let row = await rows.get('model_versions', [name, named]); run_id && row && row.run_id !== run_id; ) {
    named += 1;
    row = await rows.get('model_versions', [name, named]);
  }
  await rows.put('aliases', { name, alias, version: named, hlc, at });
}

/**
 * Fold one event into the rows: the only writer of them, so that dropping every row and folding the whole log again gives the same rows.
 * Events come in the order of the log.
 *
 * @param seq the event's place in the log as it lies on this device, from 1
 */
export async function project(event: LogEvent, rows: RowStore, seq: number): Promise<void> {
  const { at, hlc, device_id } = event;
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
      return recordAnswer(rows, event, seq);
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
    case 'model.registered':
      return register(rows, event.body, at);
    case 'alias.set':
      return setAlias(rows, event.body, hlc, at);
    case 'alias.deleted':
      return rows.delete('aliases', [event.body.name, event.body.alias]);
    case 'setting.set':
      return rows.put('settings', { key: event.body.key, value: event.body.value, hlc });
    case 'item.flagged':
    case 'item.bookmarked':
    case 'item.suspended':
    case 'item.noted':
    case 'item.reported':
      return overlay(rows, event);
    case 'drift.detected':
      // the log itself is the record: nothing else is kept of it
      return;
    case 'answer.graded': {
      const answer = await rows.get('answers', event.body.attempt_id);
      if (answer) await rows.put('answers', { ...answer, grade: event.body.grade });
      return;
    }
    case 'answer.cause': {
      const answer = await rows.get('answers', event.body.attempt_id);
      if (answer) await rows.put('answers', { ...answer, cause: event.body.cause });
      return;
    }
    case 'exam.started':
      return rows.put('exams', { ...event.body, at, marks: {}, submitted: null });
    case 'exam.marked':
      return markExam(rows, event.body);
    case 'exam.submitted': {
      const exam = await rows.get('exams', event.body.session_id);
      if (exam) await rows.put('exams', { ...exam, submitted: { ...event.body, at } });
      return;
    }
    case 'exam.result':
      return rows.put('exam_results', { ...event.body, at });
    default:
      return unreachable(event);
  }
}
