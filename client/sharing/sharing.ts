import { AirFault } from '#client/ports/federation-air.ts';
import { type Consent, ConsentChanged, type ContributionRow, type PulledModel } from '#client/ports/federation-store.ts';
import { configHashHex, readConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import { signRequest } from '#shared/aggregation/enrolment.ts';
import { capEpsilon } from '#shared/aggregation/personal-ledger.ts';
import type { Distrust } from '#shared/aggregation/verify.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { type Abstained, contribute, enrolled, withBearer } from './contribute.ts';
import { book, drain, readReceipts, statusTag } from './outbox.ts';
import type { SharingPorts } from './ports.ts';
import { pullModel } from './pull.ts';
import { Distrusted, offeredTask, trustedConfig } from './trust.ts';

/** How a round ended. */
export type RoundOutcome =
  | { readonly kind: 'off' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'done'; readonly abstained: Abstained; readonly waiting: number; readonly k: number }
  | { readonly kind: 'offline' }
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'distrusted'; readonly rule: Distrust };

/** What the learner is asked to agree to, before anything is agreed. */
export interface Proposal {
  readonly config: TaskConfig;
  readonly capEpsilon: number;
  readonly waiting: number;
}

/** What the screen shows of sharing. */
export interface SharingView {
  readonly consent: Consent | null;
  readonly contributions: readonly ContributionRow[];
  readonly waiting: number;
  readonly latest: PulledModel | null;
}

/** The device's side of the federation, as screens use it. */
export interface Sharing {
  /** What would be agreed to. @throws AirFault */
  proposal(): Promise<Proposal>;
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
  /** Stops sharing at once: what waits is deleted, what is under way is taken back. */
  withdraw(): Promise<void>;
  /**
   * Stops sharing, and has the server erase account, devices, consent and what it still holds. The ledger here stays: what was spent stays
   * spent. @returns the reference in the public log @throws AirFault; sharing is off all the same
   */
  erase(): Promise<string>;
  /** One round of everything: send, read receipts, pull, contribute. Never throws what a network or a server may do. */
  round(isAsked: boolean): Promise<RoundOutcome>;
  /** Trial only. @throws AirFault */
  simulate(): Promise<void>;
  listen(onNews: () => void): () => void;
  readonly isTrial: boolean;
}

/** Version of the consent's wording. */
export const CONSENT_TEXT_VERSION = '3';

async function proposal({ air, isTrial }: SharingPorts): Promise<Proposal> {
  const task = offeredTask(await air.offer(), isTrial);
  const read = task ? readConfig(task.config) : null;
  if (!task || !read?.ok) throw new AirFault('later', 'no-task');
  return { config: read.value, capEpsilon: capEpsilon(read.value), waiting: task.waiting };
}

async function signed(ports: SharingPorts, method: string, path: string, body: Uint8Array): Promise<string> {
  const keys = await enrolled(ports);
  return signRequest(ports.crypto, { method, path, body }, await ports.air.challenge(), fromHex(keys.deviceSeed));
}

/** Tell the server of the consent as it now is; tried again with the next round if it does not get through. */
async function sendConsent(ports: SharingPorts): Promise<void> {
  const consent = await ports.log.federation.value('consent');
  if (!consent || !(await ports.log.federation.value('consentUnsent'))) return;
  const record = {
    purposes: { training: consent.training },
    text_sha256: consent.textSha256,
    text_version: consent.textVersion,
    language: consent.language,
    epsilon_cap: consent.epsilonCap,
    age_band: consent.ageBand,
    at: consent.at,
  };
  const body = utf8(JSON.stringify(record));
  await ports.air.consent(body, await signed(ports, 'POST', '/api/sync/v1/consents', body));
  // One that was changed meanwhile is told next time.
  if ((await ports.log.federation.value('consent'))?.at === consent.at) {
    await ports.log.federation.write([{ kind: 'value', key: 'consentUnsent', value: false }]);
  }
}

/** Take back what the server holds; what is part of a sum already stays. */
async function takeBack(ports: SharingPorts): Promise<void> {
  for (const row of await ports.log.federation.contributions()) {
    if (row.status !== 'accepted' && row.status !== 'withdrawing' && row.status !== 'sealed') continue;
    try {
      await ports.air.withdraw(
        row.report_id,
        await signed(ports, 'DELETE', `/api/sync/v1/fed/reports/${row.report_id}`, new Uint8Array(0)),
      );
      await book(ports, row, { status: 'withdrawn' }, true);
    } catch (fault) {
      if (!(fault instanceof AirFault && fault.kind === 'final')) throw fault;
      // `frozen`: it is part of a sum, and its receipt will say which. `report`: the server never had it.
      const status = fault.reason === 'frozen' ? 'frozen' : fault.reason === 'report' ? 'withdrawn' : null;
      if (!status) throw fault;
      await book(ports, row, { status }, true);
    }
  }
}

