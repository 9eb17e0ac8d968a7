import { describe, expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { sampleBatch, sampleWeights } from '../learner.contract.ts';
import type { Learner } from '../learner.ts';
import { referenceLearner } from '../reference/reference-learner.ts';
import { type BackendTrial, chooseBackend, relativeError } from './choose-backend.ts';

const yardstick = referenceLearner();

async function probe() {
  const weights = sampleWeights(seededRng(1));
  const batch = sampleBatch(32, seededRng(2));
  return { weights, batch, gradient: (await yardstick.gradient(weights, batch)).gradient };
}

/** Backends on a clock of their own: each gradient takes as long as it is told. */
async function choose(
  trials: readonly (Partial<BackendTrial> & {
    readonly name: string;
    readonly ms?: number;
    readonly bend?: number;
    readonly fails?: string;
  })[],
) {
  let now = 0;
  const activated: string[] = [];
  const learner = (name: string, ms: number, bend: number): Learner => ({
    ...yardstick,
    backend: name,
    gradient: async (w, b) => {
      now += ms;
      const { loss, gradient } = await yardstick.gradient(w, b);
      return { loss, gradient: gradient.map((g) => g * bend) };
    },
  });
  const made = trials.map(
    ({ name, ms = 1, bend = 1, fails, mayBeSlow = name !== 'webgpu' }): BackendTrial => ({
      name,
      mayBeSlow,
      start: async () => {
        if (fails) throw new Error(fails);
        return learner(name, ms, bend);
      },
    }),
  );
  const choice = await chooseBackend(made, await probe(), yardstick, {
    now: () => now,
    activate: async (name) => void activated.push(name),
    discard: () => undefined,
  });
  return { backend: choice.learner.backend, findings: choice.findings, active: activated.at(-1) };
}

describe('the choice of backend', () => {
  test('is WebGPU when it is right and not slower', async () => {
    const { backend, active, findings } = await choose([
      { name: 'webgpu', ms: 1 },
      { name: 'wasm', ms: 2 },
    ]);
    expect([backend, active]).toEqual(['webgpu', 'webgpu']);
    expect(findings[1]).toMatchObject({ name: 'wasm', passedOver: 'not-needed' });
  });

  test('is wasm when WebGPU takes more than 1.25 times as long', async () => {
    const { backend, active, findings } = await choose([
      { name: 'webgpu', ms: 2.6 },
      { name: 'wasm', ms: 2 },
    ]);
    expect([backend, active]).toEqual(['wasm', 'wasm']);
    expect(findings.find((f) => f.name === 'webgpu')?.passedOver).toBe('slower');
    expect(
      (
        await choose([
          { name: 'webgpu', ms: 2.4 },
          { name: 'wasm', ms: 2 },
        ])
      ).backend,
    ).toBe('webgpu');
  });

  test.each([
    ['a wrong gradient', { bend: 1.001 }, 'wrong-gradient'],
    ['a gradient of zeros', { bend: 0 }, 'wrong-gradient'],
    ['a software adapter', { fails: 'software-adapter' }, 'software-adapter'],
    ['no WebGPU', { fails: 'no-webgpu' }, 'no-webgpu'],
  ])('is wasm for %s, and the reason is kept', async (_, fault, reason) => {
    const { backend, findings } = await choose([{ name: 'webgpu', ...fault }, { name: 'wasm' }]);
    expect(backend).toBe('wasm');
    expect(findings.find((f) => f.name === 'webgpu')?.passedOver).toBe(reason);
  });

  test('is cpu when wasm fails too, and plain TypeScript when everything does', async () => {
    const broken = { fails: 'late' };
    expect((await choose([{ name: 'webgpu', ...broken }, { name: 'wasm', ...broken }, { name: 'cpu' }])).backend).toBe('cpu');
    expect(
      (
        await choose([
          { name: 'webgpu', ...broken },
          { name: 'wasm', ...broken },
          { name: 'cpu', bend: 2 },
        ])
      ).backend,
    ).toBe('typescript');
  });

  test('a forced backend is taken however slow', async () => {
    expect((await choose([{ name: 'webgpu', ms: 50, mayBeSlow: true }, { name: 'wasm' }])).backend).toBe('webgpu');
  });
});

test('the error of a gradient is relative to its largest entry', () => {
  expect(relativeError(new Float32Array([1, 2]), new Float32Array([1, 4]))).toBe(0.5);
  expect(relativeError(new Float32Array([0, 0]), new Float32Array([0, 1]))).toBe(Number.POSITIVE_INFINITY);
});
