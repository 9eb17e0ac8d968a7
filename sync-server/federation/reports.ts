import { configHashHex, slotAt, type TaskConfig } from '#shared/aggregation/config.ts';
import { mayLand } from '#shared/aggregation/flush.ts';
import { leaderBoxHash } from '#shared/aggregation/flush-message.ts';
import { MAX_DIM, NO_BASE } from '#shared/aggregation/header.ts';
import { type Receipt, type ReportState, signReceipt } from '#shared/aggregation/receipt.ts';
import { isSignedByDevice, parseReport, type ReportParts, reportBytes } from '#shared/aggregation/report.ts';
import { keyId } from '#shared/aggregation/seal.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { sameBytes, toHex } from '#shared/domain/bytes.ts';
import { HORIZON_SLOTS } from '#shared/privacy/accountant.ts';
import type { Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import { type Device, deviceByKey } from './enrolment.ts';
import { championVersion, configsOf, type LeaderPorts, lastSlot } from './leader.ts';

/** The longest body that can be a report. */
export const MAX_REPORT_BYTES = reportBytes(MAX_DIM);

interface ReportRow {
  readonly state: ReportState;
  readonly reason: string | null;
  readonly t: number | null;
  readonly body_sha256: Buffer;
  readonly account_id: Buffer;
  readonly log_index: string | null;
  readonly version: number | null;
  readonly version_status: string | null;
}

async function readReport(
  sql: Sql,
  taskId: Uint8Array | null,
  reportId: Uint8Array,
): Promise<(ReportRow & { task_id: Buffer }) | undefined> {
  const [row] = await sql.query<ReportRow & { task_id: Buffer }>(
    `SELECT r.task_id, r.state, r.reason, r.t, r.body_sha256, r.account_id, f.log_index, m.version, m.status AS version_status
     FROM reports r LEFT JOIN flushes f ON f.task_id = r.task_id AND f.t = r.t LEFT JOIN models m ON m.task_id = r.task_id AND m.slot = r.t
     WHERE r.report_id = $1 AND ($2::bytea IS NULL OR r.task_id = $2)`,
    [reportId, taskId],
  );
  return row;
}

function signed(ports: LeaderPorts, row: ReportRow & { task_id: Buffer }, reportId: Uint8Array) {
  const receipt: Receipt = {
    report_id: toHex(reportId),
    task_id: toHex(row.task_id),
    state: row.state,
    reason: row.reason,
    t: row.t,
    log_index: row.log_index === null ? null : Number(row.log_index),
    version: row.version,
    version_status: row.version_status,
    at: ports.now(),
  };
  return { receipt, signature: signReceipt(ports.crypto, receipt, ports.signSeed) };
}

async function configFor(sql: Sql, { header }: ReportParts, now: number): Promise<TaskConfig> {
  const configs = await configsOf(sql, header.taskId);
  const slot = configs[0] ? slotAt(configs[0], now, await lastSlot(sql, header.taskId)) : 0;
  const config = configs.findLast((c) => c.from_slot <= Math.max(1, slot));
  if (!config || configHashHex(config) !== toHex(header.configHash)) {
    throw new Refusal(422, 'unknown_config', 'The report was made under a configuration that is not in force.');
  }
  return config;
}

function checkShape(ports: LeaderPorts, config: TaskConfig, { header }: ReportParts): void {
  if (header.kind !== config.kind) throw new Refusal(422, 'malformed', 'The report is of another kind than its task.');
  if (header.dim !== config.dim) throw new Refusal(422, 'dim', `This task takes vectors of ${config.dim}, not ${header.dim}.`);
  if (!sameBytes(header.leaderKeyId, keyId(ports.box.public))) throw new Refusal(422, 'malformed', 'The report is sealed for another key.');
}

async function checkBase(sql: Sql, config: TaskConfig, { header }: ReportParts): Promise<void> {
  if (config.kind === 'cohort-statistics') {
    if (header.baseVersion !== NO_BASE.version || !sameBytes(header.baseHash, NO_BASE.sha256))
      throw new Refusal(422, 'malformed', 'Statistics are made from no model.');
    return;
  }
  const champion = await championVersion(sql, header.taskId);
  const [base] = await sql.query<{ base_sha256: Buffer }>('SELECT base_sha256 FROM models WHERE task_id = $1 AND version = $2', [
    header.taskId,
    header.baseVersion,
  ]);
  const isStale = header.baseVersion > champion || champion - header.baseVersion > config.max_staleness;
  if (isStale || !base || !sameBytes(base.base_sha256, header.baseHash)) {
    throw new Refusal(422, 'stale', 'The report was trained from a version that is too old or unknown.');
  }
}

async function checkLimits(ports: LeaderPorts, sql: Sql, config: TaskConfig, { header }: ReportParts, device: Device): Promise<void> {
  const slot = slotAt(config, ports.now(), await lastSlot(sql, header.taskId));
  const rows = await sql.query<{ state: string; t: number | null }>(
    `SELECT state, t FROM reports WHERE task_id = $1 AND account_id = $2 AND report_id <> $4
       AND (state IN ('held', 'frozen') OR (state IN ('landed', 'lost') AND t > $3))`,
    [header.taskId, device.accountId, slot - HORIZON_SLOTS, header.reportId],
  );
  const landed = rows.flatMap((r) => (r.state === 'landed' || r.state === 'lost' ? [r.t as number] : []));
  const isOpen = rows.some((r) => r.state === 'held' || r.state === 'frozen');
  const nextSlot = Math.max(slot, ...landed.map((t) => t));
  if (isOpen || !mayLand(landed, nextSlot, config)) {
    throw new Refusal(409, 'account_limit', 'This account has a report under way, or contributed too recently or too often.');
  }
}

async function claim(ports: LeaderPorts, sql: Sql, parts: ReportParts, device: Device, hash: Uint8Array): Promise<boolean> {
  const { header } = parts;
  const inserted = await sql.query(
    `INSERT INTO reports (task_id, report_id, config_hash, device_pk, account_id, base_version, body_sha256, state, leader_box, helper_box,
       leader_box_hash, received_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'held', $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      header.taskId,
      header.reportId,
      header.configHash,
      parts.devicePk,
      device.accountId,
      header.baseVersion,
      hash,
      parts.leaderBox,
      parts.helperBox,
      leaderBoxHash(parts.leaderBox),
      ports.now(),
    ],
  );
  return inserted.length > 0;
}

const GONE: Readonly<Partial<Record<ReportState, string>>> = { withdrawn: 'withdrawn', erased: 'erased' };

/**
 * Take a report in: idempotent by its bytes, answered after commit.
 *
 * @returns 201 with a receipt for a new report, 200 for the same bytes again
 * @throws Refusal with the documented status; nothing is stored then
 */
export async function receiveReport(ports: LeaderPorts, reportId: Uint8Array, body: Uint8Array) {
  const parts = parseReport(body);
  if (!parts || !sameBytes(parts.header.reportId, reportId)) throw new Refusal(422, 'malformed', 'The body is not a report with this id.');
  const device = await deviceByKey(ports.db, parts.devicePk);
  if (!device) throw new Refusal(401, 'key', 'This device is not enrolled.');
  if (!isSignedByDevice(ports.crypto, parts)) throw new Refusal(401, 'signature', 'The report is not signed by its device.');
  const { header } = parts;
  const hash = sha256(body);
  const answer = await ports.db.transaction(async (sql) => {
    const known = await readReport(sql, header.taskId, reportId);
    if (known) return { status: replayStatus(known, hash, device), row: known };
    const config = await configFor(sql, parts, ports.now());
    checkShape(ports, config, parts);
    // The claim comes first: a concurrent twin waits here for this transaction, and then finds its report taken in.
    const isClaimed = await claim(ports, sql, parts, device, hash);
    const row = await readReport(sql, header.taskId, reportId);
    if (!row) throw new Refusal(409, 'account_limit', 'This account has a report under way.');
    if (!isClaimed) return { status: replayStatus(row, hash, device), row };
    await checkBase(sql, config, parts);
    await checkLimits(ports, sql, config, parts, device);
    return { status: 201, row };
  });
  ports.reach('report-stored');
  return { status: answer.status, body: signed(ports, answer.row, reportId) };
}

function replayStatus(row: ReportRow, hash: Uint8Array, device: Device): 200 {
  if (!sameBytes(row.account_id, device.accountId) || !sameBytes(row.body_sha256, hash)) {
    throw new Refusal(409, 'different_bytes', 'This report id was used for other bytes.');
  }
  const gone = GONE[row.state];
  if (gone) throw new Refusal(410, gone, 'This report was taken back.');
  return 200;
}

/** Count a refusal by its reason, for the flush page. */
export async function countRefusal(sql: Sql, taskId: Uint8Array, reason: string): Promise<void> {
  await sql.query(
    `INSERT INTO refused_reports (task_id, reason, n) SELECT $1, $2, 1 WHERE EXISTS (SELECT 1 FROM task_configs WHERE task_id = $1)
     ON CONFLICT (task_id, reason) DO UPDATE SET n = refused_reports.n + 1`,
    [taskId, reason],
  );
}

/** The signed receipt of one's own report. @throws Refusal 404 for anybody else's */
export async function receiptOf(ports: LeaderPorts, device: Device, reportId: Uint8Array) {
  const row = await readReport(ports.db, null, reportId);
  if (!row || !sameBytes(row.account_id, device.accountId)) throw new Refusal(404, 'report', 'There is no such report of yours.');
  return signed(ports, row, reportId);
}

/** Take one's own report back while it is not in a set yet. @throws Refusal 409 `frozen`, 404 */
export async function withdrawReport(ports: LeaderPorts, device: Device, reportId: Uint8Array): Promise<void> {
  const isFrozen = await ports.db.transaction(async (sql) => {
    const [row] = await sql.query<{ state: ReportState; account_id: Buffer }>(
      'SELECT state, account_id FROM reports WHERE report_id = $1 FOR UPDATE',
      [reportId],
    );
    if (!row || !sameBytes(row.account_id, device.accountId)) throw new Refusal(404, 'report', 'There is no such report of yours.');
    if (row.state === 'withdrawn') return false;
    if (row.state !== 'held') return true;
    await sql.query("UPDATE reports SET state = 'withdrawn', leader_box = NULL, helper_box = NULL WHERE report_id = $1", [reportId]);
    return false;
  });
  if (!isFrozen) return;
  // Should the set be freed after all, the report does not wait again.
  await ports.db.query('UPDATE reports SET taken_back = true WHERE report_id = $1', [reportId]);
  throw new Refusal(409, 'frozen', 'The report is part of a sum already.');
}

/** Whether this account may contribute now, and to which slot and version. */
export async function eligibility(ports: LeaderPorts, device: Device, taskId: Uint8Array) {
  const configs = await configsOf(ports.db, taskId);
  const [first] = configs;
  if (!first) throw new Refusal(404, 'task', 'There is no such task.');
  const slot = slotAt(first, ports.now(), await lastSlot(ports.db, taskId));
  const config = configs.findLast((c) => c.from_slot <= Math.max(1, slot)) ?? first;
  const version = await championVersion(ports.db, taskId);
  const rows = await ports.db.query<{ state: ReportState; t: number | null }>(
    "SELECT state, t FROM reports WHERE task_id = $1 AND account_id = $2 AND state IN ('held', 'frozen', 'landed', 'lost')",
    [taskId, device.accountId],
  );
  const isOpen = rows.some((r) => r.state === 'held' || r.state === 'frozen');
  const landed = rows.flatMap((r) => (r.t !== null && r.state !== 'frozen' ? [r.t] : []));
  const reason = isOpen ? 'report_open' : mayLand(landed, slot, config) ? null : 'account_limit';
  return { eligible: reason === null, reason, slot, version };
}
