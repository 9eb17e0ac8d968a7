import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainUrl from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url';
import { env, memory, ready, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import type { Batch, Learner } from '../learner.ts';
import { type BackendChoice, type BackendFinding, type BackendTrial, chooseBackend } from './choose-backend.ts';
import { tfjsLearner } from './tfjs-learner.ts';

const START_TIMEOUT_MS = 10_000;

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function start(name: string): Promise<Learner> {
  if (!(await within(setBackend(name), START_TIMEOUT_MS))) throw new Error('not-started');
  await within(ready(), START_TIMEOUT_MS);
  return tfjsLearner(name);
}

async function startWasm(): Promise<Learner> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plainUrl,
    'tfjs-backend-wasm-simd.wasm': simdUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': simdUrl,
  });
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  return start('wasm');
}

async function startCpu(): Promise<Learner> {
  await import('@tensorflow/tfjs-backend-cpu');
  return start('cpu');
}

interface Gpu {
  requestAdapter(): Promise<{ readonly isFallbackAdapter?: boolean; readonly info?: { readonly isFallbackAdapter?: boolean } } | null>;
}

async function startWebGpu(acceptFallbackAdapter: boolean): Promise<Learner> {
  const gpu = (navigator as { readonly gpu?: Gpu }).gpu;
  if (!gpu) throw new Error('no-webgpu');
  const adapter = await within(gpu.requestAdapter(), START_TIMEOUT_MS);
  if (!adapter) throw new Error('no-adapter');
  const isFallback = adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter ?? false;
  if (isFallback && !acceptFallbackAdapter) throw new Error('software-adapter');
  await import('@tensorflow/tfjs-backend-webgpu');
  return start('webgpu');
}

/** What a test build may force; nothing in the shipped app sets it. */
export interface BackendOptions {
  /** The winner of an earlier choice, with how the others fared; tried alone first, all again if it fails. Null tries all. */
  readonly remembered: { readonly name: string; readonly findings: readonly BackendFinding[] } | null;
  /** Take WebGPU on a software adapter too, however slow. */
  readonly forceWebGpu: boolean;
}

/**
 * Start the best TF.js backend of this device: WebGPU if real, right and not slower, else wasm, else cpu.
 *
 * @param probe batch and gradient (from the TypeScript learner) every backend must reproduce
 * @param yardstick the learner that needs no backend, used if none starts
 */
export async function startBackend(
  probe: { readonly weights: Float32Array; readonly batch: Batch; readonly gradient: Float32Array },
  yardstick: Learner,
  options: BackendOptions,
): Promise<BackendChoice> {
  const all: readonly BackendTrial[] = [
    { name: 'webgpu', start: () => startWebGpu(options.forceWebGpu), mayBeSlow: options.forceWebGpu },
    { name: 'wasm', start: startWasm, mayBeSlow: true },
    { name: 'cpu', start: startCpu, mayBeSlow: true },
  ];
  const controls = {
    now: () => performance.now(),
    activate: async (name: string) => {
      if (!(await setBackend(name))) throw new Error('not-started');
    },
    discard: removeBackend,
  };
  const { remembered } = options;
  const again = all.filter((trial) => trial.name === remembered?.name).map((trial) => ({ ...trial, mayBeSlow: true }));
  if (remembered && again.length > 0) {
    const choice = await chooseBackend(again, probe, yardstick, controls);
    if (choice.learner.backend === remembered.name) return { ...choice, findings: remembered.findings };
  }
  return chooseBackend(all, probe, yardstick, controls);
}

/** Tensors alive now; equal before and after every training, or something leaks. */
export function tensorCount(backend: string): number {
  return backend === 'typescript' ? 0 : memory().numTensors;
}
