import { slotAt, type TaskConfig } from '#shared/aggregation/config.ts';
import { toBase64, toHex } from '#shared/domain/bytes.ts';
import { parseNote } from '#shared/transparency/checkpoint.ts';
import type { LeaderPorts } from '../federation/leader.ts';
import type { OpenLog } from '../governance/transparency-log.ts';
import { Refusal } from '../ports/fault.ts';

/** An entry of the log with what proves it: the cosigned checkpoint and the audit path. */
export async function proven(log: OpenLog, index: number) {
  const sizeOf = (note: string | null): number => (note ? (parseNote(note)?.checkpoint.size ?? 0) : 0);
  const known = await log.checkpoint();
  const checkpoint = sizeOf(known) > index ? known : await log.publish().catch(() => null);
  const size = sizeOf(checkpoint);
  if (!checkpoint || index >= size)
    throw new Refusal(503, 'witness', 'The helper has not cosigned this yet. Try again.', { retryAfterS: 5 });
  return { log_index: index, checkpoint, proof: (await log.inclusion(index, size)).map(toBase64) };
}

interface OfferedRow {
  readonly config: TaskConfig;
  readonly helper_signature: Buffer;
  readonly log_index: string;
  readonly entry: string;
  readonly waiting: string;
  readonly last_slot: number;
}

/** The configuration of a task that is in force, and the next one where it is known when that begins. */
function onOffer(rows: readonly OfferedRow[], now: number): readonly OfferedRow[] {
  const [first] = rows;
  if (!first) return [];
  const slot = Math.max(1, slotAt(first.config, now, first.last_slot));
  const current = rows.findLast((row) => row.config.from_slot <= slot) ?? first;
  // Where slots have no time nobody could tell when it begins: a report made under it too early would be refused.
  const later = first.config.interval_ms === 0 ? [] : rows.filter((row) => row.config.from_slot > slot);
  return [current, ...later];
}

/** The tasks a device may take part in, each with what proves its configuration. @throws Refusal 503 while none is cosigned */
export async function offeredTasks(leader: LeaderPorts, log: OpenLog) {
  const rows = await leader.db.query<OfferedRow>(
    `SELECT c.config, c.helper_signature, c.log_index, l.entry,
       (SELECT count(*) FROM reports r WHERE r.config_hash = c.config_hash AND r.state IN ('held', 'frozen')) AS waiting,
       (SELECT coalesce(max(t), 0) FROM flushes f WHERE f.task_id = c.task_id) AS last_slot
     FROM task_configs c JOIN log_leaf l ON l.idx = c.log_index ORDER BY c.from_slot, c.log_index`,
  );
  const ids = [...new Set(rows.map((row) => row.config.task_id))];
  const ownOf = (id: string) => rows.filter((row) => row.config.task_id === id);
  const offered = ids.flatMap((id) => onOffer(ownOf(id), leader.now())).sort((a, b) => Number(a.log_index) - Number(b.log_index));
  let pending: unknown = null;
  const proved = await Promise.all(
    offered.map(async (row) => {
      try {
        return [
          {
            config: row.config,
            helper_signature: toHex(row.helper_signature),
            logged_at: (JSON.parse(row.entry) as { at: number }).at,
            waiting: Number(row.waiting),
            ...(await proven(log, Number(row.log_index))),
          },
        ];
      } catch (fault) {
        // What the helper has not cosigned yet is offered once it has; the others are not kept from anybody.
        pending = fault;
        return [];
      }
    }),
  );
  const all = proved.flat();
  if (all.length === 0 && pending) throw pending;
  return all;
}
