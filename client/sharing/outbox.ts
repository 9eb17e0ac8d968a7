import { AirFault } from '#client/ports/federation-air.ts';
import { CONSENT_OF, type ContributionRow, type ContributionStatus } from '#client/ports/federation-store.ts';
import { isReceiptSigned, type ReportState } from '#shared/aggregation/receipt.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { SharingPorts } from './ports.ts';
import { Distrusted } from './trust.ts';

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 6 * 3_600_000;

/** The event that mirrors a status in the contribution's run. */
export const statusTag = (runId: string, status: ContributionStatus): Draft => ({
  kind: 'tag.set',
  body: { run_id: runId, key: 'status', value: status },
});

/** Book what became of a contribution, in ledger and log together. */
export async function book({ log }: SharingPorts, row: ContributionRow, change: Partial<ContributionRow>, isSent: boolean): Promise<void> {
  const next = { ...row, ...change };
  await log.append(next.status === row.status ? [] : [statusTag(row.runId, next.status)], {
    federation: [{ kind: 'contribution', row: next }, ...(isSent ? [{ kind: 'sent' as const, reportId: row.report_id }] : [])],
  });
}

/** 1 min doubling to 6 h, or what the server asked for; ±20 %. */
function waitMs(tries: number, asked: number, rng: () => number): number {
  const plain = asked > 0 ? asked : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
  return plain * (0.8 + (0.4 * (rng() >>> 0)) / 4_294_967_296);
}

/**
 * Send what waits, as it was sealed; each until it has a final answer.
 *
 * @param isAsked by the learner: waiting times are passed over
 */
export async function drain(ports: SharingPorts, isAsked: boolean): Promise<void> {
  const { log, air, moment } = ports;
  const rows = new Map((await log.federation.contributions()).map((r) => [r.report_id, r]));
  for (const waiting of await log.federation.outbox()) {
    const row = rows.get(waiting.report_id);
    const { at, rng } = moment();
    if (!row || (waiting.notBefore > at && !isAsked)) continue;
    const purpose = row.purpose ?? 'training';
    if (!(await log.federation.value(CONSENT_OF[purpose].consent))?.[purpose]) continue;
    try {
      await air.upload(waiting.report_id, waiting.bytes);
      await book(ports, row, { status: 'accepted' }, true);
    } catch (fault) {
      if (!(fault instanceof AirFault)) throw fault;
      if (fault.kind === 'final') await book(ports, row, { status: 'refused', refusal: fault.reason }, true);
      else {
        const notBefore = at + waitMs(waiting.tries, fault.waitMs, rng);
        const isStillThere = (await log.federation.outbox()).some((o) => o.report_id === waiting.report_id);
        if (isStillThere) await log.federation.write([{ kind: 'outbox', row: { ...waiting, tries: waiting.tries + 1, notBefore } }]);
        throw fault;
      }
    }
  }
}

const STATUS: Readonly<Record<ReportState, ContributionStatus>> = {
  held: 'accepted',
  frozen: 'frozen',
  landed: 'landed',
  withdrawn: 'withdrawn',
  expired: 'expired',
  rejected: 'rejected',
  lost: 'lost',
  erased: 'withdrawn',
};

/** Rows whose receipt may still change. */
const isOpen = (row: ContributionRow): boolean =>
  row.status === 'accepted' || row.status === 'frozen' || (row.status === 'landed' && row.versionStatus !== 'released');

/** Read the receipts of what is under way; a receipt the leader did not sign is not believed. */
export async function readReceipts(ports: SharingPorts, bearer: string, leaderKey: string): Promise<void> {
  const open = (await ports.log.federation.contributions()).filter(isOpen);
  for (const row of open.slice(-20)) {
    const read = await ports.air.receipt(row.report_id, bearer).catch((fault: unknown) => {
      if (fault instanceof AirFault && fault.reason === 'report') return null;
      throw fault;
    });
    if (!read) {
      // The server has forgotten it: it was set up anew, or restored.
      await book(ports, row, { status: 'lost' }, true);
      continue;
    }
    const { receipt, signature } = read;
    if (receipt.report_id !== row.report_id || !isReceiptSigned(ports.crypto, receipt, signature, leaderKey)) throw new Distrusted('R1');
    const next: Partial<ContributionRow> = {
      status: STATUS[receipt.state],
      landed_slot: receipt.state === 'landed' || receipt.state === 'lost' ? receipt.t : row.landed_slot,
      version: receipt.version,
      versionStatus: receipt.version_status,
      logIndex: receipt.log_index,
      refusal: receipt.reason,
    };
    const isNew = Object.entries(next).some(([key, value]) => row[key as keyof ContributionRow] !== value);
    if (isNew) await book(ports, row, next, false);
  }
}
