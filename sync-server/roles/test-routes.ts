import { configHashHex } from '#shared/aggregation/config.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { meanOf } from '../federation/candidate.ts';
import { configsOf, type LeaderPorts } from '../federation/leader.ts';
import { promote } from '../federation/models.ts';
import type { Route } from '../http/routes.ts';
import { Refusal } from '../ports/fault.ts';

async function isReleased({ db }: LeaderPorts, slot: number): Promise<boolean> {
  return (await db.query('SELECT 1 FROM models WHERE slot = $1', [slot])).length > 0;
}

/** Routes of the test mode: rounds of work on demand, and an admin who promotes what a simulation made. Never mounted otherwise. */
export function leaderTestRoutes(leader: LeaderPorts, round: () => Promise<unknown>): readonly Route<never>[] {
  return [
    {
      method: 'post',
      path: '/test/promote',
      access: { kind: 'public' },
      limit: 1024,
      async handle({ json }) {
        const { slot } = json() as { slot: number };
        // The background round may hold the flush just now: it is waited for.
        for (let i = 0; i < 200 && !(await isReleased(leader, slot)); i++) {
          await round();
          await new Promise((next) => setTimeout(next, 50));
        }
        const [row] = await leader.db.query<{
          task_id: Buffer;
          version: number;
          gates: unknown;
          run_id: string;
          sum: Buffer;
          config_hash: Buffer;
        }>(
          `SELECT m.task_id, m.version, m.gates, m.run_id, f.sum, f.config_hash FROM models m JOIN flushes f ON f.task_id = m.task_id AND f.t = m.slot
           WHERE m.slot = $1`,
          [slot],
        );
        if (!row) throw new Refusal(404, 'slot', 'This slot was not released.');
        const config = (await configsOf(leader.db, row.task_id)).find((c) => configHashHex(c) === toHex(row.config_hash));
        if (!config) throw new Error('a flush has no configuration');
        await promote(leader, row.task_id, row.version, true);
        await round();
        const metrics = await leader.db.query<{ key: string; value: number }>('SELECT key, value FROM metrics WHERE run_id = $1', [
          row.run_id,
        ]);
        const mean = Buffer.from(meanOf(row.sum, config).buffer).toString('base64');
        return {
          status: 200,
          json: { version: row.version, gates: row.gates, metrics: Object.fromEntries(metrics.map((m) => [m.key, m.value])), mean },
        };
      },
    },
  ];
}
