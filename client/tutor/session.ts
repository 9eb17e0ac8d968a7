import { runTags } from '#client/ports/run-tags.ts';
import { predict } from '#models/difficulty/personal-model.ts';
import { newRunId } from '#shared/domain/ids.ts';
import { unreachable } from '#shared/domain/result.ts';
import type { Item } from '#shared/packs/schema.ts';
import type { Body, Draft } from '#shared/tracking/event.ts';
import type { SessionRow } from '#shared/tracking/rows.ts';
import { drawNext, scoredOptions, worthsNow } from './choose.ts';
import { type Desk, experimentNamed, pairs, sessionOf, targetChance } from './desk.ts';
import { modelLabel, questionOf, type TutorState } from './tutor-state.ts';

/** A question on screen. */
export interface Shown {
  readonly session: SessionRow;
  readonly attempt: Body<'answer.shown'>;
  readonly item: Item;
  /** Why this one; null where the log has no reason for it. */
  readonly reason: Body<'slate.shown'>['slots'][number]['picks'][number]['reason'] | null;
}

/** How a session begins. */
export type SessionPlan =
  | { readonly mode: 'practice'; readonly planned: number }
  | { readonly mode: 'recommended'; readonly slateId: string; readonly slot: number; readonly itemIds: readonly string[] }
  | { readonly mode: 'drill'; readonly topics: readonly string[]; readonly planned: number }
  | { readonly mode: 'custom' | 'review'; readonly itemIds: readonly string[] };

/** What a plan fixes of its session, as logged. */
function fixedBy(plan: SessionPlan): Partial<Body<'session.started'>> & { readonly planned: number } {
  switch (plan.mode) {
    case 'practice':
      return { planned: plan.planned };
    case 'drill':
      return { planned: plan.planned, topics: [...plan.topics] };
    case 'recommended':
      return { planned: plan.itemIds.length, item_ids: [...plan.itemIds], slate_id: plan.slateId, slot: plan.slot };
    case 'custom':
    case 'review':
      return { planned: plan.itemIds.length, item_ids: [...plan.itemIds] };
    default:
      return unreachable(plan);
  }
}

/** What a session came to is not needed to begin one: fetched when the first ends. */
const theEnd = () => import('./session-end.ts');

/** A run of the study log and the session it measures, begun together. */
export async function beginSession(
  desk: Desk,
  now: TutorState,
  session: Pick<Body<'session.started'>, 'session_id' | 'mode' | 'planned'> & Partial<Body<'session.started'>>,
): Promise<readonly Draft[]> {
  const { moment, global, deviceKind } = desk.ports;
  const experiment = await experimentNamed(desk, 'study-sessions');
  const { at, rng } = moment();
  const run_id = newRunId(rng);
  const params = pairs({
    mode: session.mode,
    pack_version: desk.course.pack.manifest.version,
    model_version: modelLabel(now, global),
    planned_questions: session.planned,
    device_kind: deviceKind,
  });
  const tags = runTags(desk.ports.log, 'study-session', { 'eg.pack_id': desk.packId });
  const run_name = `session ${new Date(at).toISOString().slice(0, 16)}`;
  return [
    ...experiment.drafts,
    { kind: 'run.created', body: { run_id, experiment_id: experiment.id, run_name, start_time: at, params, tags } },
    { kind: 'session.started', body: { ...session, run_id, pack_id: desk.packId, device_kind: deviceKind } },
  ];
}

/** Begin a session and its run; other open ones end, a running mock exam aside. A recommendation that is under way goes on. @returns the session's id */
export async function startSession(desk: Desk, plan: SessionPlan): Promise<string> {
  let session_id = desk.newId();
  await desk.write(async (now) => {
    const open = (await desk.ports.log.list('sessions', 'pack_id', desk.packId)).filter((s) => s.ended === null && s.mode !== 'exam');
    const underWay = plan.mode === 'recommended' && open.find((s) => s.slate_id === plan.slateId && s.slot === plan.slot);
    if (underWay) {
      session_id = underWay.session_id;
      return null;
    }
    const begun = await beginSession(desk, now, { session_id, mode: plan.mode, ...fixedBy(plan) });
    const opened: Draft[] =
      plan.mode === 'recommended' ? [{ kind: 'slate.opened', body: { slate_id: plan.slateId, slot: plan.slot } }] : [];
    const left: Draft[] = [];
    for (const s of open) left.push(...(await (await theEnd()).ending(desk, now.answers, s, 'left')));
    return { drafts: [...left, ...begun, ...opened] };
  });
  return session_id;
}

