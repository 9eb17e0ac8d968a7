import { expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { describeLearner, sampleBatch, sampleWeights } from '../learner.contract.ts';
import { weightsFromBytes, weightsToBytes } from '../learner.ts';
import { initialWeights, logitsOf, networkOf } from './network.ts';
import { referenceLearner } from './reference-learner.ts';

describeLearner('in plain TypeScript', async () => referenceLearner(), referenceLearner());

test('the hand-written gradient agrees with finite differences within 1e-3', async () => {
  const rng = seededRng(3);
  const weights = sampleWeights(rng);
  const batch = sampleBatch(40, rng);
  const learner = referenceLearner();
  const { gradient } = await learner.gradient(weights, batch);
  const lossAt = async (i: number, shift: number) => {
    const moved = weights.slice();
    moved[i] = (moved[i] as number) + shift;
    return { loss: (await learner.gradient(moved, batch)).loss, at: moved[i] as number };
  };
  for (let i = 0; i < weights.length; i += 13) {
    const [up, down] = [await lossAt(i, 1e-3), await lossAt(i, -1e-3)];
    expect(Math.abs((up.loss - down.loss) / (up.at - down.at) - (gradient[i] as number))).toBeLessThan(1e-3);
  }
});

test('weights survive the round trip through their 5,892 bytes exactly', () => {
  const weights = initialWeights(seededRng(1));
  const bytes = weightsToBytes(weights);
  expect(bytes).toHaveLength(5892);
  expect(weightsFromBytes(bytes)).toEqual(weights);
  expect(() => weightsFromBytes(bytes.slice(1))).toThrow('5892');
  bytes.set([0, 0, 0xc0, 0x7f]);
  expect(() => weightsFromBytes(bytes)).toThrow('not finite');
});

test('one row at a time gives the logits of all rows together', () => {
  const rng = seededRng(5);
  const weights = sampleWeights(rng);
  const { x } = sampleBatch(10, rng);
  const network = networkOf(weights);
  expect(Array.from({ length: 10 }, (_, i) => network(x.subarray(i * 28, (i + 1) * 28)))).toEqual(
    [...logitsOf(weights, x).map((l) => l)].map((l) => expect.closeTo(l, 5)),
  );
});
