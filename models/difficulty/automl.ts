import { clip, crossEntropyOfLogit, sigmoid } from '#shared/maths/logistic.ts';
import { FEATURE_COUNT, type Learner } from '../learner.ts';
import { LAYER_PLAN, type LayerProblem, layerProblem, type RefitContext } from './candidate.ts';
import { GRID, type LayerSettings } from './layer-settings.ts';
import { LAYER_BOUNDS } from './personal-layer.ts';
import type { Answer } from './question.ts';

/** One setting's mean log loss on a rung, nats. */
export interface Trial {
  readonly setting: LayerSettings;
  readonly logLoss: number;
}

/** A rung of the search: the settings still in, on how many answers, best first. */
export interface Rung {
  readonly rung: number;
  readonly answers: number;
  readonly trials: readonly Trial[];
}

/** What a search came to. */
export interface SearchResult {
  readonly rungs: readonly Rung[];
  readonly best: LayerSettings;
  /** Mean log loss on the latest fifth, which the search has not seen: the settings in use, and the best found. */
  readonly incumbentLoss: number;
  readonly bestLoss: number;
  /** Of their difference, over blocks of ten answers. */
  readonly standardError: number;
  /** Better by more than one standard error: only then worth using. */
  readonly isBetter: boolean;
}

/** Fewest answers a search is worth running on. */
export const SEARCH_NEEDS = 300;

const RUNGS = [150, 450, 1350] as const;
const AT_LEAST_FITTED = 100;
const HALVING = 3;
const BLOCK = 10;
const { decay: DECAY, theta: MAX_THETA, skill: MAX_SKILL, delta: MAX_DELTA } = LAYER_BOUNDS;

const slice = ({ design, base, y, skills }: LayerProblem, from: number, to: number): LayerProblem => {
  const m = design.length / y.length;
  return { design: design.subarray(from * m, to * m), base: base.subarray(from, to), y: y.subarray(from, to), skills };
};

/**
 * Losses [n] (nats) of answers predicted one by one, the layer's `both` form `w` [m] learning each with the setting's rates: what `learn` does
 * to that form, over a design made once for all settings. w changes in place.
 */
export function replayed({ design, base, y, skills }: LayerProblem, w: Float32Array, { offset, weights }: LayerSettings): Float64Array {
  const m = design.length / y.length;
  const features = 1 + skills.length;
  return Float64Array.from(y, (outcome, i) => {
    const at = i * m;
    let logit = base[i] as number;
    for (let j = 0; j < m; j++) logit += (design[at + j] as number) * (w[j] as number);
    const error = outcome - sigmoid(logit);
    w[0] = clip((w[0] as number) + offset * error - DECAY * (w[0] as number), -MAX_THETA, MAX_THETA);
    for (let j = 1; j < features; j++)
      if ((design[at + j] as number) > 0) w[j] = clip((w[j] as number) + 2 * offset * error, -MAX_SKILL, MAX_SKILL);
    let squares = 0;
    for (let j = features; j < features + FEATURE_COUNT; j++) {
      const next = (w[j] as number) + weights * error * (design[at + j] as number) - DECAY * (w[j] as number);
      w[j] = next;
      squares += next * next;
    }
    const norm = Math.sqrt(squares);
    if (norm > MAX_DELTA) for (let j = features; j < features + FEATURE_COUNT; j++) w[j] = ((w[j] as number) * MAX_DELTA) / norm;
    return crossEntropyOfLogit(logit, outcome);
  });
}

const mean = (numbers: ArrayLike<number>): number => Array.from(numbers).reduce((a, b) => a + b, 0) / numbers.length;

/** Every setting fitted on the first `cut` answers, then replayed over the rest; the fits of all pulls are one program of the learner. */
async function tried(
  problem: LayerProblem,
  cut: number,
  settings: readonly LayerSettings[],
  learner: Learner,
): Promise<readonly Float64Array[]> {
  const pulls = [...new Set(settings.map((s) => s.pull))];
  const fit = slice(problem, 0, cut);
  const grid = await learner.fitGrid(fit, Float32Array.from(pulls), LAYER_PLAN);
  const m = grid.length / pulls.length;
  const rest = slice(problem, cut, problem.y.length);
  return settings.map((setting) => {
    const row = pulls.indexOf(setting.pull);
    return replayed(rest, grid.slice(row * m, (row + 1) * m), setting);
  });
}

function standardErrorOf(differences: Float64Array): number {
  const blocks: number[] = [];
  for (let i = 0; i + BLOCK <= differences.length; i += BLOCK) blocks.push(mean(differences.subarray(i, i + BLOCK)));
  const middle = mean(blocks);
  const variance = blocks.reduce((sum, b) => sum + (b - middle) ** 2, 0) / Math.max(1, blocks.length - 1);
  return Math.sqrt(variance / blocks.length);
}

/**
 * Search the layer's settings by successive halving (Jamieson and Talwalkar 2016): 27 of them on the latest 150 of the first four fifths
 * of the answers, the best third on 450, the best third of those on 1,350 (or all but 100), each fitted on what came before. The winner
 * meets the settings in use on the last fifth.
 *
 * @param answers in order, at least 300
 * @param onRung told of every rung; answers whether to go on
 * @returns null if it was told to stop
 * @throws RangeError with fewer answers
 */
export async function searchSettings(
  context: RefitContext,
  learner: Learner,
  answers: readonly Answer[],
  onRung: (rung: Rung) => boolean,
): Promise<SearchResult | null> {
  if (answers.length < SEARCH_NEEDS) throw new RangeError(`a search needs ${SEARCH_NEEDS} answers, got ${answers.length}`);
  const problem = layerProblem(context, answers);
  const seen = Math.floor(0.8 * answers.length);
  const searched = slice(problem, 0, seen);
  const rungs: Rung[] = [];
  let settings = GRID;
  for (const [i, wanted] of RUNGS.entries()) {
    const n = Math.min(wanted, seen - AT_LEAST_FITTED);
    const losses = await tried(searched, seen - n, settings, learner);
    const trials = settings
      .map((setting, k) => ({ setting, logLoss: mean(losses[k] as Float64Array) }))
      .sort((a, b) => a.logLoss - b.logLoss);
    const rung = { rung: i, answers: n, trials };
    rungs.push(rung);
    if (!onRung(rung)) return null;
    settings = trials.slice(0, Math.max(1, Math.ceil(trials.length / HALVING))).map((t) => t.setting);
  }
  const best = settings[0] as LayerSettings;
  const [incumbent, winner] = (await tried(problem, seen, [context.settings, best], learner)) as [Float64Array, Float64Array];
  const gain = incumbent.map((loss, i) => loss - (winner[i] as number));
  const standardError = standardErrorOf(gain);
  return {
    rungs,
    best,
    incumbentLoss: mean(incumbent),
    bestLoss: mean(winner),
    standardError,
    isBetter: mean(gain) > 0 && mean(gain) >= standardError,
  };
}
