import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { sigmoid } from '#shared/maths/logistic.ts';
import { normal, seededRng } from '#shared/maths/rng.ts';
import { initialWeights, networkOf } from '../reference/network.ts';
import { onnxModel } from './onnx.ts';

interface Session {
  run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>>;
}
interface Runtime {
  readonly InferenceSession: { create(bytes: Uint8Array): Promise<Session> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
  readonly env: { readonly wasm: { numThreads: number } };
}

test('a model as ONNX predicts in an ONNX runtime what the network and the learner’s own weights predict, within 1e-5', async () => {
  const ort = createRequire(import.meta.url)('onnxruntime-web') as Runtime;
  ort.env.wasm.numThreads = 1;
  const rng = seededRng(4);
  const weights = initialWeights(rng).map((w) => w + 0.05 * normal(rng));
  const delta = Float32Array.from({ length: 28 }, () => 0.3 * normal(rng));
  const theta = -0.4;
  const n = 50;
  const x = Float32Array.from({ length: n * 28 }, () => normal(rng));
  const session = await ort.InferenceSession.create(onnxModel(weights, theta, delta));
  const { probability } = await session.run({ features: new ort.Tensor('float32', x, [n, 28]) });
  expect(probability?.dims).toEqual([n, 1]);
  const network = networkOf(weights);
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * 28, (i + 1) * 28);
    const own = row.reduce((sum, f, k) => sum + f * (delta[k] as number), theta);
    expect(Math.abs((probability?.data[i] as number) - sigmoid(network(row) + own))).toBeLessThan(1e-5);
  }
});
