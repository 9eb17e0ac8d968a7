import { describe, expect, test } from 'vitest';
import { below, normal, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { TrainingStopped } from '../learner.ts';
import { hybridLearner } from './hybrid-learner.ts';
import { backward, begin, forward, hybridLogits, newPass, type Sequence, STRETCH } from './hybrid-network.ts';
import { type HybridShape, layoutOf } from './hybrid-shape.ts';
import { initialHybrid, trainHybrid } from './train-hybrid.ts';

const SMALL: HybridShape = { skills: 4, embedding: 3, state: 5, hidden: 6 };

function sampleSequence(n: number, seed: number, skills = 4): Sequence {
  const rng = seededRng(seed);
  return {
    x: Float32Array.from({ length: n * 28 }, () => normal(rng)),
    y: Float32Array.from({ length: n }, () => below(2, rng)),
    skills: Array.from({ length: n }, () => Uint16Array.from({ length: below(3, rng) }, () => below(skills, rng))),
  };
}

function lossAndGradient(weights: Float64Array, sequence: Sequence) {
  const pass = newPass(SMALL);
  const gradient = new Float64Array(weights.length);
  begin(pass);
  forward(pass, weights, sequence, 0, sequence.y.length, null);
  return { loss: backward(pass, weights, sequence, 0, sequence.y.length, 1, gradient), gradient };
}

describe('the second tier', () => {
  test('its hand-written gradient agrees with finite differences within 3e-3, units that switch aside', () => {
    const weights = Float64Array.from(initialHybrid(SMALL, seededRng(1)));
    const sequence = sampleSequence(9, 2);
    const { gradient } = lossAndGradient(weights, sequence);
    const shifted = (i: number, by: number) =>
      lossAndGradient(
        weights.map((w, k) => (k === i ? w + by : w)),
        sequence,
      ).loss;
    const off = [...gradient].filter((g, i) => Math.abs((shifted(i, 2e-3) - shifted(i, -2e-3)) / 4e-3 - g) > 3e-3);
    // a unit that switches on between the two points bends the loss there
    expect(off.length).toBeLessThan(weights.length / 100);
  });

  forAll(
    'no leak: changing answer t and all after it leaves what was expected up to t unchanged',
    (rng) => {
      const weights = initialHybrid(SMALL, rng);
      const before = sampleSequence(30, below(1000, rng));
      const other = sampleSequence(30, below(1000, rng));
      const t = below(29, rng);
      const x = before.x.slice();
      x.set(other.x.subarray((t + 1) * 28), (t + 1) * 28);
      const y = before.y.map((v, i) => (i === t ? 1 - v : i > t ? (other.y[i] as number) : v));
      const changed = { x, y, skills: before.skills.map((s, i) => (i > t ? (other.skills[i] as Uint16Array) : s)) };
      const pass = newPass(SMALL);
      const [a, b] = [hybridLogits(pass, weights, before), hybridLogits(pass, weights, changed)];
      expect([...b.subarray(0, t + 1)]).toEqual([...a.subarray(0, t + 1)]);
      expect(b[t + 1]).not.toBe(a[t + 1]);
    },
    30,
  );

  test('a history longer than a stretch goes on from the state it had', () => {
    const weights = initialHybrid(SMALL, seededRng(3));
    const long = sampleSequence(STRETCH + 40, 4);
    const logits = hybridLogits(newPass(SMALL), weights, long);
    const tail = { x: long.x.slice(STRETCH * 28), y: long.y.slice(STRETCH), skills: long.skills.slice(STRETCH) };
    expect(hybridLogits(newPass(SMALL), weights, tail)[0]).not.toBe(logits[STRETCH]);
    expect(hybridLogits(newPass(SMALL), weights, long)).toEqual(logits);
  });

  test('learns what only a memory can know: a learner’s own skill, which no feature tells', () => {
    const rng = seededRng(5);
    const learners = Array.from({ length: 120 }, (): Sequence => {
      const strong = Array.from({ length: 4 }, () => uniform(rng) < 0.5);
      const skills = Array.from({ length: 40 }, () => Uint16Array.of(below(4, rng)));
      return {
        x: new Float32Array(40 * 28),
        y: Float32Array.from(skills, ([k]) => (uniform(rng) < (strong[k as number] ? 0.9 : 0.1) ? 1 : 0)),
        skills,
      };
    });
    const losses: number[] = [];
    const plan = { epochs: 30, learningRate: 1e-2, batch: 128, dropout: 0, decay: 0, skillDecay: 0 };
    const weights = trainHybrid(SMALL, learners.slice(20), seededRng(6), (_, loss) => losses.push(loss), plan);
    expect(weights).toHaveLength(layoutOf(SMALL).count);
    expect(losses.at(-1)).toBeLessThan(0.55);
    const held = learners.slice(0, 20);
    const pass = newPass(SMALL);
    const late = held.flatMap((s) =>
      [...hybridLogits(pass, weights, s)].map((l, i) => ({ l, y: s.y[i] as number, i })).filter(({ i }) => i >= 20),
    );
    const share = late.filter(({ l, y }) => l > 0 === (y === 1)).length / late.length;
    expect(share).toBeGreaterThan(0.75);
  });
});

describe('the second tier behind the learner’s port', () => {
  const learner = hybridLearner(SMALL);
  const weights = initialHybrid(SMALL, seededRng(8));
  const sequences = [sampleSequence(STRETCH + 10, 9), sampleSequence(12, 10)];
  const plan = { steps: 25, learningRate: 0.01, pull: 1 };

  test('its gradient is the mean over all answers, however they are spread over learners', async () => {
    const both = await learner.gradient(weights, sequences);
    const [a, b] = await Promise.all(sequences.map((s) => learner.gradient(weights, [s])));
    const share = (STRETCH + 10) / (STRETCH + 22);
    expect(both.loss).toBeCloseTo(share * (a?.loss ?? 0) + (1 - share) * (b?.loss ?? 0), 6);
    both.gradient.forEach((g, i) => {
      expect(Math.abs(g - (share * (a?.gradient[i] ?? 0) + (1 - share) * (b?.gradient[i] ?? 0)))).toBeLessThan(1e-6);
    });
  });

  test('fine-tuning lowers the loss, moves the head alone, and stops when told to', async () => {
    const losses: number[] = [];
    const tuned = await learner.fineTune(weights, sequences, sequences, plan, ({ loss, validationLoss }) => {
      losses.push(loss);
      expect(validationLoss).toBeCloseTo(loss, 4);
      return true;
    });
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    const { headKernel } = layoutOf(SMALL);
    expect(tuned.subarray(0, headKernel)).toEqual(weights.subarray(0, headKernel));
    expect(tuned.subarray(headKernel)).not.toEqual(weights.subarray(headKernel));
    await expect(learner.fineTune(weights, sequences, null, plan, ({ epoch }) => epoch < 3)).rejects.toBeInstanceOf(TrainingStopped);
  });
});
