import type { LogReader } from '#client/ports/experiment-log.ts';
import { runTags } from '#client/ports/run-tags.ts';
import { type Trainer, TrainingLost } from '#client/ports/trainer.ts';
import { type Rung, SEARCH_NEEDS, type SearchResult, type Trial } from '#models/difficulty/automl.ts';
import type { LayerSettings } from '#models/difficulty/layer-settings.ts';
import { newRunId } from '#shared/domain/ids.ts';
import type { Draft } from '#shared/tracking/event.ts';
import { type Desk, experimentNamed, pairs } from './desk.ts';
import { forgottenAnswers, layerSettings, learnableAnswers, settingsInUse } from './tutor-state.ts';

const DAY_MS = 86_400_000;
const RUN_NAME = 'automl ';

const nameOf = ({ offset, weights, pull }: LayerSettings): string => `${offset}/${weights}/${pull}`;
const paramsOf = ({ offset, weights, pull }: LayerSettings) => ({ offset_rate: offset, weight_rate: weights, pull });

/** Every setting with its loss on each rung it reached. */
function childrenOf(rungs: readonly Rung[]): readonly { readonly setting: LayerSettings; readonly losses: readonly number[] }[] {
  const first = rungs[0]?.trials ?? [];
  const lossOn = (trials: readonly Trial[], setting: LayerSettings) => trials.find((t) => nameOf(t.setting) === nameOf(setting))?.logLoss;
  return first.map(({ setting }) => ({ setting, losses: rungs.flatMap((r) => lossOn(r.trials, setting) ?? []) }));
}

/** One parent run, one child a setting, all written when the search is over. */
async function searchRuns(
  desk: Desk,
  begun: number,
  answers: number,
  rungs: readonly Rung[],
  result: SearchResult | null,
  isStopped: boolean,
) {
  const { moment } = desk.ports;
  const experiment = await experimentNamed(desk, 'training');
  const { at, rng } = moment();
  const parent = newRunId(rng);
  const run = (run_id: string, name: string, params: Record<string, string | number>, tags: Record<string, string>): Draft => ({
    kind: 'run.created',
    body: {
      run_id,
      experiment_id: experiment.id,
      run_name: name,
      start_time: begun,
      params: pairs(params),
      tags: runTags(desk.ports.log, 'automl', { 'eg.pack_id': desk.packId, ...tags }),
    },
  });
  const ended = (run_id: string): Draft => ({
    kind: 'run.updated',
    body: { run_id, status: result ? 'FINISHED' : isStopped ? 'KILLED' : 'FAILED', end_time: at },
  });
  const metrics = (run_id: string, found: readonly (readonly [string, number, number])[]): Draft => ({
    kind: 'metric.logged',
    body: { run_id, metrics: found.map(([key, value, step]) => ({ key, value, step, timestamp: at })) },
  });
  const children = childrenOf(rungs).flatMap(({ setting, losses }): Draft[] => {
    const run_id = newRunId(rng);
    const params = { kind: 'automl', ...paramsOf(setting) };
    return [
      run(run_id, `setting ${nameOf(setting)}`, params, { 'mlflow.parentRunId': parent }),
      metrics(
        run_id,
        losses.map((loss, rung) => ['log_loss', loss, rung] as const),
      ),
      ended(run_id),
    ];
  });
  const name = `${RUN_NAME}${new Date(at).toISOString().slice(0, 16)}`;
  const params = { kind: 'automl', answers_total: answers, ...(result ? paramsOf(result.best) : {}) };
  const outcome = result
    ? [
        metrics(parent, [
          ['log_loss', result.bestLoss, 0],
          ['baseline_log_loss', result.incumbentLoss, 0],
        ]),
      ]
    : [];
  const tags = { promoted: String(result?.isBetter ?? false) };
  return [...experiment.drafts, run(parent, name, params, tags), ...outcome, ...children, ended(parent)];
}

/**
 * Search the layer's settings off the page's thread; what is better is used from the next answer on. Every setting tried is a run under
 * the search's own.
 *
 * @returns null when it was stopped, or the device was too slow for it @throws TrainingLost
 */
export async function searchLayer(
  desk: Desk,
  trainer: Trainer,
  onRung: (rung: Rung) => void,
  signal: AbortSignal,
): Promise<SearchResult | null> {
  const { log, global, moment } = desk.ports;
  const { answers, resetAt } = await desk.state();
  if (learnableAnswers({ answers, resetAt }) < SEARCH_NEEDS) throw new TrainingLost('failed', `a search needs ${SEARCH_NEEDS} answers`);
  const begun = moment().at;
  const rungs: Rung[] = [];
  const job = {
    globalWeights: global.weights,
    questions: [...desk.course.questions.values()],
    settings: await layerSettings(log, desk.packId),
    answers: answers.map((a) => ({ itemId: a.item_id, y: a.correct, servedP: a.predicted_p })),
    forgotten: forgottenAnswers({ answers, resetAt }),
  };
  const result = await trainer.search(
    job,
    (rung) => {
      rungs.push(rung);
      onRung(rung);
    },
    signal,
  );
  await desk.write(async () => {
    const runs = await searchRuns(desk, begun, answers.length, rungs, result, signal.aborted);
    if (!result?.isBetter) return { drafts: runs };
    return { drafts: [...runs, settingsInUse(desk.packId, result.best)], refold: true };
  });
  return result;
}

/** Whether a search may start by itself: 300 answers since the latest that was not stopped, and a day. */
export async function isSearchDue(log: LogReader, desk: Desk): Promise<boolean> {
  const { answers, resetAt } = await desk.state();
  if (learnableAnswers({ answers, resetAt }) < SEARCH_NEEDS) return false;
  let [searchedAt, searchedOn] = [0, 0];
  for (const run of (await log.list('runs')).filter((r) => r.run_name.startsWith(RUN_NAME) && r.status !== 'KILLED')) {
    const total = await log.get('params', [run.run_id, 'answers_total']);
    const pack = await log.get('tags', [run.run_id, 'eg.pack_id']);
    if (!total || pack?.value !== desk.packId) continue;
    searchedAt = Math.max(searchedAt, run.end_time ?? 0);
    searchedOn = Math.max(searchedOn, Number(total.value));
  }
  return answers.length - searchedOn >= SEARCH_NEEDS && desk.ports.moment().at - searchedAt >= DAY_MS;
}
