import * as z from 'zod/mini';
import { sha256, sha256Hex } from '#shared/crypto/sha256.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { fail, type Result, succeed } from '#shared/domain/result.ts';
import { HORIZON_SLOTS, type Segment } from '#shared/privacy/accountant.ts';
import { bandSquares } from '#shared/privacy/banded.ts';
import { type AbTest, abTest, MOST_TESTS } from '#shared/statistics/ab-test.ts';
import { COHORT_CELLS } from '#shared/statistics/layout.ts';
import { canonicalBytes, type Json, utf8 } from '#shared/transparency/canonical-json.ts';
import { MAX_DIM } from './header.ts';

const hex = (bytes: number) => z.string().check(z.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)));
const count = z.number().check(z.int(), z.gte(0));
const positive = z.number().check(z.gt(0));

const common = {
  format: z.literal(1),
  preset: z.enum(['production', 'production-large', 'pilot', 'demo']),
  task_id: hex(16),
  budget_family: hex(16),
  mechanism: z.enum(['bsr', 'independent']),
  dim: z.number().check(z.int(), z.gte(1), z.lte(MAX_DIM)),
  clip_norm: positive,
  grid_steps: z.number().check(z.int(), z.gte(1)),
  sigma: positive,
  kappa: z.number().check(z.gte(0)),
  leader_noise: z.boolean(),
  k: z.number().check(z.int(), z.gte(2)),
  max_contributions: z.number().check(z.int(), z.gte(1)),
  horizon_slots: z.literal(HORIZON_SLOTS),
  band: z.number().check(z.int(), z.gte(1)),
  interval_ms: count,
  epoch_ms: count,
  from_slot: z.number().check(z.int(), z.gte(1)),
  delta: z.number().check(z.gt(0), z.lt(1)),
  max_accounts: z.number().check(z.int(), z.gte(1)),
  leader: z.strictObject({ operator: z.string(), box_key: hex(32), sign_key: hex(32), release_key: hex(32) }),
  helper: z.strictObject({ operator: z.string(), identity: hex(16), box_key: hex(32), sign_key: hex(32) }),
} as const;

const modelSchema = z.strictObject({
  ...common,
  kind: z.literal('model-delta'),
  max_staleness: count,
  max_update_norm: positive,
  server_rate: positive,
  hold_out: z.strictObject({ version: z.string(), sha256: hex(32) }),
});

const statisticsSchema = z.strictObject({
  ...common,
  kind: z.literal('cohort-statistics'),
  /** Which meaning the vector's places have. */
  layout: z.literal(1),
  /** The pack whose topics the topic cells are of, in syllabus order. */
  pack_id: z.uuid(),
  /** Tests that run; absent: none. */
  tests: z.optional(z.array(abTest).check(z.minLength(1), z.maxLength(MOST_TESTS))),
});

const schema = z.discriminatedUnion('kind', [modelSchema, statisticsSchema]);

/** The signed configuration of a task whose reports are updates of a model. */
export type ModelConfig = z.infer<typeof modelSchema>;
/** The signed configuration of a task whose reports are a learner's week in numbers. */
export type StatisticsConfig = z.infer<typeof statisticsSchema>;
/**
 * The signed configuration of a task: everything a device, the helper and an auditor need to know. Immutable; a change is a new one.
 * Hexadecimal fields hold bytes, `interval_ms` 0 means a slot as soon as K reports are there.
 */
export type TaskConfig = ModelConfig | StatisticsConfig;
/** What a task's reports hold. */
export type TaskKind = TaskConfig['kind'];

/** Names of the offered configurations. */
export type PresetName = TaskConfig['preset'];

/** The part of a configuration a preset decides, whatever the task. */
type PresetFields = Pick<
  ModelConfig,
  'mechanism' | 'k' | 'clip_norm' | 'sigma' | 'kappa' | 'leader_noise' | 'max_contributions' | 'band' | 'interval_ms'
>;
/** The same of a model task. */
type ModelPresetFields = PresetFields & Pick<ModelConfig, 'max_staleness' | 'server_rate'>;

const WEEK_MS = 7 * 86_400_000;
const PRODUCTION: ModelPresetFields = {
  mechanism: 'bsr',
  k: 300,
  clip_norm: 0.1,
  sigma: 4.25,
  kappa: 0.02,
  leader_noise: false,
  max_contributions: 4,
  band: 13,
  interval_ms: WEEK_MS,
  max_staleness: 16,
  server_rate: 0.01,
};

