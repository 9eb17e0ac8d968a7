import '@tensorflow/tfjs-backend-cpu';
import { memory, setBackend } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { describeLearner, sampleBatch, sampleWeights } from '../learner.contract.ts';
import { referenceLearner } from '../reference/reference-learner.ts';
import { tfjsLearner } from './tfjs-learner.ts';

describeLearner(
  'in TF.js on cpu',
  async () => {
    await setBackend('cpu');
    return tfjsLearner('cpu');
  },
  referenceLearner(),
);

test('no training leaves a tensor behind, not even one that is stopped', async () => {
  await setBackend('cpu');
  const learner = tfjsLearner('cpu');
  const weights = sampleWeights(seededRng(1));
  const batch = sampleBatch(20, seededRng(2));
  const plan = { steps: 5, learningRate: 0.01, pull: 1 };
  const before = memory().numTensors;
  await learner.fineTune(weights, batch, batch, plan, () => true);
  await learner.fineTune(weights, batch, null, plan, ({ epoch }) => epoch < 2).catch(() => undefined);
  await learner.fitLinear({ design: batch.x, base: batch.y, y: batch.y }, plan, () => true);
  await learner.gradient(weights, batch);
  expect(memory().numTensors).toBe(before);
});
