import type { Transaction } from '../ports/database.ts';

/** An INSERT or UPDATE with its values, `$1` being the first. */
export interface Write {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Run writes as one statement, whose answer is not waited for. No two may touch the same row. */
export function writeTogether(sql: Transaction, writes: readonly Write[]): void {
  if (writes.length === 0) return;
  let before = 0;
  const parts = writes.map(({ text, values }, i) => {
    const placed = text.replace(/\$(\d+)/g, (_all, n: string) => `$${before + Number(n)}`);
    before += values.length;
    return `w${i} AS (${placed})`;
  });
  const isInsert = writes.every((w) => w.text.startsWith('INSERT'));
  sql.send(
    `WITH ${parts.join(', ')} SELECT`,
    writes.flatMap((w) => w.values),
    isInsert,
  );
}
