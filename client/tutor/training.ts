import type { ArtifactBytes, LogReader } from '#client/ports/experiment-log.ts';
import { type Trained, type Trainer, TrainingLost, type TrainingProgress } from '#client/ports/trainer.ts';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { refitDue } from '#models/difficulty/refit.ts';
import { weightsToBytes } from '#models/learner.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { newRunId } from '#shared/domain/ids.ts';
import type { Draft } from '#shared/tracking/event.ts';
import { type Desk, experimentNamed, pairs } from './desk.ts';
import { type Champion, foldModel, personalName, type TutorState } from './tutor-state.ts';

/** Fewest answers a training makes sense for at all. */
export const MIN_TRAINING_ANSWERS = 5;

type Epoch = Extract<TrainingProgress, { kind: 'epoch' }>;

async function beginRun(desk: Desk, early: boolean): Promise<string> {
  const { moment, global } = desk.ports;
  let run_id = '';
  await desk.write(async (now) => {
    const experiment = await experimentNamed(desk, 'training');
    const { at, rng } = moment();
    run_id = newRunId(rng);
    const params = pairs({
      kind: 'refit',
      early: String(early),
      model_family: 'mlp-28-32-16-1',
      optimizer: 'adam',
      epochs: 60,
      answers_total: now.answers.length,
      base_version: now.champion?.label ?? global.label,
    });
    const tags = pairs({ 'eg.kind': 'training', 'eg.pack_id': desk.packId });
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

/** A run nobody is training any more, because page or worker ended: it says so. */
export async function closeLostRuns(desk: Desk): Promise<void> {
  const { log, moment } = desk.ports;
  const { held } = await navigator.locks.query();
  if (held?.some((l) => l.name === 'examsgraph-training')) return;
  const lost = (await log.list('runs', 'status', 'RUNNING')).filter((r) => r.run_name.startsWith('refit '));
  if (lost.length === 0) return;
  await desk.write(async () => ({
    drafts: lost.flatMap(({ run_id }): Draft[] => [
      { kind: 'tag.set', body: { run_id, key: 'discard_reason', value: 'interrupted' } },
      { kind: 'run.updated', body: { run_id, status: 'FAILED', end_time: moment().at } },
    ]),
  }));
}

function curveMetrics(epochs: readonly Epoch[], at: number): { key: string; value: number; timestamp: number; step: number }[] {
  return epochs.flatMap((e, step) => [
    { key: 'loss', value: e.loss, timestamp: at, step },
    ...(Number.isFinite(e.validationLoss) ? [{ key: 'val_loss', value: e.validationLoss, timestamp: at, step }] : []),
  ]);
}

function resultDrafts(run_id: string, trained: Trained, epochs: readonly Epoch[], at: number): Draft[] {
  const metric = (key: string, value: number) => ({ key, value, timestamp: at, step: epochs.length });
  const numbers = { ...trained.metrics, train_ms: trained.trainMs, warmup_ms: trained.warmupMs };
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
    candidate: trained.kind,
    answers_used: trained.answersUsed,
    holdout_answers: trained.heldOutAnswers,
  };
  return [
    { kind: 'metric.logged', body: { run_id, metrics } },
    ...Object.entries(params).map(([key, value]): Draft => ({ kind: 'param.logged', body: { run_id, key, value: String(value) } })),
    ...Object.entries(tags).map(([key, value]): Draft => ({ kind: 'tag.set', body: { run_id, key, value } })),
  ];
}

function artifactsOf(run_id: string, trained: Trained, throughSeq: number): readonly ArtifactBytes[] {
  const json = new TextEncoder().encode(JSON.stringify({ format: 1, throughSeq, layer: trained.layer }));
  const weights = trained.kind === 'fine-tune' ? [{ run_id, path: 'model/weights.bin', bytes: weightsToBytes(trained.weights) }] : [];
  return [{ run_id, path: 'model/personal.json', bytes: json }, ...weights];
}

/** The transaction that makes a better candidate the champion: artifacts, version, alias, and the layer as it now serves. */
async function registration(desk: Desk, run_id: string, trained: Trained, throughSeq: number) {
  const { log, global } = desk.ports;
  const name = personalName(desk.packId);
  const version = 1 + Math.max(0, ...(await log.list('model_versions', 'name', name)).map((v) => v.version));
  const artifacts = artifactsOf(run_id, trained, throughSeq);
  const early = trained.verdict.kind === 'registered' && trained.verdict.early;
  const previous = await log.get('aliases', [name, 'champion']);
  const drafts: Draft[] = [
    ...artifacts.map(
      ({ path, bytes }): Draft => ({ kind: 'artifact.logged', body: { run_id, path, sha256: sha256Hex(bytes), size: bytes.length } }),
    ),
    { kind: 'model.registered', body: { name, version, run_id, tags: pairs({ early: String(early) }) } },
    ...(previous ? [{ kind: 'alias.set' as const, body: { name, alias: 'previous', version: previous.version } }] : []),
    { kind: 'alias.set', body: { name, alias: 'champion', version } },
  ];
  const weights = trained.kind === 'fine-tune' ? trained.weights : null;
  const champion: Champion = { label: `${name}/${version}`, version, runId: run_id, throughSeq, layer: trained.layer, weights };
  const layerNow = (state: TutorState) => storeLayer(foldModel(desk.course, global, champion, state.answers, null).layer);
  return { drafts, artifacts, champion, layerNow };
}

async function finish(desk: Desk, run_id: string, trained: Trained, epochs: readonly Epoch[], throughSeq: number): Promise<void> {
  const end = (): Draft => ({ kind: 'run.updated', body: { run_id, status: 'FINISHED', end_time: desk.ports.moment().at } });
  await desk.write(async (now) => {
    const results = resultDrafts(run_id, trained, epochs, desk.ports.moment().at);
    if (trained.verdict.kind === 'rejected') return { drafts: [...results, end()] };
    const { drafts, artifacts, champion, layerNow } = await registration(desk, run_id, trained, throughSeq);
    const personal = { pack_id: desk.packId, model_version: champion.label, layer: layerNow(now) };
    return { drafts: [...results, ...drafts, end()], together: { artifacts, personal }, refold: true };
  });
}

/**
 * Refit the pack's model: a run begins, the trainer works elsewhere, and results, artifacts, version and alias are written together.
 * Answers given meanwhile are learned on top of the new layer.
 *
 * @throws TrainingLost; the run then says why, and the served model is what it was
 */
export async function trainModel(
  desk: Desk,
  trainer: Trainer,
  onProgress: (p: TrainingProgress) => void,
  signal: AbortSignal,
): Promise<Trained> {
  const { answers } = await desk.state();
  const sent = answers.map((a) => ({ itemId: a.item_id, y: a.correct, servedP: a.predicted_p }));
  const throughSeq = answers.at(-1)?.seq ?? 0;
  const run_id = await beginRun(desk, answers.length < 100);
  const epochs: Epoch[] = [];
  try {
    const job = { globalWeights: desk.ports.global.weights, questions: [...desk.course.questions.values()], answers: sent };
    const trained = await trainer.train(
      job,
      (progress) => {
        if (progress.kind === 'epoch') epochs.push(progress);
        onProgress(progress);
      },
      signal,
    );
    await finish(desk, run_id, trained, epochs, throughSeq);
    return trained;
  } catch (cause) {
    const lost = cause instanceof TrainingLost ? cause : new TrainingLost('failed', cause instanceof Error ? cause.message : String(cause));
    await desk.write(async () => ({
      drafts: [
        { kind: 'tag.set', body: { run_id, key: 'discard_reason', value: lost.message.slice(0, 500) } },
        { kind: 'run.updated', body: { run_id, status: lost.kind === 'stopped' ? 'KILLED' : 'FAILED', end_time: desk.ports.moment().at } },
      ],
    }));
    throw lost;
  }
}

/** Whether a refit should start by itself now. */
export async function isRefitDue(log: LogReader, desk: Desk): Promise<boolean> {
  const { answers } = await desk.state();
  const finished = (await log.list('runs', 'status', 'FINISHED')).filter((r) => r.run_name.startsWith('refit '));
  let latest: number | null = null;
  for (const { run_id } of finished) {
    const pack = await log.get('tags', [run_id, 'eg.pack_id']);
    const total = await log.get('params', [run_id, 'answers_total']);
    if (pack?.value === desk.packId && total && Number(total.value) >= 30) latest = Math.max(latest ?? 0, Number(total.value));
  }
  return refitDue(answers.length, latest);
}
