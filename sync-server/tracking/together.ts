import type { Sql } from '../ports/database.ts';

/** An INSERT or UPDATE with its values, `$1` being the first. */
export interface Write {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Run writes as one statement: one way to Postgres and back instead of one each. No two may touch the same row. */
export async function writeTogether(sql: Sql, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return;
  let before = 0;
  const parts = writes.map(({ text, values }, i) => {
    const placed = text.replace(/\$(\d+)/g, (_all, n: string) => `$${before + Number(n)}`);
    before += values.length;
    return `w${i} AS (${placed})`;
  });
  const text = `WITH ${parts.join(', ')} SELECT`;
  const values = writes.flatMap((w) => w.values);
  if (writes.every((w) => w.text.startsWith('INSERT'))) await sql.insert(text, values);
  else await sql.query(text, values);
}
