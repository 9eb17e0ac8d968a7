import { FEATURE_COUNT } from '../learner.ts';
import type { Drift } from './drift.ts';
import { discountedSum, newLayer, type PersonalLayer, type PersonalTerm, VARIANTS } from './personal-layer.ts';

/** A personal layer as plain JSON values, for storage on the device. */
export interface StoredLayer {
  readonly terms: Readonly<
    Record<string, { readonly theta: number; readonly skills: Readonly<Record<string, number>>; readonly delta: readonly number[] }>
  >;
  readonly losses: Readonly<Record<string, readonly number[]>>;
  /** Absent in what earlier versions stored: then read from the losses kept. */
  readonly discounted?: Readonly<Record<string, number>>;
  /** Both absent in what earlier versions stored: then by the losses kept of what was served. */
  readonly lead?: number;
  readonly isAhead?: boolean;
  readonly calibration: { readonly slope: number; readonly shift: number };
  readonly drift?: Readonly<Drift>;
  readonly answers: number;
}

/** Writes what `restoreLayer` reads. */
export function storeLayer(layer: PersonalLayer): StoredLayer {
  const term = (t: PersonalTerm) => ({ theta: t.theta, skills: Object.fromEntries(t.skills), delta: [...t.delta] });
  return {
    terms: Object.fromEntries(VARIANTS.map((v) => [v, term(layer.terms[v])])),
    losses: Object.fromEntries([...VARIANTS, 'served' as const].map((v) => [v, [...layer.losses[v]]])),
    discounted: { ...layer.discounted },
    lead: layer.lead,
    isAhead: layer.isAhead,
    calibration: { ...layer.calibration },
    drift: { ...layer.drift },
    answers: layer.answers,
  };
}

/** Reads what `storeLayer` wrote. @throws RangeError if a parameter is missing or not finite */
export function restoreLayer(stored: StoredLayer): PersonalLayer {
  const layer = newLayer();
  for (const variant of VARIANTS) {
    const { theta, skills, delta } = stored.terms[variant] ?? { theta: Number.NaN, skills: {}, delta: [] };
    const numbers = [
      theta,
      ...Object.values(skills),
      ...delta,
      stored.calibration.slope,
      stored.calibration.shift,
      stored.discounted?.[variant] ?? 0,
      stored.lead ?? 0,
      stored.drift?.level ?? 0,
      stored.drift?.sinceAlarm ?? 0,
    ];
    if (delta.length !== FEATURE_COUNT || !numbers.every(Number.isFinite))
      throw new RangeError(`stored layer: bad parameters of "${variant}"`);
    const term = layer.terms[variant];
    term.theta = theta;
    for (const [skill, offset] of Object.entries(skills)) term.skills.set(skill, offset);
    term.delta.set(delta);
    layer.losses[variant].push(...(stored.losses[variant] ?? []));
    layer.discounted[variant] = stored.discounted?.[variant] ?? discountedSum(layer.losses[variant]);
  }
  layer.losses.served.push(...(stored.losses['served'] ?? layer.losses.none));
  layer.lead = stored.lead ?? discountedSum(layer.losses.none) - discountedSum(layer.losses.served);
  layer.isAhead = stored.isAhead ?? layer.lead > 0;
  layer.calibration.slope = stored.calibration.slope;
  layer.calibration.shift = stored.calibration.shift;
  Object.assign(layer.drift, stored.drift);
  layer.answers = stored.answers;
  return layer;
}