interface ItemShown {
  readonly kind: 'answer.shown';
  readonly body: Body<'answer.shown'>;
}

/** The event that puts an item on screen as a new attempt. */
export function showItem(desk: Desk, now: TutorState, session: SessionRow, itemId: string, slateId: string | undefined): ItemShown {
  const body: Body<'answer.shown'> = {
    attempt_id: desk.newId(),
    session_id: session.session_id,
    pack_id: desk.packId,
    item_id: itemId,
    item_version: desk.course.items.get(itemId)?.version ?? 1,
    ...(slateId ? { slate_id: slateId } : {}),
    predicted_p: predict(now.model, questionOf(desk.course, itemId)).p,
    model_version: modelLabel(now, desk.ports.global),
  };
  return { kind: 'answer.shown', body };
}

interface Drawn {
  readonly drafts: readonly Draft[];
  readonly shown: Shown;
}

/** What the log will say once the item is on screen. */
function shownFrom(desk: Desk, session: SessionRow, { body }: ItemShown, reason: Shown['reason']): Shown {
  return { session: { ...session, shown: body }, attempt: body, item: desk.course.items.get(body.item_id) as Item, reason };
}

async function drawQuestion(desk: Desk, now: TutorState, session: SessionRow): Promise<Drawn | null> {
  const asked = new Set(now.answers.flatMap((a) => (a.session_id === session.session_id ? [a.item_id] : [])));
  if (session.item_ids) {
    const next = session.item_ids.find((id) => !asked.has(id) && !now.suspended.has(id) && desk.course.items.has(id));
    if (!next) return null;
    const draft = showItem(desk, now, session, next, session.slate_id);
    const slate = session.slate_id ? await desk.ports.log.get('slates', session.slate_id) : undefined;
    return { drafts: [draft], shown: shownFrom(desk, session, draft, reasonIn(slate, next)) };
  }
  if (session.totals.answered >= session.planned) return null;
  const { at, rng } = desk.ports.moment();
  const targetP = await targetChance(desk);
  const head = { slateId: desk.newId(), packId: desk.packId, targetP, modelVersion: modelLabel(now, desk.ports.global) };
  const worths = await worthsNow(desk.course, now);
  const slate = drawNext(head, scoredOptions(desk.course, now, { targetP, now: at, exclude: asked, topics: session.topics, worths }), rng);
  const pick = slate?.slots[0]?.picks[0];
  if (!slate || !pick) return null;
  const draft = showItem(desk, now, session, pick.item_id, slate.slate_id);
  return { drafts: [{ kind: 'slate.shown', body: slate }, draft], shown: shownFrom(desk, session, draft, pick.reason) };
}

function reasonIn(slate: Body<'slate.shown'> | undefined, itemId: string): Shown['reason'] {
  return slate?.slots.flatMap((s) => s.picks).find((p) => p.item_id === itemId)?.reason ?? null;
}

/** What a session shows and has not had answered, or null. */
async function shownBy(desk: Desk, session: SessionRow): Promise<Shown | null> {
  const { log } = desk.ports;
  const attempt = session.shown;
  const item = attempt ? desk.course.items.get(attempt.item_id) : undefined;
  if (!attempt || !item) return null;
  const [answer, slate] = await Promise.all([
    log.get('answers', attempt.attempt_id),
    attempt.slate_id ? log.get('slates', attempt.slate_id) : undefined,
  ]);
  if (answer) return null;
  return { session, attempt, item, reason: reasonIn(slate, item.id) };
}

/** The question that is on screen and not yet answered, or null. */
export async function openQuestion(desk: Desk, sessionId: string): Promise<Shown | null> {
  return shownBy(desk, await sessionOf(desk, sessionId));
}

/** The open question of a session, or a newly drawn one; null when the session has no more. */
export async function question(desk: Desk, sessionId: string): Promise<Shown | null> {
  let shown: Shown | null = null;
  await desk.write(async (now) => {
    const session = await sessionOf(desk, sessionId);
    const open = await shownBy(desk, session);
    const isStanding = open && !now.suspended.has(open.item.id);
    const drawn = isStanding ? null : await drawQuestion(desk, now, session);
    shown = isStanding ? open : (drawn?.shown ?? null);
    return drawn;
  });
  return shown;
}

/** End a session and its run; a second call changes nothing. */
export async function endSession(desk: Desk, sessionId: string, reason: 'finished' | 'left'): Promise<void> {
  await desk.write(async (now) => {
    const session = await sessionOf(desk, sessionId);
    return session.ended ? null : { drafts: await (await theEnd()).ending(desk, now.answers, session, reason) };
  });
}
