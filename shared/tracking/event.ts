import * as z from 'zod/mini';

const id = z.string().check(z.minLength(1), z.maxLength(300));
const ms = z.number().check(z.int(), z.gte(0));
const share = z.number().check(z.gte(0), z.lte(1));
const outcome = z.union([z.literal(0), z.literal(1)]);
const name = z.string().check(z.minLength(1), z.maxLength(250), z.regex(/^[/\w.\- :]*$/));

const metric = z.object({ key: name, value: z.number(), timestamp: ms, step: z.number().check(z.int()) });
const keyValue = z.object({ key: name, value: z.string() });

const pick = z.object({
  item_id: id,
  p: share,
  propensity: z.number().check(z.gt(0), z.lte(1)),
  eligible: z.number().check(z.int(), z.gte(1)),
  reason: z.enum(['fit', 'weak', 'due', 'cold', 'unseen', 'explore']),
  terms: z.record(z.string(), z.number()),
});

/** A predicted score: shares of 1, the standard deviation it was made with, and the answers behind it. */
const range = z.object({ low: share, expected: share, high: share, answers: z.number(), spread: z.number() });

const attempt = {
  attempt_id: id,
  session_id: id,
  pack_id: id,
  item_id: id,
  item_version: z.number().check(z.int(), z.gte(1)),
  slate_id: z.optional(id),
  predicted_p: share,
  model_version: id,
};

/** Body of each kind of event; `experiment-tracking` section 7. Fields we do not know are kept. */
const bodies = {
  'session.started': z.looseObject({
    session_id: id,
    run_id: id,
    pack_id: id,
    mode: z.enum(['practice', 'recommended', 'drill', 'custom', 'review', 'exam']),
    device_kind: z.string(),
    planned: z.number().check(z.int(), z.gte(1)),
    item_ids: z.optional(z.array(id)),
    /** A drill's topics: only their questions are drawn. */
    topics: z.optional(z.array(id)),
    slate_id: z.optional(id),
    slot: z.optional(z.number().check(z.int())),
  }),
  'session.ended': z.looseObject({ session_id: id, reason: z.enum(['finished', 'left']) }),
  'answer.shown': z.looseObject(attempt),
  'answer.recorded': z.looseObject({
    ...attempt,
    choice: z.array(z.string()),
    correct: outcome,
    /** Absent where none is asked for: in a mock exam. */
    confidence: z.optional(share),
    ms_raw: ms,
    time_spent: z.number().check(z.gte(0), z.lte(300)),
    personalization_level: share,
  }),
  'answer.undone': z.looseObject({ attempt_id: id }),
  'item.reported': z.looseObject({ item_id: id, pack_id: z.optional(id), value: z.string().check(z.maxLength(2000)) }),
  'item.flagged': z.looseObject({ item_id: id, pack_id: z.optional(id), value: z.boolean() }),
  'item.bookmarked': z.looseObject({ item_id: id, pack_id: id, value: z.boolean() }),
  'item.noted': z.looseObject({ item_id: id, pack_id: id, value: z.string().check(z.maxLength(4000)) }),
  'item.suspended': z.looseObject({ item_id: id, pack_id: id, value: z.boolean() }),
  /** The learner's own grade of a recall, FSRS's four: 1 again, 2 hard, 3 good, 4 easy. */
  'answer.graded': z.looseObject({ attempt_id: id, grade: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]) }),
  /** The shared model has stopped describing the learner; found by the answer named. */
  'drift.detected': z.looseObject({ pack_id: id, attempt_id: id, model_version: id }),
  'answer.cause': z.looseObject({ attempt_id: id, cause: z.enum(['knowledge', 'misread', 'reasoning', 'timing']) }),
  'exam.started': z.looseObject({
    session_id: id,
    pack_id: id,
    item_ids: z.array(id).check(z.minLength(1)),
    /** Length with the time factor applied, minutes; null untimed. */
    minutes: z.nullable(z.number().check(z.gt(0))),
    /** Wall clock, epoch ms; null untimed. */
    deadline: z.nullable(ms),
    /** The range predicted before, shares of 1; null while it is too early for one. */
    predicted: z.nullable(range),
  }),
  'exam.marked': z.looseObject({
    session_id: id,
    item_id: id,
    choice: z.array(z.string()),
    flagged: z.boolean(),
    /** Visible time spent on the question so far, ms. */
    ms_raw: ms,
  }),
  'exam.submitted': z.looseObject({ session_id: id, reason: z.enum(['submitted', 'time']), correct: z.number(), answered: z.number() }),
  'exam.result': z.looseObject({
    pack_id: id,
    /** Day of the real exam, `YYYY-MM-DD`; one result a day and pack, the latest entry stands. */
    date: z.string(),
    passed: z.nullable(z.boolean()),
    /** Score, share of 1; null if not known. */
    score: z.nullable(share),
    predicted: z.nullable(range),
  }),
  'slate.shown': z.looseObject({
    slate_id: id,
    pack_id: id,
    purpose: z.enum(['home', 'next']),
    policy: z.string(),
    feature_version: z.number(),
    target_p: share,
    model_version: id,
    /** Share drawn freely, where an A/B test says another than the policy's. */
    explore_rate: z.optional(share),
    slots: z.array(z.object({ slot: z.number().check(z.int()), picks: z.array(pick).check(z.minLength(1)) })),
  }),
  'slate.opened': z.looseObject({ slate_id: id, slot: z.number().check(z.int()) }),
  'slate.dismissed': z.looseObject({ slate_id: id, slot: z.number().check(z.int()) }),
  'slate.completed': z.looseObject({ slate_id: id, slot: z.number().check(z.int()) }),
  'feedback.given': z.looseObject({
    about: z.enum(['session', 'item', 'slate', 'week']),
    ref: id,
    rating: z.optional(z.number().check(z.int(), z.gte(1), z.lte(5))),
    difficulty_felt: z.optional(z.enum(['easy', 'right', 'hard'])),
    text: z.optional(z.string().check(z.maxLength(2000))),
  }),
  'experiment.created': z.looseObject({ experiment_id: id, name: z.string().check(z.minLength(1), z.maxLength(500)) }),
  'run.created': z.looseObject({
    run_id: id,
    experiment_id: id,
    run_name: z.string(),
    start_time: ms,
    params: z.array(keyValue),
    tags: z.array(keyValue),
  }),
  'run.updated': z.looseObject({ run_id: id, status: z.enum(['RUNNING', 'FINISHED', 'FAILED', 'KILLED']), end_time: z.optional(ms) }),
  'metric.logged': z.looseObject({ run_id: id, metrics: z.array(metric).check(z.minLength(1)) }),
  'param.logged': z.looseObject({ run_id: id, key: name, value: z.string() }),
  'tag.set': z.looseObject({ run_id: id, key: name, value: z.string() }),
  'artifact.logged': z.looseObject({ run_id: id, path: z.string(), sha256: z.string(), size: z.number().check(z.int(), z.gte(0)) }),
  'model.registered': z.looseObject({ name: id, version: z.number().check(z.int(), z.gte(1)), run_id: id, tags: z.array(keyValue) }),
  'alias.set': z.looseObject({ name: id, alias: z.string(), version: z.number().check(z.int(), z.gte(1)), run_id: z.optional(id) }),
  'alias.deleted': z.looseObject({ name: id, alias: z.string() }),
  'setting.set': z.looseObject({ key: z.string(), value: z.string() }),
} as const;

