import { AirFault } from '#client/ports/federation-air.ts';
import {
  CONSENT_OF,
  type Consent,
  ConsentChanged,
  type ContributionRow,
  type FederationStore,
  PURPOSES,
  type PulledModel,
  type Purpose,
} from '#client/ports/federation-store.ts';
import { configHashHex, readConfig, type TaskConfig, type TaskKind } from '#shared/aggregation/config.ts';
import { capEpsilon } from '#shared/aggregation/personal-ledger.ts';
import type { Distrust } from '#shared/aggregation/verify.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { eraseAccount, keepConsent, sendConsent, takeBack, withdrawHere } from './consents.ts';
import { type Abstained, accountKeys, contribute, contributeWeek, withBearer } from './contribute.ts';
import { drain, readReceipts } from './outbox.ts';
import type { SharingPorts } from './ports.ts';
import { pullModel } from './pull.ts';
import { keepTests } from './tests.ts';
import { Distrusted, offeredTask, trustedConfig } from './trust.ts';

/** What a round did for one purpose. */
export interface PurposeOutcome {
  readonly purpose: Purpose;
  readonly abstained: Abstained;
  readonly waiting: number;
  readonly k: number;
}

/** How a round ended. */
export type RoundOutcome =
  | { readonly kind: 'off' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'done'; readonly purposes: readonly PurposeOutcome[] }
  | { readonly kind: 'offline' }
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'distrusted'; readonly rule: Distrust };

/** What the learner is asked to agree to, before anything is agreed. */
export interface Proposal {
  readonly purpose: Purpose;
  readonly config: TaskConfig;
  readonly capEpsilon: number;
  /** The worst case of this and every other purpose on offer together; null where this is the only one. */
  readonly togetherEpsilon: number | null;
  readonly waiting: number;
}

/** What the screen shows of sharing. */
export interface SharingView {
  readonly consents: Readonly<Record<Purpose, Consent | null>>;
  readonly contributions: readonly ContributionRow[];
  readonly waiting: number;
  readonly latest: PulledModel | null;
}

/** The device's side of the federation, as screens use it. */
export interface Sharing {
  /** What would be agreed to; null where the server has nothing of the kind. @throws AirFault */
  proposal(purpose: Purpose): Promise<Proposal | null>;
  /**
   * Agree to exactly what was proposed. @param plan `text` holds the words on screen
   * @returns false, with nothing agreed, if the server proposes something else by now
   */
  agree(plan: {
    readonly proposal: Proposal;
    readonly ageBand: Consent['ageBand'];
    readonly text: string;
    readonly language: string;
  }): Promise<boolean>;
  /** Stops sharing for a purpose at once: what waits is deleted, what is under way is taken back. */
  withdraw(purpose: Purpose): Promise<void>;
  /**
   * Stops all sharing, and has the server erase account, devices, consent and what it still holds. The ledger here stays: what was spent
   * stays spent. @returns the reference in the public log @throws AirFault; sharing is off all the same
   */
  erase(): Promise<string>;
  /** One round of everything: send, read receipts, pull, contribute. Never throws what a network or a server may do. */
  round(isAsked: boolean): Promise<RoundOutcome>;
  /** Trial only. @throws AirFault */
  simulate(): Promise<void>;
  listen(onNews: () => void): () => void;
  readonly isTrial: boolean;
}

/** Version of the consents' wording. */
export const CONSENT_TEXT_VERSION = '4';

const KIND_OF: Readonly<Record<Purpose, TaskKind>> = { training: 'model-delta', analytics: 'cohort-statistics' };

async function proposal({ air, isTrial }: SharingPorts, purpose: Purpose): Promise<Proposal | null> {
  const offer = await air.offer();
  const tasks = PURPOSES.map((own) => ({ own, task: offeredTask(offer, isTrial, KIND_OF[own]) }));
  const configs = new Map(
    tasks.flatMap(({ own, task }) => {
      const read = task ? readConfig(task.config) : null;
      return task && read?.ok ? [[own, { config: read.value, waiting: task.waiting }] as const] : [];
    }),
  );
  const found = configs.get(purpose);
  if (!found) {
    if (purpose === 'training') throw new AirFault('later', 'no-task');
    return null;
  }
  const others = [...configs].flatMap(([own, { config }]) => (own === purpose ? [] : [config]));
  return {
    purpose,
    config: found.config,
    capEpsilon: capEpsilon(found.config),
    togetherEpsilon: others.length === 0 ? null : capEpsilon(found.config, ...others),
    waiting: found.waiting,
  };
}

async function consentsOf(federation: FederationStore): Promise<SharingView['consents']> {
  const [training, analytics] = await Promise.all([federation.value('consent'), federation.value('analyticsConsent')]);
  return { training: training ?? null, analytics: analytics ?? null };
}

/** A purpose that is on, and what its task is. */
interface Standing {
  readonly purpose: Purpose;
  readonly consent: Consent;
  readonly config: TaskConfig;
  readonly waiting: number;
}

/** What is agreed to and on offer, each configuration verified; what is wrong with one keeps no other back. @throws AirFault */
async function standingOf(ports: SharingPorts, consents: SharingView['consents'], faults: unknown[]): Promise<readonly Standing[]> {
  const offer = await ports.air.offer();
  const standing: Standing[] = [];
  for (const purpose of PURPOSES) {
    const consent = consents[purpose];
    const task = consent?.[purpose] ? offeredTask(offer, ports.isTrial, KIND_OF[purpose]) : null;
    if (!consent || !task) continue;
    await unlessPersonal(faults, async () => {
      standing.push({ purpose, consent, config: await trustedConfig(ports, task, consent), waiting: task.waiting });
      await sendConsent(ports, purpose);
    });
  }
  return standing;
}

