import { expect } from 'vitest';
import { clip, crossEntropy, sigmoid } from '#shared/maths/logistic.ts';
import { below, normal, type Rng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { FEATURE_COUNT } from '../learner.ts';
import { noDrift, watchDrift } from './drift.ts';
import { DEFAULT_RATES, LAYER_BOUNDS, learn, newLayer, type PersonalLayer, VARIANTS, type Variant } from './personal-layer.ts';
import type { Question } from './question.ts';

type Row = { readonly net: number; readonly question: Question; readonly x: Float32Array; readonly y: 0 | 1 };

function rowOf(rng: Rng): Row {
  const skills = ['a', 'b', 'c'].filter(() => uniform(rng) < 0.6);
  const x = Float32Array.from({ length: FEATURE_COUNT }, () => clip(normal(rng), -5, 5));
  return { net: normal(rng), question: { id: 'q', skills: skills.length > 0 ? skills : ['a'] }, x, y: below(2, rng) as 0 | 1 };
}

/** What a variant says, each by its own sum. */
function chanceOf({ terms, calibration }: PersonalLayer, variant: Variant, { net, question, x }: Row): number {
  if (variant === 'none') return sigmoid(net);
  const { theta, skills, delta } = terms[variant];
  const offsets = question.skills.reduce((sum, skill) => sum + (skills.get(skill) ?? 0), 0) / question.skills.length;
  const along = delta.reduce((sum, d, i) => sum + d * (x[i] as number), 0);
  return sigmoid(calibration.slope * (net + theta + offsets + along) + calibration.shift);
}

forAll(
  'what is served is the variants’ chances by their shares, and each variant moves by its own error',
  (rng) => {
    const layer = newLayer();
    layer.calibration.slope = 0.8 + 0.4 * uniform(rng);
    layer.calibration.shift = 0.2 * normal(rng);
    for (let t = 0; t < 40; t++) {
      const row = rowOf(rng);
      const chances = VARIANTS.map((variant) => chanceOf(layer, variant, row));
      const shares = VARIANTS.map((variant) => (variant === 'none' ? 0.9 : 0.1 / 3) * Math.exp(-layer.discounted[variant]));
      const total = shares.reduce((a, b) => a + b, 0);
      const mixture = chances.reduce((sum, p, i) => sum + (p * (shares[i] as number)) / total, 0);
      const wanted = layer.answers < 20 ? (chances[0] as number) : mixture;
      const before = structuredClone(layer);
      expect(learn(layer, row.net, row.question, row.x, row.y)).toBeCloseTo(wanted, 9);
      const haste = layer.drift.sinceAlarm === null ? 1 : 2;
      for (const [i, variant] of VARIANTS.entries()) {
        const error = row.y - (chances[i] as number);
        expect(layer.discounted[variant]).toBeCloseTo(0.995 * before.discounted[variant] + crossEntropy(chances[i] as number, row.y), 6);
        const [was, is] = [before.terms[variant], layer.terms[variant]];
        const hasOffset = variant === 'offset' || variant === 'both';
        const hasWeights = variant === 'weights' || variant === 'both';
        const { offset, weights } = DEFAULT_RATES;
        const keep = 1 - LAYER_BOUNDS.decay;
        expect(is.theta).toBeCloseTo(hasOffset ? keep * was.theta + haste * offset * error : 0, 9);
        for (const skill of row.question.skills)
          expect(is.skills.get(skill) ?? 0).toBeCloseTo(hasOffset ? (was.skills.get(skill) ?? 0) + 2 * haste * offset * error : 0, 9);
        for (let k = 0; k < FEATURE_COUNT; k++) {
          const d = keep * (was.delta[k] as number) + haste * weights * error * (row.x[k] as number);
          expect(is.delta[k]).toBeCloseTo(hasWeights ? d : 0, 6);
        }
      }
    }
  },
  20,
);

forAll('the excess of a drift test is the loss less its expectation', (rng) => {
  const [net, y] = [clip(3 * normal(rng), -6, 6), below(2, rng) as 0 | 1];
  // far from the alarm, and from nought
  const drift = { ...noDrift(), level: 1 };
  watchDrift(drift, net, y);
  const p = sigmoid(net);
  const expected = p * crossEntropy(p, 1) + (1 - p) * crossEntropy(p, 0);
  expect(drift.level).toBeCloseTo(1 + crossEntropy(p, y) - expected - 0.1, 6);
});
