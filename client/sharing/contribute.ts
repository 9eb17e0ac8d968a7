import { AirFault } from '#client/ports/federation-air.ts';
import type { AccountKeys, Consent, ContributionRow, PulledModel, Purpose } from '#client/ports/federation-store.ts';
import { runTags } from '#client/ports/run-tags.ts';
import { configHashHex, contributionRho, type ModelConfig, type StatisticsConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import { type AccountSecrets, makeContribution, randomBytes } from '#shared/aggregation/contribution.ts';
import { makeEnrolment } from '#shared/aggregation/enrolment.ts';
import { NO_BASE } from '#shared/aggregation/header.ts';
import { type LedgerEntry, type NotNow, whyNotNow } from '#shared/aggregation/personal-ledger.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { newExperimentId, newRunId } from '#shared/domain/ids.ts';
import { HORIZON_SLOTS, rhoLocal } from '#shared/privacy/accountant.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';
import { tellOutcome } from '#shared/statistics/ab-test.ts';
import { encodeCells } from '#shared/statistics/layout.ts';
import { cellsOfWeek } from '#shared/statistics/week.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { SharingPorts } from './ports.ts';
import { dueTests, outcomeOf } from './tests.ts';
import { weekFacts } from './week.ts';

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

/** A task whose turn it may be, with what was agreed to. */
interface Turn {
  readonly purpose: Purpose;
  readonly config: TaskConfig;
  readonly consent: Consent;
}

const isUnderWay = (row: ContributionRow): boolean => row.status === 'sealed' || row.status === 'accepted' || row.status === 'frozen';

const WEEK_MS = 7 * 86_400_000;

/** Answers that stand, since the last contribution to a purpose; for a week's numbers those of that week alone. */
async function newAnswers({ log, moment }: SharingPorts, purpose: Purpose, entries: readonly ContributionRow[]): Promise<number> {
  const last = entries.at(-1)?.sealedAt ?? 0;
  const since = purpose === 'analytics' ? Math.max(last, moment().at - WEEK_MS) : last;
  return (await log.list('answers')).filter((a) => a.superseded === 0 && a.at > since).length;
}

/** Slots that lie between two contributions where slots have a time: an account's share is spread over the horizon. */
const pace = ({ interval_ms, max_contributions }: TaskConfig): number =>
  interval_ms === 0 ? 0 : Math.floor(HORIZON_SLOTS / max_contributions);

/** Null with the slot if a report may be sealed now. @throws AirFault */
async function mayContribute(
  ports: SharingPorts,
  { purpose, config, consent }: Turn,
): Promise<{ readonly reason: Abstained; readonly slot: number }> {
  const all = await ports.log.federation.contributions();
  const entries = all.filter((e) => e.task_id === config.task_id);
  if ((await newAnswers(ports, purpose, entries)) < MIN_NEW_ANSWERS) return { reason: 'too-few-answers', slot: 0 };
  const { eligible, slot } = await withBearer(ports, (bearer) => ports.air.eligibility(config.task_id, bearer));
  const reason = whyNotNow({
    config,
    slot,
    hasConsent: consent[purpose] === true,
    consentedEpsilon: consent.epsilonCap ?? Number.POSITIVE_INFINITY,
    entries: all,
    hasOpenReport: entries.some(isUnderWay),
    staleness: 0,
  });
  const last = entries.at(-1);
  const isEarly = last !== undefined && slot - (last.landed_slot ?? last.sealed_slot) < pace(config);
  return { reason: reason ?? (isEarly ? 'too-soon' : eligible ? null : 'server-says-no'), slot };
}

async function secretsOf(ports: SharingPorts): Promise<AccountSecrets> {
  const keys = await enrolled(ports);
  return { accountSeed: fromHex(keys.accountSeed), deviceSeed: fromHex(keys.deviceSeed), tagSecret: fromHex(keys.tagSecret) };
}

/** A report that was sealed, to be booked. */
interface Sealed {
  readonly bytes: Uint8Array;
  readonly entry: LedgerEntry;
  readonly isClipped: boolean;
  readonly baseVersion: number;
  /** Keys of the tests whose outcomes are in it. */
  readonly told?: readonly string[];
}

/** Book what was sealed: ledger entry, sealed bytes and run in one transaction, before anything is sent. @throws ConsentChanged, StorageFault */
async function bookSealed(
  ports: SharingPorts,
  { purpose, config, consent }: Turn,
  { bytes, entry, isClipped, baseVersion, told = [] }: Sealed,
): Promise<void> {
  const { federation } = ports.log;
  const row: ContributionRow = {
    ...entry,
    purpose,
    ...(told.length > 0 ? { told } : {}),
    status: 'sealed',
    sealedAt: ports.moment().at,
    bytes: bytes.length,
    clipNorm: config.clip_norm,
    kappa: config.kappa,
    maxContributions: config.max_contributions,
    baseVersion,
    runId: newRunId(ports.moment().rng),
    version: null,
    versionStatus: null,
    logIndex: null,
    refusal: null,
    config_hash: configHashHex(config),
  };
  const tests = (await federation.value('tests')) ?? [];
  const value = tests.map((test) => (told.includes(test.key) ? { ...test, isTold: true } : test));
  await ports.log.append(await mirror(ports, row, isClipped), {
    federation: [
      { kind: 'while-consented', purpose, at: consent.at },
      { kind: 'contribution', row },
      { kind: 'outbox', row: { report_id: row.report_id, bytes, tries: 0, notBefore: 0 } },
      ...(told.length > 0 ? [{ kind: 'value' as const, key: 'tests' as const, value }] : []),
    ],
  });
}

/**
 * Train, seal and book one update of the shared model.
 *
 * @param model the promoted version, verified
 * @throws AirFault, TrainingLost, StorageFault; nothing is spent then
 */
export async function contribute(ports: SharingPorts, config: ModelConfig, consent: Consent, model: PulledModel): Promise<Abstained> {
  const turn: Turn = { purpose: 'training', config, consent };
  const learning = await ports.learning();
  if (!learning) return 'too-few-answers';
  const { reason, slot } = await mayContribute(ports, turn);
  if (reason) return reason;
  const sealed = await ports.trainer.contribute({
    base: model.base,
    questions: learning.questions,
    answers: await learning.answers(),
    plan: {
      config,
      base: { version: model.version, sha256: fromHex(model.baseSha256) },
      promoted: model.version,
      slot,
      secrets: await secretsOf(ports),
    },
  });
  await bookSealed(ports, turn, { ...sealed, baseVersion: model.version });
  return null;
}

/** Seal and book the latest week as numbers for the private statistics, with the outcomes of A/B tests that are due. @throws AirFault, StorageFault; nothing is spent then */
export async function contributeWeek(ports: SharingPorts, config: StatisticsConfig, consent: Consent): Promise<Abstained> {
  const turn: Turn = { purpose: 'analytics', config, consent };
  const { reason, slot } = await mayContribute(ports, turn);
  if (reason) return reason;
  const { at, rng } = ports.moment();
  const syllabus = (await ports.learning())?.syllabus ?? null;
  const facts = await weekFacts(ports.log, at, syllabus?.packId === config.pack_id ? syllabus : null);
  const plan = { config, base: NO_BASE, promoted: NO_BASE.version, slot, secrets: await secretsOf(ports) };
  const cells = cellsOfWeek(facts);
  const due = await dueTests(ports);
  for (const test of due) tellOutcome(cells, test, test.arm, await outcomeOf(ports.log, test));
  const made = makeContribution(ports.crypto, plan, encodeCells(cells), rng);
  await bookSealed(ports, turn, { ...made, isClipped: false, baseVersion: NO_BASE.version, told: due.map((test) => test.key) });
  return null;
}
