import { AirFault } from '#client/ports/federation-air.ts';
import { CONSENT_OF, type Consent, type ContributionRow, type Purpose } from '#client/ports/federation-store.ts';
import { signRequest } from '#shared/aggregation/enrolment.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { enrolled } from './contribute.ts';
import { book, statusTag } from './outbox.ts';
import type { SharingPorts } from './ports.ts';

async function signed(ports: SharingPorts, method: string, path: string, body: Uint8Array): Promise<string> {
  const keys = await enrolled(ports);
  return signRequest(ports.crypto, { method, path, body }, await ports.air.challenge(), fromHex(keys.deviceSeed));
}

const isOf = (row: ContributionRow, purpose: Purpose): boolean => (row.purpose ?? 'training') === purpose;

/** Tell the server of a purpose's consent as it now is; tried again with the next round if it does not get through. @throws AirFault */
export async function sendConsent(ports: SharingPorts, purpose: Purpose): Promise<void> {
  const { federation } = ports.log;
  const { consent: key, unsent } = CONSENT_OF[purpose];
  const consent = await federation.value(key);
  if (!consent || !(await federation.value(unsent))) return;
  const record = {
    purposes: { [purpose]: consent[purpose] === true },
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
  if ((await federation.value(key))?.at === consent.at) await federation.write([{ kind: 'value', key: unsent, value: false }]);
}

/** Take back what the server holds for a purpose; what is part of a sum already stays. @throws AirFault */
export async function takeBack(ports: SharingPorts, purpose: Purpose): Promise<void> {
  for (const row of await ports.log.federation.contributions()) {
    if (!isOf(row, purpose) || (row.status !== 'accepted' && row.status !== 'withdrawing' && row.status !== 'sealed')) continue;
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

/** Take a purpose's consent back here: what waits to be sent for it is deleted in the same step. */
export async function withdrawHere(ports: SharingPorts, purpose: Purpose): Promise<void> {
  const { log, moment } = ports;
  const { consent: key, unsent } = CONSENT_OF[purpose];
  const consent = await log.federation.value(key);
  if (!consent?.[purpose]) return;
  const own = (await log.federation.contributions()).filter((row) => isOf(row, purpose));
  const ids = new Set(own.map((row) => row.report_id));
  const waiting = (await log.federation.outbox()).filter((row) => ids.has(row.report_id));
  // It may have reached the server all the same: the server is asked when it can be.
  const open = own.filter((row) => row.status === 'sealed' || row.status === 'accepted');
  await log.append(
    open.map((row) => statusTag(row.runId, 'withdrawing')),
    {
      federation: [
        { kind: 'value', key, value: { ...consent, [purpose]: false, at: moment().at } },
        { kind: 'value', key: unsent, value: true },
        // What a test changes ends with the consent to tell of it; a new consent joins anew.
        ...(purpose === 'analytics' ? [{ kind: 'value' as const, key: 'tests' as const, value: [] }] : []),
        ...waiting.map((row) => ({ kind: 'sent' as const, reportId: row.report_id })),
        ...open.map((row) => ({ kind: 'contribution' as const, row: { ...row, status: 'withdrawing' as const } })),
      ],
    },
  );
}

const NOTHING = new Uint8Array(0);

/** Have the server erase the account. @returns the reference in the public log @throws AirFault */
export async function eraseAccount(ports: SharingPorts): Promise<string> {
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
        { kind: 'value', key: 'analyticsUnsent', value: false },
        ...open.map((row) => ({ kind: 'contribution' as const, row: { ...row, status: 'withdrawn' as const } })),
      ],
    },
  );
  return reference;
}

/** Keep what was agreed to. @param consent of one purpose, just given */
export async function keepConsent({ log }: SharingPorts, purpose: Purpose, consent: Consent): Promise<void> {
  const { consent: key, unsent } = CONSENT_OF[purpose];
  const known = [await log.federation.value('consent'), await log.federation.value('analyticsConsent')];
  const isOther = known.some((before) => before !== undefined && JSON.stringify(before.pins) !== JSON.stringify(consent.pins));
  const account = await log.federation.value('account');
  await log.federation.write([
    { kind: 'value', key, value: consent },
    { kind: 'value', key: unsent, value: true },
    // Other keys: another installation, whose log begins anew and who does not know this device.
    ...(isOther ? [{ kind: 'value' as const, key: 'tree' as const, value: { size: 0, root: '' } }] : []),
    ...(isOther ? [{ kind: 'value' as const, key: 'tests' as const, value: [] }] : []),
    ...(isOther && account ? [{ kind: 'value' as const, key: 'account' as const, value: { ...account, bearer: null } }] : []),
  ]);
}
