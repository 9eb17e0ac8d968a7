import { crossEntropy } from '#shared/maths/logistic.ts';
import { ece, logLoss } from '#shared/maths/scores.ts';
import type { EpochReport, Learner, OnEpoch } from '../learner.ts';
import { calibrate } from './calibration.ts';
import { type Candidate, type CandidateKind, fitCandidate, networkChances, type RefitContext, replay } from './candidate.ts';
import type { PersonalLayer } from './personal-layer.ts';
import type { Answer } from './question.ts';

/** One answer of the history with the probability that was served before it. */
export interface ServedAnswer extends Answer {
  readonly servedP: number;
}

/** Histories are cut to this many latest answers. */
export const MAX_REFIT_ANSWERS = 2000;
/** First automatic refit, and the distance to each next one. */
export const FIRST_REFIT_AT = 30;
/** Answers between automatic refits. */
export const REFIT_EVERY = 50;

const EARLY_BELOW = 100;
const CALIBRATE_FROM = 200;
const MIN_WIN = 0.001;
const MAX_ECE_LOSS = 0.02;
const BLOCKS = 5;

/** Why a candidate did or did not replace the incumbent. */
export type Verdict =
  | { readonly kind: 'registered'; readonly early: boolean }
  | {
      readonly kind: 'rejected';
      readonly reason: 'too-few' | 'not-better' | 'within-noise' | 'worse-calibrated' | 'not-finite' | 'nothing-new' | 'overtaken';
    };

/** What a refit found; losses in nats on the same held-out answers. */
export interface RefitOutcome {
  readonly verdict: Verdict;
  readonly candidate: Candidate;
  readonly heldOut: {
    readonly p: Float32Array;
    readonly incumbentP: Float32Array;
    readonly globalP: Float32Array;
    readonly y: Float32Array;
  };
  readonly candidateLoss: number;
  readonly incumbentLoss: number;
  readonly answersUsed: number;
}

/** The gate: better than what served and than the shared model alone. Pure, so that a planted worse candidate can be shown to fail it. */
export function judge(p: Float32Array, servedP: Float32Array, globalP: Float32Array, y: Float32Array, answers: number): Verdict {
  if (answers < FIRST_REFIT_AT) return { kind: 'rejected', reason: 'too-few' };
  if (!p.every(Number.isFinite)) return { kind: 'rejected', reason: 'not-finite' };
  const toBeat = logLoss(globalP, y) < logLoss(servedP, y) ? globalP : servedP;
  const gain = logLoss(toBeat, y) - logLoss(p, y);
  if (gain < MIN_WIN) return { kind: 'rejected', reason: 'not-better' };
  const early = answers < EARLY_BELOW;
  if (early && gain <= standardErrorOfGain(p, toBeat, y)) return { kind: 'rejected', reason: 'within-noise' };
  if (!early && ece(p, y) - ece(servedP, y) > MAX_ECE_LOSS) return { kind: 'rejected', reason: 'worse-calibrated' };
  return { kind: 'registered', early };
}

function standardErrorOfGain(p: Float32Array, incumbentP: Float32Array, y: Float32Array): number {
  const gains = Array.from(y, (outcome, i) => crossEntropy(incumbentP[i] as number, outcome) - crossEntropy(p[i] as number, outcome));
  const mean = gains.reduce((a, b) => a + b, 0) / gains.length;
  const variance = gains.reduce((sum, g) => sum + (g - mean) ** 2, 0) / Math.max(1, gains.length - 1);
  return Math.sqrt(variance / gains.length);
}

/** The kind that predicts the last fifth of the given answers better, trained on the rest, and how its variants fared there. */
async function ranked(
  context: RefitContext,
  learner: Learner,
  answers: readonly Answer[],
  report: OnCandidateEpoch | null,
): Promise<Ranking> {
  const cut = Math.floor(answers.length * 0.8);
  const [fit, validation] = [answers.slice(0, cut), answers.slice(cut)];
  let best: Ranking | null = null;
  for (const kind of ['layer', 'fine-tune'] as const) {
    const candidate = await fitCandidate(context, learner, kind, fit, validation, about(report, kind));
    const { p, y, layer } = replay(context, candidate, fit, validation);
    const loss = logLoss(p, y);
    const ranked = Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY;
    if (!best || ranked < best.loss) best = { kind, loss: ranked, record: layer };
  }
  if (!best) throw new Error('no candidate was ranked');
  return best;
}

/** The better kind fitted to all of the answers; its mixture starts from the losses seen while ranking. */
async function fitBetter(
  context: RefitContext,
  learner: Learner,
  answers: readonly Answer[],
  report: OnCandidateEpoch | null,
): Promise<Candidate> {
  const { kind, record } = await ranked(context, learner, answers, report);
  const candidate = await fitCandidate(context, learner, kind, answers, null, about(report, kind));
  const { losses, discounted, lead, isAhead } = record;
  return { ...candidate, layer: { ...candidate.layer, losses, discounted, lead, isAhead } };
}

