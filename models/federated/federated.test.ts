import { describe, expect, test } from 'vitest';
import { normal, seededRng, uniform } from '#shared/maths/rng.ts';
import { sampleBatch, sampleWeights } from '../learner.contract.ts';
import { referenceLearner } from '../reference/reference-learner.ts';
import { deviceDelta } from './delta.ts';
import { gatesOf, passesAll, scoreOnHoldOut } from './gate.ts';
import { SERVER_ADAM, servedWeights, serverStep, startServer } from './server-optimizer.ts';

describe('the device’s update', () => {
  test('is one gradient step of size .3 downhill, and leaves the weights as they were', async () => {
    const rng = seededRng(3);
    const [weights, batch] = [sampleWeights(rng), sampleBatch(40, rng)];
    const before = weights.slice();
    const learner = referenceLearner();
    const delta = await deviceDelta(learner, weights, batch);
    const { loss, gradient } = await learner.gradient(weights, batch);
    delta.forEach((d, i) => {
      expect(d).toBeCloseTo(-0.3 * (gradient[i] as number), 6);
    });
    const after = await learner.gradient(
      weights.map((w, i) => w + 0.1 * (delta[i] as number)),
      batch,
    );
    expect(after.loss).toBeLessThan(loss);
    expect(weights).toEqual(before);
    await expect(deviceDelta(learner, weights, { x: new Float32Array(0), y: new Float32Array(0) })).rejects.toThrow(RangeError);
  });
});

describe('the server’s optimiser', () => {
  test('follows FedAdam: the first step is rate times m over root v', () => {
    const start = Float32Array.of(1, 2, 3);
    const state = serverStep(startServer(start), Float64Array.of(0.5, -0.25, 0), 0.01);
    const { beta1, beta2, tau } = SERVER_ADAM;
    const rate = 0.01;
    const step = (x: number) => (rate * (1 - beta1) * x) / (Math.sqrt((1 - beta2) * x * x) + tau);
    expect([...servedWeights(state)]).toEqual([1 + step(0.5), 2 + step(-0.25), 3].map(Math.fround));
    expect([...start]).toEqual([1, 2, 3]);
  });

  test('serves the mean of the last fifth of the iterates', () => {
    let state = startServer(Float32Array.of(0));
    for (let t = 1; t <= 10; t++) state = { ...state, iterates: [...state.iterates, Float32Array.of(t)] };
    expect([...servedWeights(state)]).toEqual([9.5]);
    expect([...servedWeights(startServer(Float32Array.of(7)))]).toEqual([7]);
  });

  test('the same mean gives the same bytes', () => {
    const mean = Float64Array.from({ length: 50 }, () => 0.01 * normal(seededRng(2)));
    const run = () => servedWeights(serverStep(startServer(new Float32Array(50)), mean, 0.01));
    expect(run()).toEqual(run());
  });
});

describe('the gate', () => {
  const rng = seededRng(8);
  const truth = Float32Array.from({ length: 40_000 }, () => 1.5 * normal(rng));
  const y = truth.map((logit) => (uniform(rng) < 1 / (1 + Math.exp(-logit)) ? 1 : 0));
  const noisy = (size: number) => truth.map((logit) => logit + size * normal(rng));
  const verdict = (candidate: Float32Array, norm = 0.1) =>
    gatesOf(scoreOnHoldOut(candidate, truth, y), new Float32Array(3), { norm, bound: 1 });
  const failed = (gates: ReturnType<typeof verdict>) => gates.filter((g) => !g.isPassed).map((g) => g.name);

  test('passes a candidate that is no worse', () => {
    expect(passesAll(verdict(truth))).toBe(true);
  });

  test('refuses a planted worse one, a badly calibrated one, one that fails a band, one too far off, one that is not finite', () => {
    expect(failed(verdict(noisy(0.8)))).toContain('log-loss');
    expect(failed(verdict(truth.map((l) => 2.5 * l)))).toContain('calibration');
    expect(failed(verdict(truth.map((l) => (l < -1.2 ? l + 0.8 : l))))).toContain('subgroups');
    expect(failed(verdict(truth, 2))).toEqual(['update-norm']);
    const gates = gatesOf(scoreOnHoldOut(truth, truth, y), Float32Array.of(Number.NaN), { norm: 0, bound: 1 });
    expect(failed(gates)).toEqual(['integrity']);
  });
});
