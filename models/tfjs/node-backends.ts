import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { setBackend } from '@tensorflow/tfjs-core';
import type { Learner } from '../learner.ts';
import { tfjsLearner } from './tfjs-learner.ts';

/** The backends that run under Node, for timing beside each other; WebGPU's time comes from a browser. */
export const NODE_BACKENDS = ['cpu', 'wasm'] as const;

/** Starts one of them. @param wasmFolder where the wasm backend's files lie, ending in a slash @throws Error if it does not start */
export async function startNodeBackend(name: (typeof NODE_BACKENDS)[number], wasmFolder: string): Promise<Learner> {
  setWasmPaths(wasmFolder);
  if (!(await setBackend(name))) throw new Error(`the backend ${name} did not start`);
  return tfjsLearner(name);
}