/** The kinds this version understands; others are kept as they came. */
export type EventKind = keyof typeof bodies;

/** What an event of kind K says. */
export type Body<K extends EventKind> = z.infer<(typeof bodies)[K]>;

/** Something that happened, before the log gives it its place. */
export type Draft = { readonly [K in EventKind]: { readonly kind: K; readonly body: Body<K> } }[EventKind];

/** The place of an event in the log of its device. */
export interface Place {
  /** UUID version 7. */
  readonly id: string;
  readonly device_id: string;
  /** Counts a device's events from 1, without gaps. */
  readonly seq: number;
  /** Hybrid logical clock: `ms(13)-counter(4 hex)-device`. */
  readonly hlc: string;
  /** Epoch ms. */
  readonly at: number;
  /** Minutes east of UTC. */
  readonly tz: number;
}

/** An event of a kind this version understands. */
export type LogEvent = Draft & Place;

/** @returns the draft unchanged @throws Error naming the field, if the body is not as its schema says (a bug: nothing is written) */
export function checkDraft(draft: Draft): Draft {
  const parsed = (bodies[draft.kind] as z.ZodMiniType).safeParse(draft.body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`bad ${draft.kind} event: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return draft;
}

/** Whether this version understands the kind. */
export function isKnownKind(kind: string): kind is EventKind {
  return Object.hasOwn(bodies, kind);
}

const placeSchema = z.looseObject({
  id: z.uuid(),
  device_id: z.string().check(z.regex(/^[a-z0-9]{1,32}$/)),
  seq: z.number().check(z.int(), z.gte(1)),
  hlc: z.string().check(z.regex(/^\d{13}-[0-9a-f]{4}-[a-z0-9]{1,32}$/)),
  at: ms,
  tz: z.number().check(z.gte(-1080), z.lte(1080)),
  kind: z.string().check(z.minLength(1), z.maxLength(64)),
  body: z.unknown(),
});

/** An event that comes from outside, such as a backup: known kinds are checked field by field, unknown ones kept. @throws Error naming what is wrong */
export function parseEvent(value: unknown): LogEvent {
  const event = placeSchema.parse(value);
  if (isKnownKind(event.kind)) checkDraft(event as unknown as Draft);
  return event as unknown as LogEvent;
}
