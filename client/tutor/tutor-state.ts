import type { LogReader } from '#client/ports/experiment-log.ts';
import type { GlobalModel } from '#client/ports/global-model.ts';
import { advance, noHistory } from '#models/difficulty/features.ts';
import { restoreLayer, type StoredLayer } from '#models/difficulty/layer-codec.ts';
import { DEFAULT_SETTINGS, GRID, type LayerSettings } from '#models/difficulty/layer-settings.ts';
import { isPersonal, type LayerRates, newLayer } from '#models/difficulty/personal-layer.ts';
import { absorb, type PersonalModel } from '#models/difficulty/personal-model.ts';
import { priorFromDifficulty, type Question } from '#models/difficulty/question.ts';
import { type DifficultyTables, priorTables } from '#models/difficulty/tables.ts';
import { weightsFromBytes } from '#models/learner.ts';
import { networkOf } from '#models/reference/network.ts';
import type { Item, Pack } from '#shared/packs/schema.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';
import { type Recollection, recollectionOf } from './recollection.ts';

/** A registered personal version: what the champion alias points at. */
export interface Champion {
  /** `name/version`. */
  readonly label: string;
  readonly version: number;
  readonly runId: string;
  /** Epoch ms. */
  readonly registeredAt: number;
  /** Latest event its layer has learned from. */
  readonly throughSeq: number;
  readonly layer: StoredLayer;
  readonly weights: Float32Array | null;
}

/** A pack's learner as folded from the log, in memory. Only what has been written may change it. */
export interface TutorState {
  model: PersonalModel;
  readonly champion: Champion | null;
  /** Scored answers that stand, oldest first. */
  readonly answers: AnswerRow[];
  /** What is remembered of each question. */
  recollection: Recollection;
  /** Place up to which a reset has made the model forget; 0 if it was never reset. */
  readonly resetAt: number;
  /** Questions the learner wants no more. */
  readonly suspended: Set<string>;
  /** Place of the latest event of the log that is in here. */
  head: number;
}

/** What serves now: the champion's label, or the global model's. */
export const modelLabel = (state: TutorState, global: GlobalModel): string => state.champion?.label ?? global.label;

/** Static parts of a pack, made once. */
export interface Course {
  readonly pack: Pack;
  readonly items: ReadonlyMap<string, Item>;
  readonly questions: ReadonlyMap<string, Question>;
  readonly tables: DifficultyTables;
}

/** Name under which a pack's personal versions are registered. */
export const personalName = (packId: string): string => `examsgraph-personal-${packId}`;

/** Prepare a pack for the learner model. */
export function courseOf(pack: Pack): Course {
  const questions = pack.items.map((item): Question => ({ id: item.id, skills: item.topics, prior: priorFromDifficulty(item.difficulty) }));
  return {
    pack,
    items: new Map(pack.items.map((item) => [item.id, item])),
    questions: new Map(questions.map((q) => [q.id, q])),
    tables: priorTables(questions),
  };
}

/** The question behind an answer; items gone from the pack still count for the learner's totals. */
export function questionOf(course: Course, itemId: string): Question {
  return course.questions.get(itemId) ?? { id: itemId, skills: [] };
}

/** The JSON beside a version's weights. */
interface StoredVersion {
  readonly throughSeq: number;
  /** Clock reading of the same event: what holds when logs of several devices are merged. Absent in versions of the first release. */
  readonly throughHlc?: string;
  readonly layer: StoredLayer;
}

async function readVersion(log: LogReader, name: string, version: number, global: GlobalModel): Promise<Champion | null> {
  const row = await log.get('model_versions', [name, version]);
  const bytes = row ? await log.artifact(row.run_id, 'model/personal.json') : undefined;
  if (!row || !bytes) return null;
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as StoredVersion;
  const { layer } = stored;
  const throughSeq = stored.throughHlc ? await log.placeOf(stored.throughHlc) : stored.throughSeq;
  const delta = await log.artifact(row.run_id, 'model/weights-delta.bin');
  const weights = delta ? weightsFromBytes(delta).map((d, i) => d + (global.weights[i] as number)) : null;
  return { label: `${name}/${version}`, version, runId: row.run_id, registeredAt: row.creation_time, throughSeq, layer, weights };
}

/** The champion, or the newest version before it that has learned no answer that was undone since. */
async function readChampion(log: LogReader, packId: string, global: GlobalModel, answers: readonly AnswerRow[]): Promise<Champion | null> {
  const name = personalName(packId);
  const alias = await log.get('aliases', [name, 'champion']);
  const undone = answers.flatMap((a) => (a.undone_seq === null ? [] : [{ seq: a.seq, undoneSeq: a.undone_seq }]));
  for (let version = alias?.version ?? 0; version > 0; version--) {
    const candidate = await readVersion(log, name, version, global);
    const hasUnlearned = candidate && undone.some((a) => a.seq <= candidate.throughSeq && a.undoneSeq > candidate.throughSeq);
    if (candidate && !hasUnlearned) return candidate;
  }
  return null;
}

