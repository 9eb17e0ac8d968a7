import type { LogReader } from '#client/ports/experiment-log.ts';
import { testedExploreRate } from '#client/ports/joined-test.ts';
import { runTags } from '#client/ports/run-tags.ts';
import { type Card, drawCards } from '#models/recommend/cards.ts';
import type { Scored } from '#models/recommend/score.ts';
import { EXPLORE_RATE } from '#models/recommend/slate.ts';
import { slateMetrics } from '#models/recommend/slate-metrics.ts';
import { newRunId } from '#shared/domain/ids.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Body, Draft } from '#shared/tracking/event.ts';
import type { Tables } from '#shared/tracking/rows.ts';
import { type SlateHead, scoredOptions, slateBody, worthsNow } from './choose.ts';
import { type Decision, type Desk, experimentNamed, jsonArtifact, pairs, targetChance } from './desk.ts';
import { measured } from './session-end.ts';
import { modelLabel, questionOf, type TutorState } from './tutor-state.ts';

/** The latest slate of recommendations on record for a pack. */
export async function latestHomeSlate(log: LogReader, packId: string): Promise<Tables['slates'] | null> {
  const slates = await log.list('slates', 'pack_id', packId);
  return slates.reduce<Tables['slates'] | null>((latest, s) => (s.purpose === 'home' && s.seq > (latest?.seq ?? 0) ? s : latest), null);
}

/** The run of a slate whose time is over: how it was drawn, and what became of it. */
async function slateRun(desk: Desk, now: TutorState, slate: Tables['slates']): Promise<Pick<Decision, 'drafts' | 'together'>> {
  const { moment } = desk.ports;
  const experiment = await experimentNamed(desk, 'recommendations');
  const { at, rng } = moment();
  const run_id = newRunId(rng);
  const outcomes = new Map(now.answers.flatMap((a) => (a.slate_id === slate.slate_id ? [[a.item_id, a.correct] as const] : [])));
  const items = slate.slots.flatMap(({ slot, picks }) =>
    picks.map(({ item_id, p }) => ({
      skills: desk.course.items.has(item_id) ? questionOf(desk.course, item_id).skills : [],
      p,
      isOpened: slate.opened.includes(slot),
      outcome: outcomes.get(item_id) ?? null,
    })),
  );
  const params = pairs({
    policy: slate.policy,
    slate_size: items.length,
    target_p: slate.target_p,
    explore_rate: slate.explore_rate ?? EXPLORE_RATE,
    model_version: slate.model_version,
  });
  const tags = runTags(desk.ports.log, 'recommendation', { 'eg.pack_id': desk.packId, 'eg.slate_id': slate.slate_id });
  const run_name = `slate ${new Date(slate.at).toISOString().slice(0, 16)}`;
  const sessions = slate.opened.length > 0 ? await desk.ports.log.list('sessions', 'pack_id', desk.packId) : [];
  const followed = sessions.filter((s) => s.slate_id === slate.slate_id);
  const { engagement_score, learning_velocity } = followed.length > 0 ? await measured(desk, now.answers, followed) : {};
  const found = {
    ...slateMetrics(items, desk.course.pack.manifest.topics.length),
    ...(engagement_score === undefined ? {} : { engagement_score }),
    ...(learning_velocity === undefined ? {} : { learning_velocity }),
  };
  const metrics = Object.entries(found).map(([key, value]) => ({ key, value, timestamp: at, step: 0 }));
  const kept = slate.slots.flatMap(({ slot, picks }) => picks.map((pick) => ({ slot, ...pick })));
  const file = jsonArtifact(run_id, 'slate.json', kept);
  const drafts: Draft[] = [
    ...experiment.drafts,
    { kind: 'run.created', body: { run_id, experiment_id: experiment.id, run_name, start_time: slate.at, params, tags } },
    ...(metrics.length > 0 ? [{ kind: 'metric.logged' as const, body: { run_id, metrics } }] : []),
    file.draft,
    { kind: 'run.updated', body: { run_id, status: 'FINISHED', end_time: at } },
  ];
  return { drafts, together: { artifacts: [file.bytes] } };
}

/** Draw the three recommendations of Home, as the slate to log; null for a pack without questions. */
function drawHome(head: SlateHead, options: readonly Scored[], rng: Rng, tested: number | null): Body<'slate.shown'> | null {
  const cards: readonly Card[] = drawCards(options, rng, tested ?? EXPLORE_RATE);
  return cards.length === 0
    ? null
    : {
        ...slateBody(
          head,
          'home',
          cards.map((card) => card.picks),
        ),
        ...(tested === null ? {} : { explore_rate: tested }),
      };
}

/** Hours for which a recommendation that was begun and not ended keeps its slate on record. */
const UNDER_WAY_MS = 12 * 3_600_000;

/** Whether one of a slate's recommendations was begun today and not ended: what it comes to is not known yet. */
async function isUnderWay({ packId, ports: { log } }: Desk, slate: Tables['slates'], at: number): Promise<boolean> {
  if (at - slate.at > UNDER_WAY_MS) return false;
  return (await log.list('sessions', 'pack_id', packId)).some((s) => s.slate_id === slate.slate_id && s.ended === null);
}

/**
 * Three recommendations, drawn and logged; those on record if nothing was answered since, or one of them is under way. Null for a pack
 * without questions.
 */
export async function recommend(desk: Desk): Promise<Tables['slates'] | null> {
  const { log, global, moment } = desk.ports;
  await desk.write(async (now) => {
    const latest = await latestHomeSlate(log, desk.packId);
    const isUsedUp = latest?.slots.every(({ slot }) => latest.dismissed.includes(slot)) ?? true;
    const { at, rng } = moment();
    const targetP = await targetChance(desk);
    const isSame = latest && !isUsedUp && latest.target_p === targetP;
    if (isSame && (latest.seq > (now.answers.at(-1)?.seq ?? 0) || (await isUnderWay(desk, latest, at)))) return null;
    const head = { slateId: desk.newId(), packId: desk.packId, targetP, modelVersion: modelLabel(now, global) };
    const worths = await worthsNow(desk.course, now);
    const slate = drawHome(
      head,
      scoredOptions(desk.course, now, { targetP, now: at, exclude: new Set(), worths }),
      rng,
      await testedExploreRate(log.federation),
    );
    if (!slate) return null;
    const over = latest ? await slateRun(desk, now, latest) : { drafts: [] };
    return { ...over, drafts: [...over.drafts, { kind: 'slate.shown', body: slate }] };
  });
  return latestHomeSlate(log, desk.packId);
}