async function roundOf(ports: SharingPorts, isAsked: boolean): Promise<RoundOutcome> {
  const { log, air } = ports;
  const consent = await log.federation.value('consent');
  if (!consent) return { kind: 'off' };
  if (!consent.training) {
    if (await log.federation.value('consentUnsent')) {
      await takeBack(ports);
      await sendConsent(ports);
    }
    return { kind: 'off' };
  }
  const task = offeredTask(await air.offer(), ports.isTrial);
  if (!task) return { kind: 'later', reason: 'no-task' };
  const config = await trustedConfig(ports, task, consent);
  await sendConsent(ports);
  await drain(ports, isAsked);
  await withBearer(ports, (bearer) => readReceipts(ports, bearer, consent.pins.leader_key));
  const model = await pullModel(ports, config, consent);
  const abstained = await contribute(ports, config, consent, model);
  if (abstained === null) await drain(ports, true);
  return { kind: 'done', abstained, waiting: task.waiting + (abstained === null ? 1 : 0), k: config.k };
}

function outcomeOf(fault: unknown): RoundOutcome {
  if (fault instanceof ConsentChanged) return { kind: 'off' };
  if (fault instanceof Distrusted) return { kind: 'distrusted', rule: fault.rule };
  if (!(fault instanceof AirFault)) throw fault;
  if (fault.kind === 'offline') return { kind: 'offline' };
  return { kind: fault.kind === 'later' ? 'later' : 'refused', reason: fault.reason };
}

async function withdraw(ports: SharingPorts): Promise<void> {
  const { log, moment } = ports;
  const consent = await log.federation.value('consent');
  if (!consent?.training) return;
  const waiting = await log.federation.outbox();
  // It may have reached the server all the same: the server is asked when it can be.
  const open = (await log.federation.contributions()).filter((row) => row.status === 'sealed' || row.status === 'accepted');
  await log.append(
    open.map((row) => statusTag(row.runId, 'withdrawing')),
    {
      federation: [
        { kind: 'value', key: 'consent', value: { ...consent, training: false, at: moment().at } },
        { kind: 'value', key: 'consentUnsent', value: true },
        ...waiting.map((row) => ({ kind: 'sent' as const, reportId: row.report_id })),
        ...open.map((row) => ({ kind: 'contribution' as const, row: { ...row, status: 'withdrawing' as const } })),
      ],
    },
  );
}

const NOTHING = new Uint8Array(0);

async function eraseAccount(ports: SharingPorts): Promise<string> {
  const { log, air, crypto } = ports;
  const keys = await enrolled(ports);
  const request = { method: 'POST', path: '/api/sync/v1/erasure', body: NOTHING };
  const reference = await air.erase(signRequest(crypto, request, await air.challenge(), fromHex(keys.accountSeed)));
  const open = (await log.federation.contributions()).filter((row) => row.status === 'withdrawing');
  await log.append(
    open.map((row) => statusTag(row.runId, 'withdrawn')),
    {
      federation: [
        { kind: 'value', key: 'account', value: { ...keys, bearer: null } },
        { kind: 'value', key: 'consentUnsent', value: false },
        ...open.map((row) => ({ kind: 'contribution' as const, row: { ...row, status: 'withdrawn' as const } })),
      ],
    },
  );
  return reference;
}

/** Open the device's side of the federation. @param sha256Hex of the consent's text */
export function openSharing(ports: SharingPorts, sha256Hex: (bytes: Uint8Array) => string): Sharing {
  const { log, air, moment } = ports;
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
    proposal: () => proposal(ports),
    async agree({ proposal: shown, ageBand, text, language }) {
      const { config, capEpsilon: cap } = await proposal(ports);
      if (configHashHex(config) !== configHashHex(shown.config)) return false;
      const consent: Consent = {
        training: true,
        at: moment().at,
        ageBand,
        epsilonCap: ports.isTrial ? null : Math.ceil(cap * 1000) / 1000,
        textSha256: sha256Hex(utf8(text)),
        textVersion: CONSENT_TEXT_VERSION,
        language,
        pins: { release_key: config.leader.release_key, leader_key: config.leader.sign_key, helper_key: config.helper.sign_key },
      };
      const before = (await log.federation.value('consent'))?.pins;
      const isOther = before !== undefined && JSON.stringify(before) !== JSON.stringify(consent.pins);
      const account = await log.federation.value('account');
      await log.federation.write([
        { kind: 'value', key: 'consent', value: consent },
        { kind: 'value', key: 'consentUnsent', value: true },
        // Other keys: another installation, whose log begins anew and who does not know this device.
        ...(isOther ? [{ kind: 'value' as const, key: 'tree' as const, value: { size: 0, root: '' } }] : []),
        ...(isOther && account ? [{ kind: 'value' as const, key: 'account' as const, value: { ...account, bearer: null } }] : []),
      ]);
      return true;
    },
    async withdraw() {
      await withdraw(ports);
      // A round that is under way, here or in another tab, began before: the server is told once it has ended.
      await round(true, true);
    },
    async erase() {
      await withdraw(ports);
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
  const [consent, contributions, outbox, latest] = await Promise.all([
    federation.value('consent'),
    federation.contributions(),
    federation.outbox(),
    federation.value('latest'),
  ]);
  return { consent: consent ?? null, contributions: [...contributions].reverse(), waiting: outbox.length, latest: latest ?? null };
}
