import type { ArtifactBytes, LogReader } from '#client/ports/experiment-log.ts';
import { runTags } from '#client/ports/run-tags.ts';
import { type Trained, type Trainer, TrainingLost, type TrainingProgress } from '#client/ports/trainer.ts';
import { FINE_TUNE_PLAN, LAYER_PLAN } from '#models/difficulty/candidate.ts';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { FIRST_REFIT_AT, refitDue } from '#models/difficulty/refit.ts';
import { weightsToBytes } from '#models/learner.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { newRunId } from '#shared/domain/ids.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { Tables } from '#shared/tracking/rows.ts';
import { type Desk, experimentNamed, pairs } from './desk.ts';
import {
  type Champion,
  foldModel,
  forgottenAnswers,
  layerSettings,
  learnableAnswers,
  modelLabel,
  personalizationLevel,
  personalName,
  type TutorState,
} from './tutor-state.ts';

/** Fewest answers a training makes sense for at all. */
export const MIN_TRAINING_ANSWERS = 5;

/** Setting: `on` while nothing is to be trained by itself. */
export const TRAINING_PAUSED = 'training.paused';

const INTERRUPTED = 'interrupted';

type Epoch = Extract<TrainingProgress, { kind: 'epoch' }>;

async function beginRun(desk: Desk, early: boolean): Promise<string> {
  const { moment, global } = desk.ports;
  let run_id = '';
  await desk.write(async (now) => {
    const experiment = await experimentNamed(desk, 'training');
    const { at, rng } = moment();
    run_id = newRunId(rng);
    const params = pairs({
      early: String(early),
      model_family: 'mlp-28-32-16-1',
      optimizer: 'adam',
      epochs: 60,
      answers_total: now.answers.length,
      base_version: now.champion?.label ?? global.label,
    });
    const tags = runTags(desk.ports.log, 'training', { 'eg.pack_id': desk.packId });
    const run_name = `refit ${new Date(at).toISOString().slice(0, 16)}`;
    return {
      drafts: [
        ...experiment.drafts,
        { kind: 'run.created', body: { run_id, experiment_id: experiment.id, run_name, start_time: at, params, tags } },
      ],
    };
  });
  return run_id;
}

/** A run nobody is training any more, because page or worker ended: it says so. Does nothing while some tab trains. */
export async function closeLostRuns(desk: Desk): Promise<void> {
  const { log, moment, exclusively } = desk.ports;
  await exclusively(async (isFree) => {
    if (!isFree) return;
    const lost = (await log.list('runs', 'status', 'RUNNING')).filter((r) => r.run_name.startsWith('refit '));
    if (lost.length === 0) return;
    await desk.write(async () => ({
      drafts: lost.flatMap(({ run_id }): Draft[] => [
        { kind: 'param.logged', body: { run_id, key: 'kind', value: 'refit' } },
        { kind: 'tag.set', body: { run_id, key: 'promoted', value: 'false' } },
        { kind: 'tag.set', body: { run_id, key: 'discard_reason', value: INTERRUPTED } },
        { kind: 'run.updated', body: { run_id, status: 'FAILED', end_time: moment().at } },
      ]),
    }));
  });
}

function curveMetrics(epochs: readonly Epoch[], at: number): { key: string; value: number; timestamp: number; step: number }[] {
  return epochs.flatMap((e, step) => [
    ...(Number.isFinite(e.loss) ? [{ key: 'loss', value: e.loss, timestamp: at, step }] : []),
    ...(Number.isFinite(e.validationLoss) ? [{ key: 'val_loss', value: e.validationLoss, timestamp: at, step }] : []),
  ]);
}

function resultDrafts(run_id: string, trained: Trained, epochs: readonly Epoch[], at: number, level: number): Draft[] {
  const metric = (key: string, value: number) => ({ key, value, timestamp: at, step: epochs.length });
  const numbers = { ...trained.metrics, train_ms: trained.trainMs, warmup_ms: trained.warmupMs, personalization_level: level };
  const metrics = [...curveMetrics(epochs, at), ...Object.entries(numbers).map(([key, value]) => metric(key, value))];
  const isRegistered = trained.verdict.kind === 'registered';
  const tags = {
    promoted: String(isRegistered),
    gate: isRegistered ? 'registered' : 'rejected',
    ...(trained.verdict.kind === 'rejected' ? { discard_reason: trained.verdict.reason } : {}),
    ...Object.fromEntries(trained.findings.flatMap((f) => (f.passedOver ? [[`backend.${f.name}`, f.passedOver]] : []))),
  };
  const params = {
    backend: trained.backend,
    kind: trained.kind === 'fine-tune' ? 'fine-tune' : 'refit',
    candidate: trained.kind,
    learning_rate: (trained.kind === 'fine-tune' ? FINE_TUNE_PLAN : LAYER_PLAN).learningRate,
    // all answers at a step, and nothing is drawn
    batch_size: trained.answersUsed,
    seed: 0,
    answers_used: trained.answersUsed,
    holdout_answers: trained.heldOutAnswers,
  };
  return [
    ...(metrics.length > 0 ? [{ kind: 'metric.logged' as const, body: { run_id, metrics } }] : []),
    ...Object.entries(params).map(([key, value]): Draft => ({ kind: 'param.logged', body: { run_id, key, value: String(value) } })),
    ...Object.entries(tags).map(([key, value]): Draft => ({ kind: 'tag.set', body: { run_id, key, value } })),
  ];
}

