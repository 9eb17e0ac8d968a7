import type { Database } from '../ports/database.ts';

const monthAfter = (at: number, months: number): Date => {
  const date = new Date(at);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
};
const day = (date: Date): string => date.toISOString().slice(0, 10);

/** What Postgres says when the default partition holds rows of the month already: they stay where they are. */
const HAS_ROWS = '23514';

/** Partitions of the metric history for this month and the next, made ahead of their first rows. @returns their names */
export async function makePartitions(db: Database, at: number): Promise<readonly string[]> {
  const made: string[] = [];
  for (const ahead of [0, 1]) {
    const [from, to] = [day(monthAfter(at, ahead)), day(monthAfter(at, ahead + 1))];
    const name = `metrics_${from.slice(0, 7).replace('-', '_')}`;
    try {
      await db.transaction(async (sql) => {
        await sql.query("SET LOCAL lock_timeout = '2s'");
        await sql.query(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF metrics FOR VALUES FROM ('${from}') TO ('${to}')`);
      });
      made.push(name);
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === HAS_ROWS)) throw cause;
    }
  }
  return made;
}
