import { AirFault } from '#client/ports/federation-air.ts';
import type { AccountKeys, Consent, ContributionRow, PulledModel } from '#client/ports/federation-store.ts';
import { runTags } from '#client/ports/run-tags.ts';
import { configHashHex, contributionRho, type TaskConfig } from '#shared/aggregation/config.ts';
import { randomBytes } from '#shared/aggregation/contribution.ts';
import { makeEnrolment } from '#shared/aggregation/enrolment.ts';
import { type NotNow, whyNotNow } from '#shared/aggregation/personal-ledger.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { newExperimentId, newRunId } from '#shared/domain/ids.ts';
import { rhoLocal } from '#shared/privacy/accountant.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { SharingPorts } from './ports.ts';

/** Fewest answers worth a contribution, and fewest new ones since the last. */
export const MIN_NEW_ANSWERS = 10;

/** The account's keys, made at the first use. */
export async function accountKeys({ log, moment }: SharingPorts): Promise<AccountKeys> {
  const known = await log.federation.value('account');
  if (known) return known;
  const { rng } = moment();
  const fresh = () => toHex(randomBytes(32, rng));
  const keys: AccountKeys = { accountSeed: fresh(), deviceSeed: fresh(), tagSecret: fresh(), bearer: null };
  await log.federation.write([{ kind: 'value', key: 'account', value: keys }]);
  return keys;
}

/** Enrol this device, or again when its bearer is not known any more. @throws AirFault */
export async function enrolled(ports: SharingPorts, isAgain = false): Promise<AccountKeys & { readonly bearer: string }> {
  const keys = await accountKeys(ports);
  if (keys.bearer && !isAgain) return { ...keys, bearer: keys.bearer };
  const body = makeEnrolment(ports.crypto, fromHex(keys.accountSeed), fromHex(keys.deviceSeed), await ports.air.challenge());
  const bearer = await ports.air.enrol(body);
  const value = { ...keys, bearer };
  await ports.log.federation.write([{ kind: 'value', key: 'account', value }]);
  return value;
}

/** Ask with this device's bearer; one the server does not know any more is replaced, once. @throws AirFault */
export async function withBearer<T>(ports: SharingPorts, ask: (bearer: string) => Promise<T>): Promise<T> {
  try {
    return await ask((await enrolled(ports)).bearer);
  } catch (fault) {
    if (!(fault instanceof AirFault && fault.reason === 'bearer')) throw fault;
    return ask((await enrolled(ports, true)).bearer);
  }
}

async function experiment({ log, moment }: SharingPorts): Promise<{ readonly id: string; readonly drafts: readonly Draft[] }> {
  const name = 'federated-contributions';
  const known = (await log.list('experiments')).find((e) => e.name === name);
  if (known) return { id: known.experiment_id, drafts: [] };
  const id = newExperimentId(moment().rng);
  return { id, drafts: [{ kind: 'experiment.created', body: { experiment_id: id, name } }] };
}

const pairs = (record: Readonly<Record<string, string | number>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value: String(value) }));

async function mirror(ports: SharingPorts, row: ContributionRow, isClipped: boolean): Promise<readonly Draft[]> {
  const { at } = ports.moment();
  const { id, drafts } = await experiment(ports);
  const metrics: Record<string, number> = {
    clipped: isClipped ? 1 : 0,
    bytes_sent: row.bytes,
    ...(ports.isTrial ? {} : { rho_spent: contributionRho(row), local_epsilon: gaussianEpsilon(rhoLocal(row.kappa), 1e-6) }),
  };
  return [
    ...drafts,
    {
      kind: 'run.created',
      body: {
        run_id: row.runId,
        experiment_id: id,
        run_name: `contribution ${new Date(at).toISOString().slice(0, 16)}`,
        start_time: at,
        params: pairs({ task: row.task_id, base_version: row.baseVersion, config_hash: row.config_hash, clip_norm: row.clipNorm }),
        tags: runTags(ports.log, 'federated-contributions', { status: 'sealed' }),
      },
    },
    {
      kind: 'metric.logged',
      body: { run_id: row.runId, metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: at, step: 0 })) },
    },
    { kind: 'run.updated', body: { run_id: row.runId, status: 'FINISHED', end_time: at } },
  ];
}

/** Why nothing was contributed; null: something was. */
export type Abstained = NotNow | 'too-few-answers' | 'server-says-no' | null;

async function answersSince({ log }: SharingPorts, at: number): Promise<number> {
  return (await log.list('answers')).filter((a) => a.superseded === 0 && a.at > at).length;
}

/**
 * Train, seal and book one update: ledger entry, sealed bytes and run in one transaction, before anything is sent.
 *
 * @param model the promoted version, verified
 * @throws AirFault, TrainingLost, StorageFault; nothing is spent then
 */
export async function contribute(ports: SharingPorts, config: TaskConfig, consent: Consent, model: PulledModel): Promise<Abstained> {
  const { log, air, moment, trainer } = ports;
  const learning = await ports.learning();
  const entries = await log.federation.contributions();
  const since = await answersSince(ports, entries.at(-1)?.sealedAt ?? 0);
  if (!learning || since < MIN_NEW_ANSWERS) return 'too-few-answers';
  const { eligible, slot } = await withBearer(ports, (bearer) => air.eligibility(config.task_id, bearer));
  const keys = await enrolled(ports);
  const reason = whyNotNow({
    config,
    slot,
    hasConsent: consent.training,
    consentedEpsilon: consent.epsilonCap ?? Number.POSITIVE_INFINITY,
    entries,
    hasOpenReport: entries.some((e) => e.status === 'sealed' || e.status === 'accepted' || e.status === 'frozen'),
    staleness: 0,
  });
  if (reason) return reason;
  if (!eligible) return 'server-says-no';
  const sealed = await trainer.contribute({
    base: model.base,
    questions: learning.questions,
    answers: await learning.answers(),
    plan: {
      config,
      base: { version: model.version, sha256: fromHex(model.baseSha256) },
      promoted: model.version,
      slot,
      secrets: { accountSeed: fromHex(keys.accountSeed), deviceSeed: fromHex(keys.deviceSeed), tagSecret: fromHex(keys.tagSecret) },
    },
  });
  const row: ContributionRow = {
    ...sealed.entry,
    status: 'sealed',
    sealedAt: moment().at,
    bytes: sealed.bytes.length,
    clipNorm: config.clip_norm,
    kappa: config.kappa,
    maxContributions: config.max_contributions,
    baseVersion: model.version,
    runId: newRunId(moment().rng),
    version: null,
    versionStatus: null,
    logIndex: null,
    refusal: null,
    config_hash: configHashHex(config),
  };
  await log.append(await mirror(ports, row, sealed.isClipped), {
    federation: [
      { kind: 'while-consented', at: consent.at },
      { kind: 'contribution', row },
      { kind: 'outbox', row: { report_id: row.report_id, bytes: sealed.bytes, tries: 0, notBefore: 0 } },
    ],
  });
  return null;
}
