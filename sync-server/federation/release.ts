import { configHashHex, type TaskConfig } from '#shared/aggregation/config.ts';
import { type FlushState, reduceFlush } from '#shared/aggregation/flush.ts';
import { readFlushResponse } from '#shared/aggregation/flush-message.ts';
import { composedRho } from '#shared/aggregation/log-entry.ts';
import { addInto } from '#shared/aggregation/mask.ts';
import { sha256, sha256Hex } from '#shared/crypto/sha256.ts';
import { bytesOfWords, fromHex, sameBytes, toHex, wordsOfBytes } from '#shared/domain/bytes.ts';
import type { Sql } from '../ports/database.ts';
import { rejectReports } from './freeze.ts';
import { configsOf, type HelperAnswer, type LeaderPorts, taskIds } from './leader.ts';

interface OpenFlush {
  readonly t: number;
  readonly config_hash: Buffer;
  readonly k: number;
  readonly set_root: Buffer;
  readonly request: Buffer;
  readonly masked_sum: Buffer;
}

async function openFlush(sql: Sql, taskId: Uint8Array): Promise<OpenFlush | null> {
  const [row] = await sql.query<OpenFlush>(
    "SELECT t, config_hash, k, set_root, request, masked_sum FROM flushes WHERE task_id = $1 AND state = 'frozen'",
    [taskId],
  );
  return row ?? null;
}

/** rho of everything released so far, this slot included. */
async function bookedRho(sql: Sql, taskId: Uint8Array, t: number) {
  const configs: TaskConfig[] = [];
  const filled = new Map<string, readonly number[]>();
  for (const id of await taskIds(sql)) {
    configs.push(...(await configsOf(sql, id)));
    const rows = await sql.query<{ t: number }>("SELECT t FROM flushes WHERE task_id = $1 AND state IN ('released', 'lost') ORDER BY t", [
      id,
    ]);
    const slots = rows.map((r) => r.t);
    filled.set(toHex(id), sameBytes(id, taskId) && !slots.includes(t) ? [...slots, t] : slots);
  }
  const isTrial = configs.some((c) => c.task_id === toHex(taskId) && c.preset === 'demo');
  return composedRho(configs, filled, t, isTrial);
}

/** The noised sum, or null if the answer is not the helper's for exactly this set. */
async function unmask(
  ports: LeaderPorts,
  sql: Sql,
  taskId: Uint8Array,
  flush: OpenFlush,
  response: Uint8Array,
): Promise<Uint32Array | null> {
  const config = (await configsOf(sql, taskId)).find((c) => configHashHex(c) === toHex(flush.config_hash));
  if (!config) throw new Error('a flush has no configuration');
  const read = readFlushResponse(ports.crypto, response, fromHex(config.helper.sign_key));
  if (!read) return null;
  const { head, words } = read;
  const isThis =
    head.t === flush.t &&
    head.k === flush.k &&
    head.dim === config.dim &&
    sameBytes(head.setRoot, flush.set_root) &&
    sameBytes(head.taskId, taskId);
  if (!isThis) return null;
  const sum = wordsOfBytes(flush.masked_sum);
  addInto(sum, words);
  if (config.leader_noise) {
    const [own] = await sql.query<{ y: Buffer }>('SELECT y FROM leader_noise WHERE task_id = $1 AND t = $2', [taskId, flush.t]);
    if (!own) throw new Error('the leader’s own noise is missing');
    addInto(sum, wordsOfBytes(own.y));
  }
  return sum;
}

/** Everything a release changes, in one transaction: sum, ledger leaf, reports landed, boxes gone. */
async function release(ports: LeaderPorts, taskId: Uint8Array, flush: OpenFlush, response: Uint8Array): Promise<boolean> {
  const { db, log, now } = ports;
  const isReleased = await db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`flush ${toHex(taskId)}`]);
    const current = await openFlush(sql, taskId);
    if (!current || !isSame(current, flush)) return false;
    const sum = await unmask(ports, sql, taskId, current, response);
    if (!sum) return false;
    const bytes = bytesOfWords(sum);
    await log.hold(sql);
    const rho = await bookedRho(sql, taskId, flush.t);
    const index = await log.append(sql, {
      type: 'flush',
      at: now(),
      task_id: toHex(taskId),
      t: flush.t,
      k: flush.k,
      config_hash: toHex(flush.config_hash),
      set_root: toHex(flush.set_root),
      response_sha256: sha256Hex(response),
      sum_sha256: sha256Hex(bytes),
      rho_cap: rho.cap,
      rho_running: rho.running,
    });
    await sql.query(
      `UPDATE flushes SET state = 'released', sum = $3, response_sha256 = $4, released_at = $5, log_index = $6, request = NULL, masked_sum = NULL
       WHERE task_id = $1 AND t = $2`,
      [taskId, flush.t, bytes, sha256(response), now(), index],
    );
    const landed = await sql.query(
      "UPDATE reports SET state = 'landed', leader_box = NULL, helper_box = NULL WHERE task_id = $1 AND t = $2 AND state = 'frozen' RETURNING 1",
      [taskId, flush.t],
    );
    if (landed.length !== flush.k) throw new Error(`released ${flush.k} reports, ${landed.length} landed`);
    ports.reach('release-before-commit');
    return true;
  });
  if (isReleased) ports.reach('release-after-commit');
  return isReleased;
}

