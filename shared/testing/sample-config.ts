import {
  type InstallationFields,
  type ModelConfig,
  type PresetName,
  presetConfig,
  type StatisticsConfig,
  statisticsConfig,
} from '#shared/aggregation/config.ts';

const key = (n: number) => n.toString(16).padStart(2, '0').repeat(32);

const installation: InstallationFields = {
  epoch_ms: 1_700_000_000_000,
  from_slot: 1,
  leader: { operator: 'A', box_key: key(1), sign_key: key(2), release_key: key(3) },
  helper: { operator: 'B', identity: key(4).slice(0, 32), box_key: key(5), sign_key: key(6) },
};

/** A sound configuration of a preset's model task, with made-up keys. */
export function sampleConfig(preset: PresetName): ModelConfig {
  return presetConfig(preset, { ...installation, dim: 1473, max_update_norm: 1, hold_out: { version: '1', sha256: key(9) } });
}

/** The same of a preset's statistics task. */
export function sampleStatistics(preset: Exclude<PresetName, 'pilot'>): StatisticsConfig {
  return statisticsConfig(preset, installation) as StatisticsConfig;
}