/** Setting under which the attempt stands that a reset model learns after. */
export const resetKey = (packId: string): string => `model.reset.${packId}`;

/** Setting that holds the personal FSRS parameters, as JSON; absent or empty: the defaults. */
export const REVIEW_PARAMETERS = 'review.parameters';

/**
 * The model after the given answers. A saved layer is taken as it is; without one, the champion's (or an empty one) learns the answers
 * that came after it. The history always sees all answers.
 *
 * @param resetAt place up to which a reset model has forgotten what its layer learned
 */
export function foldModel(
  course: Course,
  global: GlobalModel,
  champion: Champion | null,
  answers: readonly AnswerRow[],
  saved: StoredLayer | null,
  resetAt = 0,
  rates?: LayerRates,
): PersonalModel {
  const start = saved ?? champion?.layer ?? null;
  const learnAfter = saved ? Number.POSITIVE_INFINITY : Math.max(champion?.throughSeq ?? 0, resetAt);
  const model: PersonalModel = {
    network: networkOf(champion?.weights ?? global.weights),
    shared: champion?.weights ? networkOf(global.weights) : undefined,
    tables: course.tables,
    history: noHistory(),
    layer: start ? restoreLayer(start) : newLayer(),
    rates,
  };
  for (const row of answers) {
    const answer = { question: questionOf(course, row.item_id), y: row.correct };
    if (row.seq > learnAfter) absorb(model, answer);
    else advance(model.history, answer);
  }
  return model;
}

/** Place of the latest reset of a pack's model; 0 if it was never reset. */
export async function resetPlace(log: LogReader, packId: string): Promise<number> {
  const attempt = (await log.get('settings', resetKey(packId)))?.value;
  return attempt ? ((await log.get('answers', attempt))?.seq ?? 0) : 0;
}

const settingsKey = (packId: string): string => `layer.settings.${packId}`;

/** The event that puts settings of the layer in use from the next answer on. */
export const settingsInUse = (packId: string, settings: LayerSettings): Draft => ({
  kind: 'setting.set',
  body: { key: settingsKey(packId), value: JSON.stringify(settings) },
});

/** The layer's settings in use: what a search found, or the defaults. */
export async function layerSettings(log: LogReader, packId: string): Promise<LayerSettings> {
  const stored = (await log.get('settings', settingsKey(packId)))?.value;
  // a restored log may come from anywhere: nothing but what a search can find is taken from it
  return GRID.find((setting) => JSON.stringify(setting) === stored) ?? DEFAULT_SETTINGS;
}

/** The learner's own FSRS parameters, or undefined. */
async function ownParameters(log: LogReader): Promise<readonly number[] | undefined> {
  const stored = (await log.get('settings', REVIEW_PARAMETERS))?.value;
  return stored ? (JSON.parse(stored) as readonly number[]) : undefined;
}

/** Fold a pack's learner out of the log; the saved personal state is used if it belongs to the latest standing answer. */
export async function foldState(log: LogReader, course: Course, global: GlobalModel, head: number): Promise<TutorState> {
  const packId = course.pack.manifest.id;
  const rows = await log.list('answers', 'pack_id', packId);
  const champion = await readChampion(log, packId, global, rows);
  const answers = rows.filter((a) => a.superseded === 0).sort((a, b) => a.seq - b.seq);
  const saved = await log.personal(packId);
  const isCurrent =
    saved !== undefined && saved.model_version === (champion?.label ?? global.label) && saved.seq >= (answers.at(-1)?.seq ?? 0);
  const layer = isCurrent ? (saved.layer as StoredLayer) : null;
  const settings = await layerSettings(log, packId);
  const resetAt = await resetPlace(log, packId);
  const model = foldModel(course, global, champion, answers, layer, resetAt, settings);
  const recollection = await recollectionOf(answers, await ownParameters(log));
  const suspended = new Set((await log.list('items', 'pack_id', packId)).flatMap((i) => (i.suspended ? [i.item_id] : [])));
  return { model, champion, answers, recollection, resetAt, suspended, head };
}

type AnsweredState = Pick<TutorState, 'answers' | 'resetAt'>;

/** How many answers a reset made the model forget: the first ones. Its features see them, nothing else does. */
export const forgottenAnswers = ({ answers, resetAt }: AnsweredState): number => answers.filter((a) => a.seq <= resetAt).length;

/** How many answers a training may learn from. */
export const learnableAnswers = (state: AnsweredState): number => state.answers.length - forgottenAnswers(state);

/** n / (n + 100) for n answers behind what is served; 0 while the global model serves as it is. */
export function personalizationLevel(state: TutorState): number {
  return isPersonal(state.model.layer) ? state.model.layer.answers / (state.model.layer.answers + 100) : 0;
}
