import type { Batch, Learner } from '../learner.ts';

/** One backend to be tried. */
export interface BackendTrial {
  readonly name: string;
  /** Starts it, or throws with the reason it cannot. */
  readonly start: () => Promise<Learner>;
  /** Taken even if the next one is faster. */
  readonly mayBeSlow: boolean;
}

/** How one backend fared. */
export interface BackendFinding {
  readonly name: string;
  /** Warm gradient on the probe batch, milliseconds; null if it never got there. */
  readonly warmMs: number | null;
  /**
   * Why it was passed over: `no-webgpu`, `no-adapter`, `software-adapter`, `not-started`, `late`, `wrong-gradient`, `slower` (over 1.25 times
   * the next one's time), `not-needed`, or the backend's own words; null for the one in use.
   */
  readonly passedOver: string | null;
}

/** The backend in use and how every tried one fared. */
export interface BackendChoice {
  readonly learner: Learner;
  readonly findings: readonly BackendFinding[];
}

/** What the choice needs of the outside. */
export interface BackendControls {
  readonly now: () => number;
  /** Makes an already started backend the active one again. */
  readonly activate: (name: string) => Promise<void>;
  readonly discard: (name: string) => void;
}

/** A batch and the gradient every honest backend must find for it. */
export interface Probe {
  readonly weights: Float32Array;
  readonly batch: Batch;
  readonly gradient: Float32Array;
}

const MAX_RELATIVE_ERROR = 1e-4;
const SLOWER_THAN = 1.25;
const WARM_RUNS = 5;

/** Largest difference relative to the largest entry of the wanted gradient; Infinity if the found one is all zero or not finite. */
export function relativeError(found: Float32Array, wanted: Float32Array): number {
  const scale = wanted.reduce((max, g) => Math.max(max, Math.abs(g)), 0);
  const worst = wanted.reduce((max, g, i) => Math.max(max, Math.abs(g - (found[i] as number))), 0);
  return found.every((g) => g === 0) || !found.every(Number.isFinite) ? Number.POSITIVE_INFINITY : worst / scale;
}

async function warmMs(learner: Learner, probe: Probe, now: () => number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < WARM_RUNS; run++) {
    const from = now();
    await learner.gradient(probe.weights, probe.batch);
    times.push(now() - from);
  }
  return Math.min(...times);
}

type Tried = { readonly name: string; readonly warmMs: number | null; readonly learner: Learner | null; readonly reason: string | null };

async function tryOne(trial: BackendTrial, probe: Probe, controls: BackendControls): Promise<Tried> {
  try {
    const learner = await trial.start();
    const { gradient } = await learner.gradient(probe.weights, probe.batch);
    const error = relativeError(gradient, probe.gradient);
    if (error > MAX_RELATIVE_ERROR) {
      controls.discard(trial.name);
      return { name: trial.name, warmMs: null, learner: null, reason: 'wrong-gradient' };
    }
    return { name: trial.name, warmMs: await warmMs(learner, probe, controls.now), learner, reason: null };
  } catch (cause) {
    return { name: trial.name, warmMs: null, learner: null, reason: cause instanceof Error ? cause.message : String(cause) };
  }
}

/**
 * Take the first trial that starts, reproduces the probe's gradient within 1e-4, and is not over 1.25 times slower than the next one that does.
 *
 * @param yardstick used when none passes
 */
export async function chooseBackend(
  trials: readonly BackendTrial[],
  probe: Probe,
  yardstick: Learner,
  controls: BackendControls,
): Promise<BackendChoice> {
  const findings: BackendFinding[] = [];
  let held: { readonly trial: BackendTrial; readonly tried: Tried; readonly learner: Learner } | null = null;
  for (const trial of trials) {
    const tried = await tryOne(trial, probe, controls);
    if (!tried.learner) {
      findings.push({ name: tried.name, warmMs: null, passedOver: tried.reason });
      continue;
    }
    if (!held) {
      held = { trial, tried, learner: tried.learner };
      if (trial.mayBeSlow) break;
      continue;
    }
    const slow = (held.tried.warmMs ?? 0) > SLOWER_THAN * (tried.warmMs ?? 0);
    const [kept, dropped] = slow ? [{ trial, tried, learner: tried.learner }, held.tried] : [held, tried];
    findings.push({ name: dropped.name, warmMs: dropped.warmMs, passedOver: slow ? 'slower' : 'not-needed' });
    held = kept;
    break;
  }
  if (!held) return { learner: yardstick, findings };
  await controls.activate(held.trial.name);
  return { learner: held.learner, findings: [{ name: held.tried.name, warmMs: held.tried.warmMs, passedOver: null }, ...findings] };
}
