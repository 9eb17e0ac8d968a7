import { type PresetName, presetConfig, type TaskConfig } from '#shared/aggregation/config.ts';

/** A sound configuration of a preset, with made-up keys. */
export function sampleConfig(preset: PresetName): TaskConfig {
  const key = (n: number) => n.toString(16).padStart(2, '0').repeat(32);
  return presetConfig(preset, {
    dim: 1473,
    epoch_ms: 1_700_000_000_000,
    from_slot: 1,
    max_update_norm: 1,
    hold_out: { version: '1', sha256: key(9) },
    leader: { operator: 'A', box_key: key(1), sign_key: key(2), release_key: key(3) },
    helper: { operator: 'B', identity: key(4).slice(0, 32), box_key: key(5), sign_key: key(6) },
  });
}
