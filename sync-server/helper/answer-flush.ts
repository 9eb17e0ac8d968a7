import { segmentOf, type TaskConfig } from '#shared/aggregation/config.ts';
import { type FlushHead, type FlushMember, makeFlushResponse, readFlushRequest } from '#shared/aggregation/flush-message.ts';
import { type HelperRecords, type HelperRefusal, type HelperVerdict, judgeMembers, judgeSlot } from '#shared/aggregation/helper-rules.ts';
import { addInto, maskWords } from '#shared/aggregation/mask.ts';
import { type HelperShare, openHelperBox } from '#shared/aggregation/report.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { bytesOfWords, fromHex, toHex, wordsOfBytes } from '#shared/domain/bytes.ts';
import { nextNoise } from '#shared/privacy/banded.ts';
import type { Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import { approvedConfig, type HelperPorts } from './helper.ts';

const STATUS: Readonly<Record<HelperRefusal, number>> = {
  set_mismatch: 409,
  past_slot: 409,
  slot_not_begun: 429,
  wrong_k: 422,
  below_floor: 422,
  bad_box: 422,
  seen_report: 422,
  tag_limit: 422,
};

const int32 = (bytes: Uint8Array): Int32Array => new Int32Array(wordsOfBytes(bytes).buffer);
const bytesOf = (y: Int32Array): Buffer => Buffer.from(bytesOfWords(new Uint32Array(y.buffer, y.byteOffset, y.length)));

interface Answered {
  readonly set_root: Buffer;
  readonly request_sha256: Buffer;
  readonly response: Buffer | null;
}

async function readAnswered(sql: Sql, head: FlushHead): Promise<Answered | undefined> {
  const [row] = await sql.query<Answered>('SELECT set_root, request_sha256, response FROM answered WHERE task_id = $1 AND t = $2', [
    head.taskId,
    head.t,
  ]);
  return row;
}

async function memberRecords(
  sql: Sql,
  config: TaskConfig,
  head: FlushHead,
  shares: readonly (HelperShare | null)[],
): Promise<Pick<HelperRecords, 'seenReports' | 'tags'>> {
  const known = shares.filter((s) => s !== null);
  const seen = await sql.query<{ report_id: Buffer }>('SELECT report_id FROM seen_reports WHERE task_id = $1 AND report_id = ANY($2)', [
    head.taskId,
    known.map((s) => Buffer.from(s.header.reportId)),
  ]);
  const rows = await sql.query<{ account_tag: Buffer; task_id: Buffer; t: number }>(
    'SELECT account_tag, task_id, t FROM tags WHERE budget_family = $1 AND account_tag = ANY($2)',
    [fromHex(config.budget_family), known.map((s) => Buffer.from(s.accountTag))],
  );
  const tags = new Map<string, { inTask: number[]; inFamily: number[] }>();
  for (const { account_tag, task_id, t } of rows) {
    const key = toHex(account_tag);
    const own = tags.get(key) ?? { inTask: [], inFamily: [] };
    own.inFamily.push(t);
    if (toHex(task_id) === config.task_id) own.inTask.push(t);
    tags.set(key, own);
  }
  return { seenReports: new Set(seen.map((r) => toHex(r.report_id))), tags };
}

/** y of slot t, after those of every skipped slot of its segment; drawn inside the transaction that stores them. */
async function drawNoise({ rng }: HelperPorts, sql: Sql, config: TaskConfig, head: FlushHead): Promise<Int32Array> {
  const rows = await sql.query<{ t: number; y: Buffer }>(
    'SELECT t, y FROM noise WHERE task_id = $1 AND config_hash = $2 ORDER BY t DESC LIMIT $3',
    [head.taskId, head.configHash, config.band],
  );
  const rule = { sigma: config.sigma, steps: config.grid_steps, band: config.band, dim: config.dim };
  const before = rows.map((r) => int32(r.y));
  const first = (rows[0]?.t ?? segmentOf(config).from - 1) + 1;
  for (let t = first; t <= head.t; t++) {
    before.unshift(nextNoise(rule, before, rng));
    before.length = Math.min(before.length, config.band);
    if (t > head.t - config.band) {
      await sql.query('INSERT INTO noise (task_id, t, config_hash, y) VALUES ($1, $2, $3, $4)', [
        head.taskId,
        t,
        head.configHash,
        bytesOf(before[0] as Int32Array),
      ]);
    }
  }
  await sql.query('DELETE FROM noise WHERE task_id = $1 AND t <= $2', [head.taskId, head.t - config.band]);
  return before[0] as Int32Array;
}

function answerWords(ports: HelperPorts, head: FlushHead, noise: Int32Array, shares: readonly HelperShare[]): Uint32Array {
  const words = Uint32Array.from(noise, (y) => y >>> 0);
  for (const share of shares) {
    const mask = maskWords(ports.crypto, share.maskSeed, head.taskId, share.header.reportId, head.dim);
    addInto(
      words,
      mask.map((w) => -w >>> 0),
    );
  }
  return words;
}

async function remember(
  sql: Sql,
  config: TaskConfig,
  head: FlushHead,
  request: Uint8Array,
  response: Uint8Array,
  shares: readonly HelperShare[],
) {
  await sql.query(
    `INSERT INTO answered (task_id, t, config_hash, k, set_root, request_sha256, response, response_sha256)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [head.taskId, head.t, head.configHash, head.k, head.setRoot, sha256(request), response, sha256(response)],
  );
  await sql.query('UPDATE answered SET response = NULL WHERE task_id = $1 AND t < $2', [head.taskId, head.t]);
  await sql.query('INSERT INTO seen_reports (task_id, report_id, t) SELECT $1, unnest($2::bytea[]), $3', [
    head.taskId,
    shares.map((s) => Buffer.from(s.header.reportId)),
    head.t,
  ]);
  await sql.query('INSERT INTO tags (budget_family, account_tag, task_id, t) SELECT $1, unnest($2::bytea[]), $3, $4', [
    fromHex(config.budget_family),
    shares.map((s) => Buffer.from(s.accountTag)),
    head.taskId,
    head.t,
  ]);
}

function refused(verdict: HelperVerdict & { readonly kind: 'refuse' }, answered: Answered | undefined): Refusal {
  const details = {
    ids: verdict.ids,
    ...(answered?.response ? { set_root: toHex(answered.set_root), response: answered.response.toString('base64') } : {}),
  };
  return new Refusal(STATUS[verdict.reason], verdict.reason, 'The helper does not answer this request.', details);
}

async function answerIn(
  ports: HelperPorts,
  sql: Sql,
  request: Uint8Array,
  head: FlushHead,
  members: readonly FlushMember[],
): Promise<Uint8Array> {
  await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`flush ${toHex(head.taskId)}`]);
  const rewound = await sql.query('SELECT 1 FROM rewound WHERE task_id = $1', [head.taskId]);
  if (rewound.length > 0) throw new Refusal(409, 'rewound', 'This helper was restored to before a slot the log knows.');
  const config = await approvedConfig(sql, head.configHash);
  if (!config || config.task_id !== toHex(head.taskId)) throw new Refusal(403, 'config', 'This configuration was never approved here.');
  const [newer] = await sql.query('SELECT 1 FROM approved_configs WHERE task_id = $1 AND from_slot > $2 AND from_slot <= $3', [
    head.taskId,
    config.from_slot,
    head.t,
  ]);
  if (newer) throw new Refusal(403, 'config', 'A newer configuration is in force in this slot.');
  const [last] = await sql.query<{ t: number | null }>('SELECT max(t) AS t FROM answered WHERE task_id = $1', [head.taskId]);
  const answered = await readAnswered(sql, head);
  const records = {
    lastSlot: last?.t ?? 0,
    answered: answered ? { requestHash: toHex(answered.request_sha256), setRoot: answered.set_root } : null,
  };
  const early = judgeSlot(head, toHex(sha256(request)), config, records, ports.floor, ports.now());
  if (early?.kind === 'replay') {
    if (!answered?.response) throw new Refusal(409, 'past_slot', 'A later slot was answered; this answer is gone.');
    return new Uint8Array(answered.response);
  }
  if (early?.kind === 'refuse') throw refused(early, answered);
  const shares = members.map((m) => openHelperBox(ports.crypto, m.helperBox, ports.box));
  const verdict = judgeMembers(head, members, shares, config, await memberRecords(sql, config, head, shares));
  if (verdict.kind === 'refuse') throw refused(verdict, undefined);
  if (verdict.kind !== 'accept') throw new Error('a judged set is accepted or refused');
  const noise = await drawNoise(ports, sql, config, head);
  const response = makeFlushResponse(ports.crypto, head, answerWords(ports, head, noise, verdict.shares), ports.signSeed);
  await remember(sql, config, head, request, response, verdict.shares);
  ports.reach('helper-before-commit');
  return response;
}

/**
 * Answer a flush: check, draw noise once, subtract the masks, store everything, commit, and only then reply. The same request gets
 * the stored bytes again; anything else about an answered slot is refused.
 *
 * @throws Refusal with the documented status; nothing is stored then
 */
export async function answerFlush(ports: HelperPorts, taskId: string, t: number, request: Uint8Array): Promise<Uint8Array> {
  const read = readFlushRequest(ports.crypto, request, ports.leaderKey);
  if (!read || toHex(read.head.taskId) !== taskId || read.head.t !== t) {
    throw new Refusal(403, 'signature', 'This request was not signed by the leader, or names another flush.');
  }
  const response = await ports.db.transaction((sql) => answerIn(ports, sql, request, read.head, read.members));
  ports.reach('helper-after-commit');
  return response;
}