/** Does what concerns one purpose; a fault that is its own is kept, one of the network ends the round. */
async function unlessPersonal(faults: unknown[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (fault) {
    if (fault instanceof AirFault && fault.kind !== 'final') throw fault;
    faults.push(fault);
  }
}

async function turn(ports: SharingPorts, { config, consent }: Standing): Promise<Abstained> {
  if (config.kind === 'cohort-statistics') {
    await keepTests(ports, config, fromHex((await accountKeys(ports)).tagSecret));
    return contributeWeek(ports, config, consent);
  }
  return contribute(ports, config, consent, await pullModel(ports, config, consent));
}

async function roundOf(ports: SharingPorts, isAsked: boolean): Promise<RoundOutcome> {
  const { federation } = ports.log;
  const consents = await consentsOf(federation);
  const faults: unknown[] = [];
  for (const purpose of PURPOSES) {
    const consent = consents[purpose];
    if (!consent || consent[purpose] || !(await federation.value(CONSENT_OF[purpose].unsent))) continue;
    await unlessPersonal(faults, async () => {
      await takeBack(ports, purpose);
      await sendConsent(ports, purpose);
    });
  }
  const isOn = PURPOSES.some((purpose) => consents[purpose]?.[purpose]);
  const done = isOn ? await contributeAll(ports, isAsked, await standingOf(ports, consents, faults), faults) : [];
  // Everything else was done: now what went wrong is told.
  if (faults.length > 0) throw faults[0];
  if (!isOn) return { kind: 'off' };
  return done.length === 0 ? { kind: 'later', reason: 'no-task' } : { kind: 'done', purposes: done };
}

/** Send what waits, read receipts, and contribute to each purpose that stands. */
async function contributeAll(
  ports: SharingPorts,
  isAsked: boolean,
  standing: readonly Standing[],
  faults: unknown[],
): Promise<readonly PurposeOutcome[]> {
  const [first] = standing;
  if (!first) return [];
  await drain(ports, isAsked);
  await withBearer(ports, (bearer) => readReceipts(ports, bearer, first.consent.pins.leader_key));
  const purposes: PurposeOutcome[] = [];
  for (const own of standing) {
    await unlessPersonal(faults, async () => {
      const abstained = await turn(ports, own);
      if (abstained === null) await drain(ports, true);
      purposes.push({ purpose: own.purpose, abstained, waiting: own.waiting + (abstained === null ? 1 : 0), k: own.config.k });
    });
  }
  return purposes;
}

function outcomeOf(fault: unknown): RoundOutcome {
  if (fault instanceof ConsentChanged) return { kind: 'off' };
  if (fault instanceof Distrusted) return { kind: 'distrusted', rule: fault.rule };
  if (!(fault instanceof AirFault)) throw fault;
  if (fault.kind === 'offline') return { kind: 'offline' };
  return { kind: fault.kind === 'later' ? 'later' : 'refused', reason: fault.reason };
}

/** Open the device's side of the federation. @param sha256Hex of the consent's text */
export function openSharing(ports: SharingPorts, sha256Hex: (bytes: Uint8Array) => string): Sharing {
  const { air, moment } = ports;
  /** Every round asked for so far: one that finds another under way ends before it. */
  let running: Promise<unknown> = Promise.resolve();
  const round = (isAsked: boolean, isPatient = false): Promise<RoundOutcome> => {
    const own = ports.exclusively(
      async (isFree): Promise<RoundOutcome> => (isFree ? roundOf(ports, isAsked).catch(outcomeOf) : { kind: 'busy' }),
      isPatient,
    );
    // their outcomes let go, or each would hold the one before
    running = Promise.allSettled([running, own]).then(() => undefined);
    return own;
  };
  return {
    isTrial: ports.isTrial,
    proposal: (purpose) => proposal(ports, purpose),
    async agree({ proposal: shown, ageBand, text, language }) {
      const { purpose } = shown;
      const now = await proposal(ports, purpose);
      if (!now || configHashHex(now.config) !== configHashHex(shown.config)) return false;
      const { leader, helper } = now.config;
      await keepConsent(ports, purpose, {
        [purpose]: true,
        at: moment().at,
        ageBand,
        epsilonCap: ports.isTrial ? null : Math.ceil(now.capEpsilon * 1000) / 1000,
        textSha256: sha256Hex(utf8(text)),
        textVersion: CONSENT_TEXT_VERSION,
        language,
        pins: { release_key: leader.release_key, leader_key: leader.sign_key, helper_key: helper.sign_key },
      });
      return true;
    },
    async withdraw(purpose) {
      await withdrawHere(ports, purpose);
      // A round that is under way, here or in another tab, began before: the server is told once it has ended.
      await round(true, true);
    },
    async erase() {
      for (const purpose of PURPOSES) await withdrawHere(ports, purpose);
      await running;
      return eraseAccount(ports);
    },
    round: (isAsked) => round(isAsked),
    simulate: () => air.simulate(),
    listen: air.listen,
  };
}

/** What the screen shows, read from the log's database. */
export async function readSharing({ federation }: SharingPorts['log']): Promise<SharingView> {
  const [consents, contributions, outbox, latest] = await Promise.all([
    consentsOf(federation),
    federation.contributions(),
    federation.outbox(),
    federation.value('latest'),
  ]);
  return { consents, contributions: [...contributions].reverse(), waiting: outbox.length, latest: latest ?? null };
}