interface Ranking {
  readonly kind: CandidateKind;
  readonly loss: number;
  readonly record: PersonalLayer;
}

/** Told of every epoch of every candidate; answers whether to go on. */
export type OnCandidateEpoch = (kind: CandidateKind, report: EpochReport) => boolean;

/** One candidate's share of a report; null where nobody listens. */
const about = (report: OnCandidateEpoch | null, kind: CandidateKind): OnEpoch | null => (report ? (epoch) => report(kind, epoch) : null);

/** 70 or 80 % fit, 10 % calibration from 200 answers on, the last 20 % gate. */
async function heldOutLast(context: RefitContext, learner: Learner, answers: readonly ServedAnswer[], report: OnCandidateEpoch) {
  const gateFrom = Math.floor(answers.length * 0.8);
  const fitTo = answers.length >= CALIBRATE_FROM ? Math.floor(answers.length * 0.7) : gateFrom;
  const fit = answers.slice(0, fitTo);
  const fitted = await fitBetter(context, learner, fit, report);
  const candidate = fitTo < gateFrom ? calibrate(context, fitted, fit, answers.slice(fitTo, gateFrom)) : fitted;
  const gate = answers.slice(gateFrom);
  const { p, y, layer } = replay(context, candidate, answers.slice(0, gateFrom), gate);
  return { p, y, incumbentP: Float32Array.from(gate, (a) => a.servedP), candidate: { ...candidate, layer } };
}

/** Below 100 answers: forward chaining over the last half in five blocks, each predicted after fitting all before it. */
async function forwardChained(context: RefitContext, learner: Learner, answers: readonly ServedAnswer[], report: OnCandidateEpoch) {
  const from = Math.floor(answers.length / 2);
  const pooled: { p: number[]; y: number[]; incumbentP: number[] } = { p: [], y: [], incumbentP: [] };
  for (let block = 0; block < BLOCKS; block++) {
    const start = from + Math.floor((block * (answers.length - from)) / BLOCKS);
    const end = from + Math.floor(((block + 1) * (answers.length - from)) / BLOCKS);
    const before = answers.slice(0, start);
    const part = answers.slice(start, end);
    if (before.length < 2 || part.length === 0) continue;
    const candidate = await fitBetter(context, learner, before, null);
    const { p, y } = replay(context, candidate, before, part);
    pooled.p.push(...p);
    pooled.y.push(...y);
    pooled.incumbentP.push(...part.map((a) => a.servedP));
  }
  const candidate = await fitBetter(context, learner, answers, report);
  return { p: Float32Array.from(pooled.p), y: Float32Array.from(pooled.y), incumbentP: Float32Array.from(pooled.incumbentP), candidate };
}

/**
 * Refit one learner's model and judge it: both candidates ranked, the better fitted again, only that one seen by the gate.
 *
 * @param answers the learner's scored answers in order, the served probability with each
 * @param report told of the epochs of the visible trainings
 * @throws RangeError below 5 answers; TrainingStopped when `report` answers false
 */
export async function refit(
  context: RefitContext,
  learner: Learner,
  answers: readonly ServedAnswer[],
  report: OnCandidateEpoch,
): Promise<RefitOutcome> {
  if (answers.length < 5) throw new RangeError(`a refit needs at least 5 answers, got ${answers.length}`);
  const used = answers.slice(-MAX_REFIT_ANSWERS);
  const before = [...context.before, ...answers.slice(0, answers.length - used.length)];
  const run = used.length < EARLY_BELOW ? forwardChained : heldOutLast;
  const { p, y, incumbentP, candidate: fitted } = await run({ ...context, before }, learner, used, report);
  const candidate = { ...fitted, layer: { ...fitted.layer, answers: used.length } };
  const heldFrom = used.length - y.length;
  const globalP = networkChances({ ...context, before }, used.slice(0, heldFrom), used.slice(heldFrom));
  return {
    verdict: judge(p, incumbentP, globalP, y, used.length),
    candidate,
    heldOut: { p, incumbentP, globalP, y },
    candidateLoss: logLoss(p, y),
    incumbentLoss: logLoss(incumbentP, y),
    answersUsed: used.length,
  };
}

/** Whether a refit is due on its own: at 30 answers, then every 50 since the last one. */
export function refitDue(answers: number, answersAtLastRefit: number | null): boolean {
  return answersAtLastRefit === null ? answers >= FIRST_REFIT_AT : answers - answersAtLastRefit >= REFIT_EVERY;
}
