import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { type Batch, FEATURE_COUNT, type Learner, TrainingStopped, WEIGHT_COUNT } from './learner.ts';

const on = () => true;

/** Answers whose outcome leans on the first feature, so that there is something to learn. */
export function sampleBatch(n: number, rng: Rng): Batch {
  const x = Float32Array.from({ length: n * FEATURE_COUNT }, () => normal(rng));
  const y = Float32Array.from({ length: n }, (_, i) =>
    uniform(rng) < 1 / (1 + Math.exp(-1.5 * (x[i * FEATURE_COUNT] as number))) ? 1 : 0,
  );
  return { x, y };
}

/** Small random weights. */
export function sampleWeights(rng: Rng): Float32Array {
  return Float32Array.from({ length: WEIGHT_COUNT }, () => 0.2 * normal(rng));
}

/** The laws every Learner keeps, run by each of them. `reference` computes what the others must reproduce. */
export function describeLearner(name: string, make: () => Promise<Learner>, reference: Learner): void {
  describe(`learner ${name}`, () => {
    let learner: Learner;
    beforeAll(async () => {
      learner = await make();
    });
    afterAll(() => learner.dispose());
    const rng = seededRng(7);
    const weights = sampleWeights(rng);
    const batch = sampleBatch(64, rng);

    test('its gradient is the reference gradient within 1e-4 of the largest entry', async () => {
      const [own, wanted] = await Promise.all([learner.gradient(weights, batch), reference.gradient(weights, batch)]);
      const scale = Math.max(...wanted.gradient.map(Math.abs));
      own.gradient.forEach((g, i) => {
        expect(Math.abs(g - (wanted.gradient[i] as number))).toBeLessThan(1e-4 * scale);
      });
      expect(own.loss).toBeCloseTo(wanted.loss, 4);
    });

    test('its fine-tuning lowers the loss and lands where the reference lands', async () => {
      const plan = { steps: 30, learningRate: 0.002, pull: 10 };
      const losses: number[] = [];
      const own = await learner.fineTune(weights, batch, batch, plan, ({ loss, validationLoss }) => {
        losses.push(loss);
        expect(validationLoss).toBeCloseTo(loss, 4);
        return true;
      });
      const wanted = await reference.fineTune(weights, batch, null, plan, on);
      expect(losses).toHaveLength(30);
      expect(losses.at(-1)).toBeLessThan((losses[0] as number) - 0.01);
      const furthest = Math.max(...own.map((w, i) => Math.abs(w - (wanted[i] as number))));
      expect(furthest).toBeLessThan(2e-3);
    });

    test('fits a grid of pulls at once as it fits each alone', async () => {
      const [n, m] = [80, 5];
      const design = Float32Array.from({ length: n * m }, () => normal(rng));
      const problem = {
        design,
        base: new Float32Array(n),
        y: Float32Array.from({ length: n }, (_, i) => ((design[i * m] as number) > 0 ? 1 : 0)),
      };
      const plan = { steps: 40, learningRate: 0.02, pull: 0 };
      const pulls = Float32Array.of(1, 20, 400);
      const grid = await learner.fitGrid(problem, pulls, plan);
      expect(grid).toHaveLength(3 * m);
      for (const [i, pull] of pulls.entries()) {
        const alone = await reference.fitLinear(problem, { ...plan, pull }, null);
        alone.forEach((w, j) => {
          expect(Math.abs((grid[i * m + j] as number) - w)).toBeLessThan(1e-4);
        });
      }
      const length = (i: number) => Math.hypot(...grid.subarray(i * m, (i + 1) * m));
      expect(length(0)).toBeGreaterThan(length(2));
    });

    test('a strong pull keeps fine-tuned weights nearer to where they started', async () => {
      const distance = async (pull: number) => {
        const tuned = await learner.fineTune(weights, batch, null, { steps: 60, learningRate: 0.002, pull }, on);
        return Math.sqrt(tuned.reduce((sum, w, i) => sum + (w - (weights[i] as number)) ** 2, 0));
      };
      expect(await distance(4000)).toBeLessThan(0.8 * (await distance(0)));
    });

    test('its linear fit is the reference fit', async () => {
      const design = batch.x.slice(0, 64 * 5);
      const problem = { design, base: new Float32Array(64), y: batch.y };
      const plan = { steps: 60, learningRate: 0.02, pull: 20 };
      const [own, wanted] = await Promise.all([learner.fitLinear(problem, plan, on), reference.fitLinear(problem, plan, on)]);
      expect(own).toHaveLength(5);
      own.forEach((w, i) => {
        expect(w).toBeCloseTo(wanted[i] as number, 3);
      });
      expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(0.05);
    });

    test('it stops when told to, and can be used again', async () => {
      const plan = { steps: 50, learningRate: 0.01, pull: 0 };
      await expect(learner.fineTune(weights, batch, null, plan, ({ epoch }) => epoch < 3)).rejects.toBeInstanceOf(TrainingStopped);
      await expect(learner.gradient(weights, batch)).resolves.toBeDefined();
    });

    test('it leaves its arguments untouched', async () => {
      const before = weights.slice();
      await learner.fineTune(weights, batch, null, { steps: 3, learningRate: 0.01, pull: 0 }, on);
      expect(weights).toEqual(before);
    });
  });
}