/** The presets of federation-and-privacy section 5, model task. */
export const PRESETS: Readonly<Record<PresetName, ModelPresetFields>> = {
  production: PRODUCTION,
  'production-large': { ...PRODUCTION, k: 1000, leader_noise: true },
  pilot: { ...PRODUCTION, k: 50, sigma: 3.05, leader_noise: true, max_contributions: 13, band: 4 },
  demo: { ...PRODUCTION, k: 5, sigma: 0.1, max_contributions: 1000, band: 1, interval_ms: 0, max_staleness: 100, server_rate: 0.003 },
};

const STATISTICS: PresetFields = {
  mechanism: 'independent',
  k: 300,
  clip_norm: 1,
  sigma: 4,
  kappa: 0.02,
  leader_noise: false,
  max_contributions: 4,
  band: 1,
  interval_ms: WEEK_MS,
};

/** The same, statistics task; a pilot has none: fifty learners are too few to say anything of. */
export const STATISTICS_PRESETS: Readonly<Record<PresetName, PresetFields | null>> = {
  production: STATISTICS,
  'production-large': { ...STATISTICS, k: 1000, leader_noise: true },
  pilot: null,
  demo: { ...STATISTICS, k: 5, sigma: 0.1, max_contributions: 1000, interval_ms: 0 },
};

/** Whether a name is one of a preset. */
export const isPreset = (name: string): name is PresetName => Object.hasOwn(PRESETS, name);

/** Grid steps that stand for the clip norm. */
export const GRID_STEPS = 65_536;

const idOf = (name: string): string => toHex(sha256(utf8(`examsgraph/${name}`)).subarray(0, 16));

const NAME_OF: Readonly<Record<TaskKind, string>> = { 'model-delta': 'model', 'cohort-statistics': 'statistics' };

const named = (what: 'task' | 'family', kind: TaskKind, preset: PresetName): string =>
  idOf(`${what}/${NAME_OF[kind]}${preset === 'demo' ? '/trial' : ''}`);

/** The task of a kind in an installation. Trial and private presets never share one: what a trial learned was learned without privacy. */
export const taskIdOf = (kind: TaskKind, preset: PresetName): string => named('task', kind, preset);

/** The model task of an installation. */
export const modelTaskId = (preset: PresetName): string => taskIdOf('model-delta', preset);

/** What an installation adds to a preset. */
export type InstallationFields = Pick<TaskConfig, 'epoch_ms' | 'from_slot' | 'leader' | 'helper'>;
/** The same of its model task. */
export type ModelFields = InstallationFields & Pick<ModelConfig, 'dim' | 'hold_out' | 'max_update_norm'>;

/** A budget family of its own for each kind of task; a trial's are apart, so that their slots and their rho touch no other. */
const shared = (kind: TaskKind, preset: PresetName) =>
  ({
    format: 1,
    preset,
    task_id: taskIdOf(kind, preset),
    budget_family: named('family', kind, preset),
    grid_steps: GRID_STEPS,
    horizon_slots: HORIZON_SLOTS,
    delta: DELTA,
    max_accounts: 284_803,
  }) as const;

/** The configuration of a preset's model task in one installation. */
export function presetConfig(preset: PresetName, fields: ModelFields): ModelConfig {
  return { ...shared('model-delta', preset), kind: 'model-delta', ...PRESETS[preset], ...fields };
}

/** The configuration of a preset's statistics task; null where the preset has none. */
export function statisticsConfig(preset: PresetName, fields: InstallationFields): StatisticsConfig | null {
  const own = STATISTICS_PRESETS[preset];
  if (!own) return null;
  return {
    ...shared('cohort-statistics', preset),
    kind: 'cohort-statistics',
    layout: 1,
    dim: COHORT_CELLS,
    pack_id: FIRST_PACK,
    ...own,
    ...fields,
  };
}

/** Why a configuration is refused. */
export interface ConfigFault {
  readonly rule: 'shape' | 'overflow' | 'coarse-noise' | 'delta' | 'band' | 'layout' | 'tests';
  readonly message: string;
}

const areApart = (tests: readonly AbTest[]): boolean =>
  [(t: AbTest) => t.id, (t: AbTest) => t.place].every((of) => new Set(tests.map(of)).size === tests.length);

