import * as z from 'zod/mini';
import { FEATURE_VERSION } from '#models/difficulty/features.ts';
import { weightsFromBytes } from '#models/learner.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';

/** The shared model every personal one starts from. */
export interface GlobalModel {
  /** `name/version`, as logged. */
  readonly label: string;
  readonly weights: Float32Array;
  readonly sha256: string;
}

const descriptionSchema = z.looseObject({ name: z.string(), version: z.number(), featureVersion: z.number(), sha256: z.string() });

/** Check weights against their description. @throws RangeError if the hash, the length or the feature version does not fit */
export function globalModel(description: unknown, bytes: Uint8Array): GlobalModel {
  const { name, version, featureVersion, sha256 } = descriptionSchema.parse(description);
  if (featureVersion !== FEATURE_VERSION)
    throw new RangeError(`weights of feature version ${featureVersion}, this app has ${FEATURE_VERSION}`);
  if (sha256Hex(bytes) !== sha256) throw new RangeError('the weights differ from their hash');
  return { label: `${name}/${version}`, weights: weightsFromBytes(bytes), sha256 };
}
