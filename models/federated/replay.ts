import { type Rng, shuffle } from '#shared/maths/rng.ts';
import { nextNoise } from '#shared/privacy/banded.ts';
import { discreteGaussianVector } from '#shared/privacy/discrete-gaussian.ts';
import { sanitise } from '#shared/privacy/sanitise.ts';
import { type Batch, type Learner, WEIGHT_COUNT } from '../learner.ts';
import { deviceDelta } from './delta.ts';
import { type ServerState, servedWeights, serverStep, startServer } from './server-optimizer.ts';

/** What is done to the updates: nothing, the clip alone, or clip and noise as the protocol does. */
export type ReplayMode = 'exact' | 'clipped' | 'noised';

/** The rules of a replay, named as in a signed configuration. */
export interface ReplayRules {
  readonly clip_norm: number;
  readonly grid_steps: number;
  readonly sigma: number;
  readonly kappa: number;
  readonly band: number;
  readonly k: number;
  readonly max_contributions: number;
  readonly server_rate: number;
  readonly leader_noise: boolean;
  readonly slots: number;
}

/** Which learners come by in which slot: K at random of those that may contribute, none where there are fewer. */
export function schedule(learners: number, rules: ReplayRules, rng: Rng): readonly (readonly number[])[] {
  const last = new Int32Array(learners).fill(-1_000_000);
  const used = new Int32Array(learners);
  return Array.from({ length: rules.slots }, (_, i) => {
    const t = i + 1;
    const may = Array.from({ length: learners }, (_, n) => n).filter(
      (n) => t - (last[n] as number) >= rules.band && (used[n] as number) < rules.max_contributions,
    );
    if (may.length < rules.k) return [];
    const chosen = shuffle(may, rng).slice(0, rules.k);
    for (const n of chosen) {
      last[n] = t;
      used[n] = (used[n] as number) + 1;
    }
    return chosen;
  });
}

function sanitised(delta: Float32Array, rules: ReplayRules, mode: ReplayMode, rng: Rng): ArrayLike<number> {
  const scale = rules.grid_steps / rules.clip_norm;
  if (mode === 'exact') return delta.map((x) => x * scale);
  const device = mode === 'noised' ? Math.ceil((rules.kappa * rules.grid_steps) ** 2) : 0;
  const noise = discreteGaussianVector(device, WEIGHT_COUNT, rng);
  return sanitise(delta, { grid: { clipNorm: rules.clip_norm, steps: rules.grid_steps }, weight: 1 }, noise, rng);
}

/**
 * Replay learners through the arithmetic of the protocol, without its cryptography: the same clip, rounding, noise and optimiser.
 * Horizons longer than the budget's are not meant: contributions are counted over all slots.
 *
 * @param rows what each learner trains on: the latest answers
 * @param plan learners of each slot, from `schedule`
 * @returns the served weights in the end
 */
export async function replay(
  learner: Learner,
  start: Float32Array,
  rows: readonly Batch[],
  plan: readonly (readonly number[])[],
  rules: ReplayRules,
  mode: ReplayMode,
  rng: Rng,
): Promise<Float32Array> {
  let state: ServerState = startServer(start);
  const rule = { sigma: rules.sigma, steps: rules.grid_steps, band: rules.band, dim: WEIGHT_COUNT };
  const noises: Int32Array[][] = [[], []];
  for (const chosen of plan) {
    const draws = mode === 'noised' ? noises.slice(0, rules.leader_noise ? 2 : 1) : [];
    for (const before of draws) {
      before.unshift(nextNoise(rule, before, rng));
      before.length = Math.min(before.length, rules.band);
    }
    if (chosen.length === 0) continue;
    const sum = new Float64Array(WEIGHT_COUNT);
    const add = (v: ArrayLike<number>) => {
      for (let i = 0; i < WEIGHT_COUNT; i++) sum[i] = (sum[i] as number) + (v[i] as number);
    };
    const base = state.iterates.at(-1) as Float32Array;
    for (const n of chosen) add(sanitised(await deviceDelta(learner, base, rows[n] as Batch), rules, mode, rng));
    for (const [y] of draws) add(y as Int32Array);
    state = serverStep(
      state,
      sum.map((s) => (s * rules.clip_norm) / rules.grid_steps / rules.k),
      rules.server_rate,
    );
  }
  return servedWeights(state);
}
