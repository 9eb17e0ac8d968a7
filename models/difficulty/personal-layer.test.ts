import { expect, test } from 'vitest';
import { clip, crossEntropy, sigmoid } from '#shared/maths/logistic.ts';
import { below, normal, type Rng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { FEATURE_COUNT } from '../learner.ts';
import { isUnsettled, noDrift, watchDrift } from './drift.ts';
import { noHistory } from './features.ts';
import {
  copyLayer,
  DEFAULT_RATES,
  LAYER_BOUNDS,
  layerToFit,
  learn,
  newLayer,
  type PersonalLayer,
  VARIANTS,
  type Variant,
} from './personal-layer.ts';
import { absorb, type PersonalModel, predict } from './personal-model.ts';
import type { Question } from './question.ts';
import { priorTables } from './tables.ts';

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
  'what is served is the variants’ chances by their shares while they are ahead, else the network’s; each variant moves by its own error',
  (rng) => {
    const layer = newLayer();
    let [lead, isAhead] = [0, false];
    layer.calibration.slope = 0.8 + 0.4 * uniform(rng);
    layer.calibration.shift = 0.2 * normal(rng);
    for (let t = 0; t < 80; t++) {
      const row = rowOf(rng);
      const chances = VARIANTS.map((variant) => chanceOf(layer, variant, row));
      const shares = VARIANTS.map((variant) => (variant === 'none' ? 0.9 : 0.1 / 3) * Math.exp(-layer.discounted[variant]));
      const total = shares.reduce((a, b) => a + b, 0);
      const mixture = chances.reduce((sum, p, i) => sum + (p * (shares[i] as number)) / total, 0);
      const alone = chances[0] as number;
      const before = structuredClone(layer);
      expect(learn(layer, row.net, row.question, row.x, row.y)).toBeCloseTo(isAhead ? mixture : alone, 9);
      if (t >= 20) lead = 0.995 * lead + crossEntropy(alone, row.y) - crossEntropy(mixture, row.y);
      if (!isAhead) lead = Math.max(0, lead);
      if (isAhead ? lead <= -0.75 : lead >= 0.75) [lead, isAhead] = [0, !isAhead];
      expect([layer.lead, layer.isAhead]).toEqual([expect.closeTo(lead, 9), isAhead]);
      const haste = isUnsettled(layer.drift) ? 2 : 1;
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

test('the mixture takes over once it is ahead by three quarters of a nat, and the network alone again once it has lost as much', () => {
  const layer = newLayer();
  const next = (y: 0 | 1) => learn(layer, 0, { id: 'q', skills: ['a'] }, new Float32Array(FEATURE_COUNT), y);
  const until = (isSo: () => boolean, y: () => 0 | 1) => {
    for (let n = 1; n <= 200; n++) {
      next(y());
      if (isSo()) return n;
    }
    return Number.POSITIVE_INFINITY;
  };
  // wrong answers only, where the network says even odds: the layer learns that
  const learnt = until(
    () => layer.isAhead,
    () => 0,
  );
  expect(learnt).toBeGreaterThan(21);
  expect(learnt).toBeLessThan(40);
  expect(next(0)).toBeLessThan(0.4);
  // then whatever it does not expect: it must lose what it has won since, and three quarters of a nat
  let [last, least] = [layer.lead, layer.lead];
  const lost = until(
    () => !layer.isAhead,
    () => {
      last = layer.lead;
      least = Math.min(least, last);
      return 1;
    },
  );
  expect(lost).toBeLessThan(20);
  expect(last).toBeLessThan(0);
  expect(least).toBeGreaterThan(-0.75);
  expect(layer.lead).toBe(0);
  expect(next(1)).toBe(0.5);
});

test('over a fine-tuned network that has stopped helping the shared one serves again, to the digit', () => {
  const [question, x] = [{ id: 'q', skills: ['a'] }, new Float32Array(FEATURE_COUNT)];
  const model: PersonalModel = {
    network: () => -3,
    shared: () => 1,
    tables: priorTables([question]),
    history: noHistory(),
    layer: { ...layerToFit(), answers: 100 },
  };
  // equal shares: the shared network, and three forms of the other
  expect(predict(model, question).p).toBeCloseTo((sigmoid(1) + 3 * sigmoid(-3)) / 4, 9);
  expect(predict(model, question).networkP).toBeCloseTo(sigmoid(1), 9);
  const before = structuredClone(model.layer);
  absorb(model, { question, y: 1 });
  expect(model.layer.losses.none.at(-1)).toBeCloseTo(crossEntropy(sigmoid(1), 1), 9);
  expect(model.layer.losses.offset.at(-1)).toBeCloseTo(crossEntropy(sigmoid(-3), 1), 9);
  expect(learn(before, -3, question, x, 1, DEFAULT_RATES, 1)).toBeCloseTo((sigmoid(1) + 3 * sigmoid(-3)) / 4, 9);
  for (let n = 0; n < 10 && model.layer.isAhead; n++) absorb(model, { question, y: 1 });
  expect(model.layer.isAhead).toBe(false);
  expect(predict(model, question).p).toBeCloseTo(sigmoid(1), 9);
});

forAll(
  'a copy is the layer itself, and learns without it',
  (rng) => {
    const layer = newLayer();
    const next = (to: PersonalLayer, { net, question, x }: Row, y: 0 | 1) => learn(to, net, question, x, y);
    for (let t = 0; t < 60; t++) next(layer, rowOf(rng), 0);
    const before = structuredClone(layer);
    const copy = copyLayer(layer);
    expect(copy).toEqual(layer);
    expect(copy.isAhead).toBe(true);
    next(copy, rowOf(rng), 1);
    expect(layer).toEqual(before);
    expect(copy).not.toEqual(before);
  },
  10,
);
