import type { Manifest, Pack } from '../packs/schema.ts';
/** A small synthetic pack: topics a and b (b requires a), `n` items in turn, most single choice, the key moving round. */
export declare function samplePack(n?: number): Pack;
/** The manifest of a synthetic pack with `n` items. */
export declare function sampleManifest(n: number): Manifest;
/** The two texts of a pack's folder. */
export declare function packTexts(pack: Pack): {
  readonly manifest: string;
  readonly items: string;
};
