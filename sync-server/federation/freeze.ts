import { configHash, slotAt, type TaskConfig } from '#shared/aggregation/config.ts';
import { chooseMembers, type HeldReport } from '#shared/aggregation/flush.ts';
import { type FlushMember, makeFlushRequest, setRootOf } from '#shared/aggregation/flush-message.ts';
import { NO_BASE } from '#shared/aggregation/header.ts';
import { addInto } from '#shared/aggregation/mask.ts';
import { openLeaderBox } from '#shared/aggregation/report.ts';
import { keyId } from '#shared/aggregation/seal.ts';
import { bytesOfWords, fromHex, sameBytes, toHex, wordsOfBytes } from '#shared/domain/bytes.ts';
import { HORIZON_SLOTS } from '#shared/privacy/accountant.ts';
import { nextNoise } from '#shared/privacy/banded.ts';
import type { Sql } from '../ports/database.ts';
import { championVersion, configsOf, type LeaderPorts, lastSlot } from './leader.ts';

/** A row of a report that waits. */
interface WaitingReport {
  readonly report_id: Buffer;
  readonly account_id: Buffer;
  readonly arrival: string;
  readonly landed: readonly number[] | null;
}

/** Reports that can no longer land: made under an older configuration, or from too old a version. */
async function expireOld(sql: Sql, taskId: Uint8Array, config: TaskConfig, champion: number): Promise<void> {
  await sql.query(
    `UPDATE reports SET state = 'expired', reason = CASE WHEN config_hash <> $2 THEN 'old_config' ELSE 'stale' END, leader_box = NULL, helper_box = NULL
     WHERE task_id = $1 AND state = 'held' AND (config_hash <> $2 OR base_version < $3)`,
    [taskId, configHash(config), config.kind === 'model-delta' ? champion - config.max_staleness : 0],
  );
}

async function waiting(sql: Sql, taskId: Uint8Array, slot: number, limit: number): Promise<readonly HeldReport[]> {
  const rows = await sql.query<WaitingReport>(
    `SELECT r.report_id, r.account_id, r.arrival,
       (SELECT array_agg(l.t) FROM reports l
        WHERE l.task_id = r.task_id AND l.account_id = r.account_id AND l.state IN ('landed', 'lost') AND l.t > $2) AS landed
     FROM reports r WHERE r.task_id = $1 AND r.state = 'held' ORDER BY r.arrival LIMIT $3 FOR UPDATE OF r`,
    [taskId, slot - HORIZON_SLOTS, limit],
  );
  return rows.map((r) => ({
    reportId: toHex(r.report_id),
    accountId: toHex(r.account_id),
    arrival: Number(r.arrival),
    landed: r.landed ?? [],
  }));
}

/** A report whose own box was opened. */
interface Opened {
  readonly member: FlushMember;
  readonly words: Uint32Array;
}

/** Open the leader's boxes of a chosen set; those that do not open are rejected, whatever they hold. */
async function openAll(
  ports: LeaderPorts,
  sql: Sql,
  taskId: Uint8Array,
  config: TaskConfig,
  ids: readonly string[],
  known: Map<string, Uint32Array>,
) {
  const rows = await sql.query<{
    report_id: Buffer;
    leader_box: Buffer;
    helper_box: Buffer;
    leader_box_hash: Buffer;
    base_version: number;
    base_sha256: Buffer | null;
  }>(
    `SELECT r.report_id, r.leader_box, r.helper_box, r.leader_box_hash, r.base_version, m.base_sha256 FROM reports r
     LEFT JOIN models m ON m.task_id = r.task_id AND m.version = r.base_version WHERE r.task_id = $1 AND r.report_id = ANY($2)`,
    [taskId, ids.map((id) => Buffer.from(id, 'hex'))],
  );
  const opened: Opened[] = [];
  const bad: Uint8Array[] = [];
  for (const row of rows) {
    const header = {
      kind: config.kind,
      taskId,
      reportId: new Uint8Array(row.report_id),
      configHash: configHash(config),
      baseHash: row.base_sha256 ? new Uint8Array(row.base_sha256) : NO_BASE.sha256,
      baseVersion: row.base_version,
      dim: config.dim,
      leaderKeyId: keyId(ports.box.public),
      helperKeyId: keyId(fromHex(config.helper.box_key)),
    };
    const id = toHex(row.report_id);
    const words = known.get(id) ?? openLeaderBox(ports.crypto, header, row.leader_box, ports.box);
    if (!words) bad.push(row.report_id);
    else {
      known.set(id, words);
      const member = {
        reportId: header.reportId,
        leaderBoxHash: new Uint8Array(row.leader_box_hash),
        helperBox: new Uint8Array(row.helper_box),
      };
      opened.push({ member, words });
    }
  }
  return { opened, bad };
}

