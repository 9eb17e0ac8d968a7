import { expose } from 'comlink';
import { contributionOf } from '#client/ports/make-contribution.ts';
import type { Contribution, ContributionJob, Trained, TrainingProgress } from '#client/ports/trainer.ts';
import type { Rung, SearchResult } from '#models/difficulty/automl.ts';
import { runSearch, runTraining, type TrainingJob } from '#models/difficulty/training-job.ts';
import type { Timing } from '#models/evaluation/speed.ts';
import type { Learner } from '#models/learner.ts';
import { networkOf } from '#models/reference/network.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { startBackend, tensorCount } from '#models/tfjs/backend.ts';
import { normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';

/** What a test build may ask of the worker. */
export interface WorkerOptions {
  readonly forceWebGpu: boolean;
  /** The backend found best before, tried alone first. */
  readonly remembered: { readonly name: string; readonly findings: Trained['findings'] } | null;
  /** Turn the candidate into nonsense, to see it refused. */
  readonly plantWorse: boolean;
}

/** A fixed batch whose gradient every backend must find. */
async function probe(yardstick: Learner) {
  const rng = seededRng(20);
  const weights = Float32Array.from({ length: 1473 }, () => 0.2 * normal(rng));
  const x = Float32Array.from({ length: 256 * 28 }, () => normal(rng));
  const y = Float32Array.from({ length: 256 }, () => (uniform(rng) < 0.7 ? 1 : 0));
  const batch = { x, y };
  const { gradient } = await yardstick.gradient(weights, batch);
  return { weights, batch, gradient };
}

/** A learner whose personal layer points the other way. */
function spoiled(learner: Learner): Learner {
  return { ...learner, fitLinear: async (...args) => (await learner.fitLinear(...args)).map((w) => -20 * w) };
}

/** A network that says the opposite of what it was taught, and then some. */
const contrary: typeof networkOf = (weights) => {
  const network = networkOf(weights);
  return (x) => -4 * network(x) - 2;
};

/** Resolves once this worker holds the lock it keeps for life: whoever gets that lock next knows the worker is gone. */
const isAlive = new Promise<void>((granted) => {
  void navigator.locks.request(self.name, () => {
    granted();
    return new Promise(() => {});
  });
});

const SEARCH_BUDGET_MS = 10_000;

const POOL_WORDS = 4096;
/** uint32 words from the browser's generator, drawn in pools of 16 KiB; used words are zeroed. */
function secureRng(): Rng {
  const pool = new Uint32Array(POOL_WORDS);
  let at = POOL_WORDS;
  return () => {
    if (at === POOL_WORDS) {
      crypto.getRandomValues(pool);
      at = 0;
    }
    const word = pool[at] as number;
    pool[at++] = 0;
    return word;
  };
}

const api = {
  /** Make and seal one update. */
  async contribute(job: ContributionJob): Promise<Contribution> {
    await isAlive;
    return contributionOf(job, secureRng());
  },

  /** Times the engine here, in test builds alone; WebGPU on whatever adapter there is. */
  async speed(tell: (timing: Timing) => void): Promise<void> {
    if (import.meta.env.VITE_EG_TEST !== '1') return;
    const { measureServing, measureTraining } = await import('#models/evaluation/speed.ts');
    const clock = () => performance.now();
    const yardstick = referenceLearner();
    await measureServing(clock, tell);
    await measureTraining(yardstick, clock, tell);
    for (const forceWebGpu of [false, true]) {
      const { learner } = await startBackend(await probe(yardstick), yardstick, { remembered: null, forceWebGpu });
      await measureTraining(learner, clock, tell);
    }
  },

  /**
   * Search the layer's settings; plain TypeScript: half a second, of which a backend would save less than it takes to load
   * (`npm run bench:models`).
   * A phone that is too slow for it gives up between rungs.
   */
  async search(job: TrainingJob, tell: (rung: Rung) => void): Promise<SearchResult | null> {
    await isAlive;
    const until = performance.now() + SEARCH_BUDGET_MS;
    return runSearch(job, referenceLearner(), networkOf, (rung) => {
      tell(rung);
      return performance.now() < until;
    });
  },

  /** Refit and judge; progress is told through `tell`. It is stopped by ending the worker. */
  async train(job: TrainingJob, options: WorkerOptions, tell: (progress: TrainingProgress) => void): Promise<Trained> {
    await isAlive;
    tell({ kind: 'starting' });
    const yardstick = referenceLearner();
    const from = performance.now();
    const { learner, findings } = await startBackend(await probe(yardstick), yardstick, options);
    const warmupMs = performance.now() - from;
    tell({ kind: 'backend', backend: learner.backend, findings, warmupMs });
    const tensors = tensorCount(learner.backend);
    const started = performance.now();
    const isPlanted = import.meta.env.VITE_EG_TEST === '1' && options.plantWorse;
    const result = await runTraining(
      job,
      isPlanted ? spoiled(learner) : learner,
      isPlanted ? contrary : networkOf,
      (candidate, { epoch, loss, validationLoss }) => {
        tell({ kind: 'epoch', candidate, epoch, loss, validationLoss });
        return true;
      },
    );
    const leaked = tensorCount(learner.backend) - tensors;
    if (leaked !== 0) throw new Error(`${leaked} tensors leaked`);
    return { ...result, backend: learner.backend, findings, warmupMs, trainMs: performance.now() - started };
  },
};

/** The narrow API of the training worker. */
export type TrainerApi = typeof api;

expose(api);
