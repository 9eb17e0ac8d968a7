import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTooSlow } from '../ports/database.ts';
import { createDatabase, type OpenDatabase, openDatabase } from './database.ts';

const url = (name: string): string => (process.env['EG_TEST_DATABASE'] ?? '').replace('%', name);

describe('a transaction', () => {
  let db: OpenDatabase;
  beforeAll(async () => {
    await createDatabase(url('postgres'), 'transactions');
    db = await openDatabase(url('transactions'), 'sync-server/storage/migrations', false);
    await db.query('CREATE TABLE marks (id int PRIMARY KEY, word text)');
  });
  afterAll(() => db.close());
  const ids = async () => (await db.query<{ id: number }>('SELECT id FROM marks ORDER BY id')).map((r) => r.id);
  const add = 'INSERT INTO marks VALUES ($1, $2)';

  test('reads what was sent before, though nobody waited for it, and keeps it', async () => {
    const seen = await db.transaction(async (sql) => {
      sql.send(add, [1, 'one'], true);
      sql.send(add, [2, 'two'], true);
      return sql.query<{ n: number }>('SELECT count(*)::int AS n FROM marks');
    });
    expect(seen).toEqual([{ n: 2 }]);
    expect(await ids()).toEqual([1, 2]);
  });

  test('whose sent statement fails fails with that fault, whatever came after, and leaves nothing', async () => {
    const code = (work: Promise<unknown>) => work.catch((cause: { code?: string }) => cause.code);
    // as the last of it
    expect(
      await code(
        db.transaction(async (sql) => {
          sql.send(add, [3, 'three']);
          sql.send(add, [1, 'again']);
        }),
      ),
    ).toBe('23505');
    // before another that is waited for, which can only say that the transaction is aborted
    expect(
      await code(
        db.transaction(async (sql) => {
          sql.send(add, [1, 'again']);
          await sql.query('SELECT 1');
        }),
      ),
    ).toBe('23505');
    expect(await ids()).toEqual([1, 2]);
  });

  test('that swallows the fault of a statement is told that it was rolled back', async () => {
    await expect(
      db.transaction(async (sql) => {
        sql.send(add, [4, 'four']);
        await sql.query('SELECT 1/0').catch(() => undefined);
      }),
    ).rejects.toThrow('rolled back');
    expect(await ids()).toEqual([1, 2]);
  });

  test('whose work throws is rolled back with what it had sent, and its connection serves the next', async () => {
    for (let n = 0; n < 25; n++) {
      await expect(
        db.transaction(async (sql) => {
          sql.send(add, [5, 'five']);
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
    }
    expect(await ids()).toEqual([1, 2]);
    await db.transaction(async (sql) => sql.send(add, [6, 'six']));
    expect(await ids()).toEqual([1, 2, 6]);
  });

  test('one of whose statements the driver refuses, or Postgres ends as too slow, leaves nothing of the others', async () => {
    const unsendable = {
      toPostgres() {
        throw new RangeError('too large');
      },
    };
    await expect(
      db.transaction(async (sql) => {
        sql.send(add, [9, 'nine']);
        sql.send(add, [10, unsendable], true);
      }),
    ).rejects.toThrow('too large');
    const slow = db.transaction(async (sql) => {
      await sql.query("SET LOCAL statement_timeout = '100ms'");
      sql.send(add, [11, 'eleven']);
      sql.send('SELECT pg_sleep(60)', []);
    });
    expect(await slow.catch(isTooSlow)).toBe(true);
    expect(await ids()).toEqual([1, 2, 6]);
    await db.transaction(async (sql) => sql.send(add, [7, 'seven'], true));
    await db.query('DELETE FROM marks WHERE id = 7');
  });

  test('that loses its connection fails, and the next one has another', async () => {
    await expect(
      db.transaction(async (sql) => {
        sql.send(add, [7, 'seven']);
        const [me] = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await db.query('SELECT pg_terminate_backend($1)', [me?.pid]);
        sql.send(add, [8, 'eight']);
        await sql.query('SELECT 1');
      }),
    ).rejects.toThrow();
    expect(await ids()).toEqual([1, 2, 6]);
  });

  test('many at once each see their own answers', async () => {
    const told = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        db.transaction(async (sql) => {
          sql.send('SELECT $1::int', [n]);
          const [a, b] = await Promise.all([
            sql.query<{ n: number }>('SELECT $1::int AS n', [n]),
            sql.query<{ n: number }>('SELECT $1::int AS n', [n + 1000]),
          ]);
          return [a[0]?.n, b[0]?.n];
        }),
      ),
    );
    expect(told).toEqual(told.map((_, n) => [n, n + 1000]));
  });
});
