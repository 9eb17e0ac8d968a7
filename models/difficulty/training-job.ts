import { accuracy, auc, brier, ece, logLoss, majorityAccuracy, selectiveCoverage } from '#shared/maths/scores.ts';
import type { Learner } from '../learner.ts';
import { type Rung, type SearchResult, searchSettings } from './automl.ts';
import type { CandidateKind } from './candidate.ts';
import { type StoredLayer, storeLayer } from './layer-codec.ts';
import { DEFAULT_SETTINGS, type LayerSettings } from './layer-settings.ts';
import type { Network } from './personal-model.ts';
import type { Question } from './question.ts';
import { type OnCandidateEpoch, type RefitOutcome, refit, type Verdict } from './refit.ts';
import { priorTables } from './tables.ts';

/** A refit as it is handed to a worker: plain values only. */
export interface TrainingJob {
  readonly globalWeights: Float32Array;
  readonly questions: readonly Question[];
  /** What the automatic search found; absent: the defaults. */
  readonly settings?: LayerSettings | undefined;
  /** Scored answers in order, with the probability served before each. */
  readonly answers: readonly { readonly itemId: string; readonly y: 0 | 1; readonly servedP: number }[];
  /** How many of the first of them the model is not to learn from: the learner had it forget. */
  readonly forgotten?: number | undefined;
}

/** What a worker hands back: plain values only. */
export interface TrainingResult {
  readonly verdict: Verdict;
  readonly kind: CandidateKind;
  /** Weights of the candidate, shape [1473]; the global ones if only the layer was fitted. */
  readonly weights: Float32Array;
  readonly layer: StoredLayer;
  readonly answersUsed: number;
  readonly heldOutAnswers: number;
  /** Logged names and their values; those that cannot be computed are absent. */
  readonly metrics: Readonly<Record<string, number>>;
}

function heldOutMetrics({ heldOut: { p, incumbentP, globalP, y }, candidateLoss, incumbentLoss }: RefitOutcome): Record<string, number> {
  if (y.length === 0) return {};
  const globalLoss = logLoss(globalP, y);
  const metrics: Record<string, number> = {
    personal_accuracy: accuracy(p, y),
    majority_accuracy: majorityAccuracy(y),
    incumbent_accuracy: accuracy(incumbentP, y),
    log_loss: logLoss(p, y),
    baseline_log_loss: incumbentLoss,
    auc: auc(p, y),
    ece: ece(p, y),
    brier: brier(p, y),
    global_log_loss: globalLoss,
    adaptation_rate: (globalLoss - candidateLoss) / globalLoss,
    prediction_confidence: p.reduce((sum, q) => sum + Math.max(q, 1 - q), 0) / p.length,
    selective_coverage_92: selectiveCoverage(p, y, 0.92),
  };
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}

/** What a job's arithmetic starts from. */
function contextOf(job: TrainingJob, networkOf: (weights: Float32Array) => Network) {
  const questions = new Map(job.questions.map((q) => [q.id, q]));
  const answers = job.answers.map(({ itemId, y, servedP }) => ({
    question: questions.get(itemId) ?? { id: itemId, skills: [] },
    y,
    servedP,
  }));
  const settings = job.settings ?? DEFAULT_SETTINGS;
  const [before, used] = [answers.slice(0, job.forgotten ?? 0), answers.slice(job.forgotten ?? 0)];
  return { answers: used, context: { globalWeights: job.globalWeights, networkOf, tables: priorTables(job.questions), before, settings } };
}

const MOST_SEARCHED = 2000;

/** Search the layer's settings on one learner's latest 2,000 answers. @returns null when told to stop @throws RangeError below 300 answers */
export async function runSearch(
  job: TrainingJob,
  learner: Learner,
  networkOf: (weights: Float32Array) => Network,
  onRung: (rung: Rung) => boolean,
): Promise<SearchResult | null> {
  const { answers, context } = contextOf(job, networkOf);
  const before = [...context.before, ...answers.slice(0, -MOST_SEARCHED)];
  return searchSettings({ ...context, before }, learner, answers.slice(-MOST_SEARCHED), onRung);
}

/** Refit and judge one learner's model, whatever learner does the arithmetic; items no longer in the pack count as without skill. @throws TrainingStopped */
export async function runTraining(
  job: TrainingJob,
  learner: Learner,
  networkOf: (weights: Float32Array) => Network,
  report: OnCandidateEpoch,
): Promise<TrainingResult> {
  const { answers, context } = contextOf(job, networkOf);
  const outcome = await refit(context, learner, answers, report);
  return {
    verdict: outcome.verdict,
    kind: outcome.candidate.kind,
    weights: outcome.candidate.weights.slice(),
    layer: storeLayer(outcome.candidate.layer),
    answersUsed: outcome.answersUsed,
    heldOutAnswers: outcome.heldOut.y.length,
    metrics: heldOutMetrics(outcome),
  };
}