/** Mark reports as refused for good. */
export async function rejectReports(sql: Sql, taskId: Uint8Array, ids: readonly Uint8Array[], reason: string): Promise<void> {
  await sql.query(
    `UPDATE reports SET state = 'rejected', reason = $3, t = NULL, leader_box = NULL, helper_box = NULL
     WHERE task_id = $1 AND report_id = ANY($2) AND state IN ('held', 'frozen')`,
    [taskId, ids.map((id) => Buffer.from(id)), reason],
  );
}

/** The leader's own y_t, with those of skipped slots: drawn once, stored with the freeze. */
async function drawOwnNoise({ rng }: LeaderPorts, sql: Sql, taskId: Uint8Array, config: TaskConfig, t: number): Promise<void> {
  const hash = configHash(config);
  const rows = await sql.query<{ t: number; y: Buffer }>(
    'SELECT t, y FROM leader_noise WHERE task_id = $1 AND config_hash = $2 ORDER BY t DESC LIMIT $3',
    [taskId, hash, config.band],
  );
  if (rows[0]?.t === t) return;
  const before = rows.map((r) => new Int32Array(wordsOfBytes(r.y).buffer));
  const rule = { sigma: config.sigma, steps: config.grid_steps, band: config.band, dim: config.dim };
  for (let slot = (rows[0]?.t ?? config.from_slot - 1) + 1; slot <= t; slot++) {
    const y = nextNoise(rule, before, rng);
    before.unshift(y);
    before.length = Math.min(before.length, config.band);
    await sql.query('INSERT INTO leader_noise (task_id, t, config_hash, y) VALUES ($1, $2, $3, $4)', [
      taskId,
      slot,
      hash,
      Buffer.from(bytesOfWords(new Uint32Array(y.buffer))),
    ]);
  }
}

/**
 * Freeze the K oldest reports of distinct accounts for the slot that is on, and commit to that set before anybody is asked.
 *
 * @returns the slot, or null while there is nothing to freeze
 */
export async function freeze(ports: LeaderPorts, taskId: Uint8Array): Promise<number | null> {
  const { db, crypto, now } = ports;
  const frozen = await db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`flush ${toHex(taskId)}`]);
    const configs = await configsOf(sql, taskId);
    const [first] = configs;
    if (!first) return null;
    const last = await lastSlot(sql, taskId);
    const t = slotAt(first, now(), last);
    const config = configs.findLast((c) => c.from_slot <= t);
    if (!config || t <= last) return null;
    await expireOld(sql, taskId, config, await championVersion(sql, taskId));
    const open = new Map<string, Uint32Array>();
    for (;;) {
      const chosen = chooseMembers(await waiting(sql, taskId, t, 4 * config.k), t, config);
      if (!chosen) return null;
      const ids = chosen.map((r) => r.reportId);
      const { opened, bad } = await openAll(ports, sql, taskId, config, ids, open);
      if (bad.length > 0) {
        await rejectReports(sql, taskId, bad, 'bad_leader_box');
        continue;
      }
      const members = opened.map((o) => o.member);
      const sum = new Uint32Array(config.dim);
      for (const { words } of opened) addInto(sum, words);
      const head = { taskId, t, dim: config.dim, configHash: configHash(config) };
      const request = makeFlushRequest(crypto, head, members, ports.signSeed);
      if (config.leader_noise) await drawOwnNoise(ports, sql, taskId, config, t);
      await sql.query(
        `INSERT INTO flushes (task_id, t, state, config_hash, k, set_root, request, masked_sum, frozen_at) VALUES ($1, $2, 'frozen', $3, $4, $5, $6, $7, $8)`,
        [taskId, t, head.configHash, config.k, setRootOf(members), request, bytesOfWords(sum), now()],
      );
      const moved = await sql.query<{ report_id: Buffer }>(
        "UPDATE reports SET state = 'frozen', t = $3 WHERE task_id = $1 AND report_id = ANY($2) AND state = 'held' RETURNING report_id",
        [taskId, ids.map((id) => Buffer.from(id, 'hex')), t],
      );
      if (moved.length !== config.k || !members.every((m) => moved.some((r) => sameBytes(r.report_id, m.reportId)))) {
        throw new Error(`froze ${moved.length} of ${config.k} reports`);
      }
      ports.reach('freeze-before-commit');
      return t;
    }
  });
  if (frozen !== null) ports.reach('freeze-after-commit');
  return frozen;
}
