import type { ModelConfig, StatisticsConfig, TaskConfig, TaskKind } from '#shared/aggregation/config.ts';
import { type AccountSecrets, type ContributionPlan, makeContribution, randomBytes } from '#shared/aggregation/contribution.ts';
import { makeEnrolment } from '#shared/aggregation/enrolment.ts';
import { NO_BASE } from '#shared/aggregation/header.ts';
import type { ModelRelease } from '#shared/aggregation/log-entry.ts';
import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import type { Rng } from '#shared/maths/rng.ts';

const BASE = '/api/sync/v1';

/** A promoted version as a simulated device fetched it. */
export interface FetchedModel {
  readonly release: ModelRelease;
  /** The weights that are served, shape [dim]. */
  readonly served: Float32Array;
  /** The weights devices train from, shape [dim]. */
  readonly base: Float32Array;
  readonly baseHash: Uint8Array;
}

/** Where simulated devices talk to, by what cryptography. */
export interface Air {
  /** URL of the leader, without trailing slash. */
  readonly leader: string;
  readonly crypto: Primitives;
  readonly rng: Rng;
}

async function asked(air: Air, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${air.leader}${BASE}${path}`, init);
  if (response.ok) return response;
  throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`);
}

const bytesOf = (body: Uint8Array, method: string): RequestInit => ({
  method,
  body: Buffer.from(body),
  headers: { 'Content-Type': 'application/octet-stream' },
});

/** The configuration of the model task that is in force, and the server's present moment. */
export async function fetchConfig(air: Air): Promise<ModelConfig> {
  const config = await latestOf(air, 'model-delta');
  if (config?.kind !== 'model-delta') throw new Error('the installation offers no model task');
  return config;
}

/** That of the statistics task; null where there is none. */
export async function fetchStatistics(air: Air): Promise<StatisticsConfig | null> {
  const config = await latestOf(air, 'cohort-statistics');
  return config?.kind === 'cohort-statistics' ? config : null;
}

async function latestOf(air: Air, kind: TaskKind): Promise<TaskConfig | undefined> {
  const { tasks } = (await (await asked(air, '/fed/tasks')).json()) as { tasks: { config: TaskConfig }[] };
  return tasks.findLast(({ config }) => config.kind === kind)?.config;
}

/** The promoted version with its weights. */
export async function fetchModel(air: Air, config: TaskConfig): Promise<FetchedModel> {
  const latest = (await (await asked(air, `/fed/models/${config.task_id}/latest`)).json()) as { release: ModelRelease };
  const { release } = latest;
  const body = new Uint8Array(await (await asked(air, `/fed/models/${config.task_id}/${release.version}/weights`)).arrayBuffer());
  const half = 4 * config.dim;
  const floats = (from: number) => new Float32Array(body.slice(from, from + half).buffer);
  return { release, served: floats(0), base: floats(half), baseHash: sha256(body.subarray(half)) };
}

/** A report as it was sealed, with what sends it; the same bytes every time. */
export interface PreparedReport {
  readonly bytes: Uint8Array;
  /** @param leader URL, without trailing slash @returns the HTTP status */
  upload(leader: string): Promise<number>;
}

/** A device of an account, enrolled over the real protocol. */
export interface VirtualDevice {
  readonly secrets: AccountSecrets;
  /** Seal one update. @param delta weight units, shape [dim] */
  prepared(config: ModelConfig, model: FetchedModel, delta: Float32Array, slot: number): PreparedReport;
  /** Seal one week. @param vector encoded cells */
  preparedWeek(config: StatisticsConfig, vector: Float32Array, slot: number): PreparedReport;
}

/** Make an account with one device, and enrol it. */
export async function enrolVirtualDevice(air: Air): Promise<VirtualDevice> {
  const { crypto, rng } = air;
  const secrets = { accountSeed: randomBytes(32, rng), deviceSeed: randomBytes(32, rng), tagSecret: randomBytes(32, rng) };
  const { challenge } = (await (await asked(air, '/fed/challenge', { method: 'POST' })).json()) as { challenge: string };
  const body = makeEnrolment(crypto, secrets.accountSeed, secrets.deviceSeed, fromHex(challenge));
  await asked(air, '/fed/enrol', bytesOf(body, 'POST'));
  const sealed = (plan: Omit<ContributionPlan, 'secrets'>, vector: Float32Array): PreparedReport => {
    const { bytes, entry } = makeContribution(crypto, { ...plan, secrets }, vector, rng);
    return {
      bytes,
      async upload(leader) {
        const response = await fetch(`${leader}${BASE}/fed/reports/${entry.report_id}`, bytesOf(bytes, 'PUT'));
        await response.arrayBuffer();
        return response.status;
      },
    };
  };
  return {
    secrets,
    prepared(config, { release: { version }, baseHash }, delta, slot) {
      return sealed({ config, base: { version, sha256: baseHash }, promoted: version, slot }, delta);
    },
    preparedWeek: (config, vector, slot) => sealed({ config, base: NO_BASE, promoted: NO_BASE.version, slot }, vector),
  };
}