/** A fine-tuned network is kept as its difference from the global one, so that it can be put on top of the next. */
function artifactsOf(
  run_id: string,
  trained: Trained,
  through: { readonly throughSeq: number; readonly throughHlc: string | null },
  globalWeights: Float32Array,
): readonly ArtifactBytes[] {
  const json = new TextEncoder().encode(JSON.stringify({ format: 1, ...through, layer: trained.layer }));
  const delta = trained.weights.map((w, i) => w - (globalWeights[i] as number));
  const weights = trained.kind === 'fine-tune' ? [{ run_id, path: 'model/weights-delta.bin', bytes: weightsToBytes(delta) }] : [];
  return [{ run_id, path: 'model/personal.json', bytes: json }, ...weights];
}

/** The alias `previous` for what serves now; by its run, since logs of several devices may give its number to another. */
export async function previousAlias(log: LogReader, name: string): Promise<readonly Draft[]> {
  const before = await log.get('aliases', [name, 'champion']);
  const row = before ? await log.get('model_versions', [name, before.version]) : undefined;
  if (!before || !row) return [];
  return [{ kind: 'alias.set', body: { name, alias: 'previous', version: before.version, run_id: row.run_id } }];
}

/** The transaction that makes a better candidate the champion: artifacts, version, alias, and the layer as it now serves. */
async function registration(desk: Desk, run_id: string, trained: Trained, throughSeq: number) {
  const { log, global } = desk.ports;
  const name = personalName(desk.packId);
  const version = 1 + Math.max(0, ...(await log.list('model_versions', 'name', name)).map((v) => v.version));
  const artifacts = artifactsOf(run_id, trained, { throughSeq, throughHlc: await log.hlcAt(throughSeq) }, global.weights);
  const early = trained.verdict.kind === 'registered' && trained.verdict.early;
  const drafts: Draft[] = [
    ...artifacts.map(
      ({ path, bytes }): Draft => ({ kind: 'artifact.logged', body: { run_id, path, sha256: sha256Hex(bytes), size: bytes.length } }),
    ),
    { kind: 'model.registered', body: { name, version, run_id, tags: pairs({ early: String(early) }) } },
    ...(await previousAlias(log, name)),
    { kind: 'alias.set', body: { name, alias: 'champion', version, run_id } },
  ];
  const weights = trained.kind === 'fine-tune' ? trained.weights : null;
  const champion: Champion = {
    label: `${name}/${version}`,
    version,
    runId: run_id,
    registeredAt: 0,
    throughSeq,
    layer: trained.layer,
    weights,
  };
  const layerNow = (state: TutorState) =>
    storeLayer(foldModel(desk.course, global, champion, state.answers, null, 0, state.model.rates).layer);
  return { drafts, artifacts, champion, layerNow };
}

/** What training was begun from; a candidate that no longer fits what is there now is not registered. */
interface Basis {
  readonly run_id: string;
  readonly throughSeq: number;
  readonly baseVersion: string;
  readonly resetAt: number;
  readonly attempts: readonly string[];
}

function judged(trained: Trained, basis: Basis, now: TutorState, serving: string): Trained {
  if (trained.verdict.kind === 'rejected') return trained;
  const standing = new Set(now.answers.map((a) => a.attempt_id));
  const reject = (reason: 'nothing-new' | 'overtaken'): Trained => ({ ...trained, verdict: { kind: 'rejected', reason } });
  if (serving !== basis.baseVersion || now.resetAt !== basis.resetAt || basis.attempts.some((id) => !standing.has(id)))
    return reject('overtaken');
  const isNew = now.answers.some((a) => a.seq > (now.champion?.throughSeq ?? 0) && a.seq <= basis.throughSeq);
  return isNew ? trained : reject('nothing-new');
}

async function finish(desk: Desk, basis: Basis, trained: Trained, epochs: readonly Epoch[]): Promise<Trained> {
  const { moment, global } = desk.ports;
  const { run_id } = basis;
  let result = trained;
  await desk.write(async (now) => {
    result = judged(trained, basis, now, modelLabel(now, global));
    const isBroken = result.verdict.kind === 'rejected' && result.verdict.reason === 'not-finite';
    const end: Draft = { kind: 'run.updated', body: { run_id, status: isBroken ? 'FAILED' : 'FINISHED', end_time: moment().at } };
    const n = result.layer.answers;
    const isServed = result.verdict.kind === 'registered' && result.layer.isAhead;
    const level = isServed ? n / (n + 100) : personalizationLevel(now);
    const results = resultDrafts(run_id, result, epochs, moment().at, level);
    if (result.verdict.kind === 'rejected') return { drafts: [...results, end] };
    const { drafts, artifacts, champion, layerNow } = await registration(desk, run_id, result, basis.throughSeq);
    const personal = { pack_id: desk.packId, model_version: champion.label, layer: layerNow(now) };
    return { drafts: [...results, ...drafts, end], together: { artifacts, personal }, refold: true };
  });
  return result;
}

