import '@tensorflow/tfjs-backend-cpu';
import { tensor2d } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { sigmoid } from '#shared/maths/logistic.ts';
import { normal, seededRng } from '#shared/maths/rng.ts';
import { layersModel } from '../difficulty/layers-model.ts';
import { initialWeights, networkOf } from '../reference/network.ts';

test('a model in TensorFlow.js’ own format predicts what the network and the learner’s own weights predict, within 1e-5', async () => {
  const rng = seededRng(4);
  const weights = initialWeights(rng).map((w) => w + 0.05 * normal(rng));
  const delta = Float32Array.from({ length: 28 }, () => 0.3 * normal(rng));
  const theta = -0.4;
  const n = 50;
  const x = Float32Array.from({ length: n * 28 }, () => normal(rng));
  const { json, weights: bytes } = layersModel(weights, theta, delta);
  const { modelTopology, weightsManifest } = JSON.parse(json);
  const model = await loadLayersModel({
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      weightData: bytes.slice().buffer,
    }),
  });
  const probability = await (model.predict(tensor2d(x, [n, 28])) as ReturnType<typeof tensor2d>).data();
  const network = networkOf(weights);
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * 28, (i + 1) * 28);
    const own = row.reduce((sum, f, k) => sum + f * (delta[k] as number), theta);
    expect(Math.abs((probability[i] as number) - sigmoid(network(row) + own))).toBeLessThan(1e-5);
  }
});
