import type { PersonalLayer } from './personal-layer.ts';

/** How far the model has become the learner's own, in the words My model uses. */
export type ModelStage = 'not-yet' | 'getting-to-know' | 'adapted' | 'well-adapted';

const BLOCK = 10;
const Z_90_ONE_SIDED = 1.645;

/** Gain of what was served over `none` on the latest answers, as a share of the latter's loss, with a lower bound over blocks of ten. */
export function layerGain(layer: PersonalLayer): { readonly gain: number; readonly lower: number } {
  const base = layer.losses.none;
  const served = layer.losses.served;
  const total = base.reduce((a, b) => a + b, 0);
  if (total === 0) return { gain: 0, lower: 0 };
  const blocks: number[] = [];
  for (let i = 0; i + BLOCK <= base.length; i += BLOCK) {
    let sum = 0;
    for (let k = i; k < i + BLOCK; k++) sum += (base[k] as number) - (served[k] as number);
    blocks.push(sum);
  }
  const mean = blocks.reduce((a, b) => a + b, 0) / Math.max(1, blocks.length);
  const variance = blocks.reduce((sum, b) => sum + (b - mean) ** 2, 0) / Math.max(1, blocks.length - 1);
  const gain = base.reduce((sum, loss, i) => sum + loss - (served[i] as number), 0) / total;
  const half = (Z_90_ONE_SIDED * Math.sqrt(variance / Math.max(1, blocks.length)) * blocks.length) / total;
  return { gain, lower: gain - half };
}

/** Below 20 answers: not yet; below 100 or without gain: getting to know you; from 300 with a sure gain and a registered refit: well adapted. */
export function modelStage(layer: PersonalLayer, hasRefit: boolean): ModelStage {
  const { gain, lower } = layerGain(layer);
  if (layer.answers < 20) return 'not-yet';
  if (layer.answers < 100 || gain <= 0) return 'getting-to-know';
  return layer.answers >= 300 && lower > 0 && hasRefit ? 'well-adapted' : 'adapted';
}