/** Read a configuration and hold it against the rules that keep its arithmetic and its promise sound (section 3.5). */
export function readConfig(value: unknown): Result<TaskConfig, ConfigFault> {
  const parsed = schema.safeParse(value);
  const refuse = (rule: ConfigFault['rule'], message: string) => fail({ rule, message });
  if (!parsed.success) return refuse('shape', parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  const config = parsed.data;
  const { k, grid_steps: steps, kappa, sigma, band, mechanism, delta, max_accounts } = config;
  const draws = sigma * (config.leader_noise ? Math.SQRT2 : 1);
  if (k * steps + 12 * kappa * steps * Math.sqrt(k) + 16 * draws * steps >= 2 ** 31)
    return refuse('overflow', 'the sum of K reports could pass 2^31');
  if (sigma * steps < 100) return refuse('coarse-noise', 'the noise must be at least 100 grid steps wide');
  if (delta > max_accounts ** -1.1) return refuse('delta', `delta must be at most 1 / accounts^1.1 for ${max_accounts} accounts`);
  if (mechanism === 'independent' && band !== 1) return refuse('band', 'independent noise has a band of 1');
  if (config.kind === 'cohort-statistics' && !areApart(config.tests ?? []))
    return refuse('tests', 'each test has an id and a place of its own');
  if (config.kind === 'cohort-statistics' && (config.dim !== COHORT_CELLS || config.clip_norm !== 1))
    return refuse('layout', `layout 1 has ${COHORT_CELLS} cells and a norm of at most 1`);
  return succeed(config);
}

/** SHA-256 of the canonical JSON: the name of a configuration in reports, requests and log entries. [32] */
export function configHash(config: TaskConfig): Uint8Array {
  return sha256(canonicalBytes(config as unknown as Json));
}

/** The same in hexadecimal. */
export function configHashHex(config: TaskConfig): string {
  return sha256Hex(canonicalBytes(config as unknown as Json));
}

/** The stretch of slots a configuration begins, for the accountant. */
export function segmentOf(config: TaskConfig): Segment {
  return { from: config.from_slot, sigma: config.sigma, band: config.band };
}

/** rho of one whole contribution. */
export function contributionRho({ sigma, band }: Pick<TaskConfig, 'sigma' | 'band'>): number {
  return bandSquares(band) / (2 * sigma * sigma);
}

/** The slot at an instant: 1 + floor((now - epoch) / interval); without an interval the one after the last filled. */
export function slotAt(config: TaskConfig, now: number, lastSlot: number): number {
  return config.interval_ms === 0 ? lastSlot + 1 : 1 + Math.floor((now - config.epoch_ms) / config.interval_ms);
}

/** When a slot begins, epoch ms; 0 where slots have no time. */
export function slotBegins(config: TaskConfig, slot: number): number {
  return config.interval_ms === 0 ? 0 : config.epoch_ms + (slot - 1) * config.interval_ms;
}

/** Whether a configuration is its preset's, field by field, in the task and family that belong to it; a trial's may differ. */
export function keepsPreset(config: TaskConfig): boolean {
  const { preset, kind } = config;
  if (preset === 'demo') return true;
  const wanted = kind === 'model-delta' ? PRESETS[preset] : STATISTICS_PRESETS[preset];
  if (!wanted) return false;
  const rules = { ...wanted, task_id: taskIdOf(kind, preset), budget_family: named('family', kind, preset), delta: DELTA };
  return Object.entries(rules).every(([field, value]) => config[field as keyof TaskConfig] === value);
}

/** delta of every preset; one for the total. */
const DELTA = 1e-6;

/** The pack every installation starts with. */
export const FIRST_PACK = '7d0f1c4e-52a8-4c1b-9b5e-0d7a2f6c3e11';

const LOOSER: readonly (readonly [keyof TaskConfig, 'smaller' | 'greater'])[] = [
  ['sigma', 'smaller'],
  ['kappa', 'smaller'],
  ['band', 'smaller'],
  ['k', 'smaller'],
  ['interval_ms', 'smaller'],
  ['clip_norm', 'greater'],
  ['max_contributions', 'greater'],
  ['delta', 'greater'],
];

/** Fields in which `next` protects less than `before`; an empty list may take effect without further approval. */
export function loosened(before: TaskConfig, next: TaskConfig): readonly string[] {
  const fields = LOOSER.filter(([field, direction]) => {
    const [a, b] = [before[field] as number, next[field] as number];
    return direction === 'smaller' ? b < a : b > a;
  }).map(([field]) => field as string);
  const fixed = (['epoch_ms', 'budget_family', 'horizon_slots'] as const).filter((field) => before[field] !== next[field]);
  return [...fields, ...fixed, ...(before.leader_noise && !next.leader_noise ? ['leader_noise'] : [])];
}

/** Bytes of a hexadecimal field. */
export const bytesOf = fromHex;
