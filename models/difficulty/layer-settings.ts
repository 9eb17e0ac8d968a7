import type { LayerRates } from './personal-layer.ts';
import { DEFAULT_RATES } from './personal-layer.ts';

/** What the automatic search chooses of the personal layer. */
export interface LayerSettings extends LayerRates {
  /** Strength of the pull towards 0 when the layer is fitted, in answers. */
  readonly pull: number;
}

/** Until a search has found better ones. */
export const DEFAULT_SETTINGS: LayerSettings = { ...DEFAULT_RATES, pull: 20 };

/** Every setting the search tries: 3 × 3 × 3. */
export const GRID: readonly LayerSettings[] = [0.02, 0.05, 0.1].flatMap((offset) =>
  [0.002, 0.005, 0.01].flatMap((weights) => [5, 20, 80].map((pull) => ({ offset, weights, pull }))),
);