/**
 * Refit the pack's model: a run begins, the trainer works elsewhere, and results, artifacts, version and alias are written together.
 * Answers given meanwhile are learned on top of the new layer. One training at a time, in all tabs.
 *
 * @throws TrainingLost; the run then says why, and the served model is what it was; `busy` begins no run
 */
export function trainModel(desk: Desk, trainer: Trainer, onProgress: (p: TrainingProgress) => void, signal: AbortSignal): Promise<Trained> {
  return desk.ports.exclusively(async (isFree) => {
    if (!isFree) throw new TrainingLost('busy', 'another tab is training');
    const { answers, head, ...state } = await desk.state();
    const run_id = await beginRun(desk, learnableAnswers({ answers, ...state }) < 100);
    const baseVersion = modelLabel({ answers, head, ...state }, desk.ports.global);
    const basis: Basis = { run_id, throughSeq: head, baseVersion, resetAt: state.resetAt, attempts: answers.map((a) => a.attempt_id) };
    const sent = answers.map((a) => ({ itemId: a.item_id, y: a.correct, servedP: a.predicted_p }));
    const settings = await layerSettings(desk.ports.log, desk.packId);
    const job = {
      globalWeights: desk.ports.global.weights,
      questions: [...desk.course.questions.values()],
      settings,
      answers: sent,
      forgotten: forgottenAnswers({ answers, ...state }),
    };
    const epochs: Epoch[] = [];
    try {
      const trained = await trainer.train(
        job,
        (progress) => {
          if (progress.kind === 'epoch') epochs.push(progress);
          onProgress(progress);
        },
        signal,
      );
      return await finish(desk, basis, trained, epochs);
    } catch (cause) {
      throw await lostRun(desk, run_id, cause);
    }
  });
}

async function lostRun(desk: Desk, run_id: string, cause: unknown): Promise<TrainingLost> {
  const lost = cause instanceof TrainingLost ? cause : new TrainingLost('failed', cause instanceof Error ? cause.message : String(cause));
  await desk.write(async () => ({
    drafts: [
      { kind: 'param.logged', body: { run_id, key: 'kind', value: 'refit' } },
      { kind: 'tag.set', body: { run_id, key: 'discard_reason', value: lost.message.slice(0, 500) } },
      { kind: 'run.updated', body: { run_id, status: lost.kind === 'stopped' ? 'KILLED' : 'FAILED', end_time: desk.ports.moment().at } },
    ],
  }));
  return lost;
}

/** How often a refit is begun anew after its page was closed; after that the answers wait for more, lest the refit be what ends the page. */
const MOST_CUT_OFF = 2;

/** The most answers a refit of this pack was begun with; null if none was. One cut off by the end of its page counts for nothing at first. */
async function triedWith(log: LogReader, packId: string, runs: readonly Tables['runs'][]): Promise<number | null> {
  let latest: number | null = null;
  let cutOff = 0;
  for (const { run_id } of [...runs].sort((a, b) => a.start_time - b.start_time)) {
    const pack = await log.get('tags', [run_id, 'eg.pack_id']);
    const total = await log.get('params', [run_id, 'answers_total']);
    if (pack?.value !== packId || !total || Number(total.value) < FIRST_REFIT_AT) continue;
    cutOff = (await log.get('tags', [run_id, 'discard_reason']))?.value === INTERRUPTED ? cutOff + 1 : 0;
    if (cutOff === 0 || cutOff > MOST_CUT_OFF) latest = Math.max(latest ?? 0, Number(total.value));
  }
  return latest;
}

/** Whether a refit should start by itself now: a failed or stopped one is not tried again before there is more to learn from. */
export async function isRefitDue(log: LogReader, desk: Desk): Promise<boolean> {
  if ((await log.get('settings', TRAINING_PAUSED))?.value === 'on') return false;
  const { answers, model, resetAt } = await desk.state();
  if (learnableAnswers({ answers, resetAt }) < FIRST_REFIT_AT) return false;
  const runs = (await log.list('runs')).filter((r) => r.run_name.startsWith('refit '));
  const latest = await triedWith(log, desk.packId, runs);
  const { sinceAlarm } = model.layer.drift;
  const isDrifted = sinceAlarm !== null && (latest ?? 0) < answers.length - sinceAlarm;
  return refitDue(answers.length, latest) || isDrifted || (await feltAlike(log, runs));
}

/** The latest three times the learner said how hard it felt they said the same, and nothing was trained since. */
async function feltAlike(log: LogReader, runs: readonly Tables['runs'][]): Promise<boolean> {
  const felt = (await log.list('feedback'))
    .filter((f) => f.difficulty_felt)
    .sort((a, b) => a.at - b.at)
    .slice(-3);
  const [first] = felt;
  if (felt.length < 3 || !first || first.difficulty_felt === 'right') return false;
  return felt.every((f) => f.difficulty_felt === first.difficulty_felt) && runs.every((r) => r.start_time < (felt[2]?.at ?? 0));
}