/** Whether the open flush is still the one that was asked about: another process may have been quicker. */
const isSame = (a: OpenFlush, b: OpenFlush): boolean => a.t === b.t && sameBytes(a.set_root, b.set_root);

/** Reports of a set that was not summed wait again, but for those their owners took back meanwhile. */
async function freeSet(sql: Sql, taskId: Uint8Array, t: number): Promise<void> {
  await sql.query(
    `UPDATE reports SET state = CASE WHEN taken_back THEN 'withdrawn' ELSE 'held' END, t = NULL,
       leader_box = CASE WHEN taken_back THEN NULL ELSE leader_box END, helper_box = CASE WHEN taken_back THEN NULL ELSE helper_box END
     WHERE task_id = $1 AND t = $2 AND state = 'frozen'`,
    [taskId, t],
  );
}

/** The helper stored nothing: the named reports are refused, the others wait for the next set of the same slot. */
async function unfreeze(ports: LeaderPorts, taskId: Uint8Array, flush: OpenFlush, reason: string, ids: readonly string[]): Promise<void> {
  await ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`flush ${toHex(taskId)}`]);
    const current = await openFlush(sql, taskId);
    if (!current || !isSame(current, flush)) return;
    await rejectReports(
      sql,
      taskId,
      ids.map((id) => fromHex(id)),
      reason,
    );
    await freeSet(sql, taskId, flush.t);
    await sql.query("DELETE FROM flushes WHERE task_id = $1 AND t = $2 AND state = 'frozen'", [taskId, flush.t]);
  });
}

/**
 * The helper answered another set for this slot, which this database has forgotten (it was restored): the release is lost, its rho is
 * booked all the same, and the reports of the forgotten set never count again.
 */
async function bookLost(ports: LeaderPorts, taskId: Uint8Array, flush: OpenFlush): Promise<void> {
  await ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`flush ${toHex(taskId)}`]);
    const current = await openFlush(sql, taskId);
    if (!current || !isSame(current, flush)) return;
    await ports.log.hold(sql);
    const rho = await bookedRho(sql, taskId, flush.t);
    const index = await ports.log.append(sql, {
      type: 'flush_lost',
      at: ports.now(),
      task_id: toHex(taskId),
      t: flush.t,
      config_hash: toHex(flush.config_hash),
      rho_cap: rho.cap,
      rho_running: rho.running,
    });
    await freeSet(sql, taskId, flush.t);
    await sql.query("UPDATE flushes SET state = 'lost', request = NULL, masked_sum = NULL, log_index = $3 WHERE task_id = $1 AND t = $2", [
      taskId,
      flush.t,
      index,
    ]);
  });
}

const NAMED_REPORTS = new Set(['bad_box', 'seen_report', 'tag_limit']);
/** The helper knows this slot otherwise, and its answer is gone or another set's. */
const FORGOTTEN = new Set(['set_mismatch', 'past_slot']);
/** The helper stored nothing and will not: the set waits until the operators agree again. */
const VOID = new Set(['config', 'wrong_k', 'below_floor']);

/** What became of a round of asking. */
export type RoundOutcome = 'nothing-open' | 'released' | 'set-freed' | 'lost' | 'waiting';

/** Ask the helper for the open flush, if there is one, and take its answer in. Safe to repeat at any point of a crash. */
export async function finishOpenFlush(ports: LeaderPorts, taskId: Uint8Array): Promise<RoundOutcome> {
  const flush = await openFlush(ports.db, taskId);
  if (!flush) return 'nothing-open';
  const state: FlushState = { kind: 'frozen', slot: flush.t, members: [] };
  ports.reach('before-ask');
  const answer: HelperAnswer = await ports.askHelper(toHex(taskId), flush.t, new Uint8Array(flush.request));
  if (answer.kind === 'unreachable') return 'waiting';
  if (answer.kind === 'answered') {
    reduceFlush(reduceFlush(state, { kind: 'answer' }), { kind: 'release' });
    ports.reach('before-release');
    return (await release(ports, taskId, flush, answer.response)) ? 'released' : 'waiting';
  }
  if (NAMED_REPORTS.has(answer.reason) && answer.ids.length > 0) {
    reduceFlush(state, { kind: 'refusal', ids: answer.ids });
    await unfreeze(ports, taskId, flush, answer.reason, answer.ids);
    return 'set-freed';
  }
  if (FORGOTTEN.has(answer.reason)) {
    reduceFlush(state, { kind: 'lose' });
    await bookLost(ports, taskId, flush);
    return 'lost';
  }
  if (VOID.has(answer.reason)) {
    reduceFlush(state, { kind: 'refusal', ids: [] });
    await unfreeze(ports, taskId, flush, answer.reason, []);
    ports.warn(`the helper refuses slot ${flush.t}: ${answer.reason}`);
    // It may hold a configuration whose approval never arrived here: asked for the one in force again, it gives that one up.
    const config = (await configsOf(ports.db, taskId)).find((c) => configHashHex(c) === toHex(flush.config_hash));
    if (answer.reason === 'config' && config) await ports.approve(config).catch(() => undefined);
    return 'waiting';
  }
  return 'waiting';
}
