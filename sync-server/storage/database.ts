import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Database, Sql } from '../ports/database.ts';

/** A database this process has opened. */
export interface OpenDatabase extends Database {
  /** Answers within the pool's time-outs or throws. */
  ping(): Promise<void>;
  /** Clients waiting for a connection now. */
  waiting(): number;
  close(): Promise<void>;
}

/**
 * One connection for one piece of work. A connection that breaks is told by the statement that meets the break.
 *
 * @throws what `work` throws, or why the connection could not be made
 */
export async function withClient<T>(connection: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connection);
  // Between two statements nobody waits for the break: unheard, it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Run one piece of work as an administrator of the server. */
async function asAdmin<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  let isConnected = false;
  return withClient({ connectionString: adminUrl }, (client) => {
    isConnected = true;
    return work(client);
  }).catch((cause: unknown) => {
    if (isConnected) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The database of DATABASE_URL cannot be reached (${why}). Check the address and the password, or leave it out.`);
  });
}

/** Create the database if it is missing. @param adminUrl a connection that may create it */
export async function createDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

/**
 * A database with a login role of its own, which alone may connect to it.
 *
 * @param adminUrl a connection that may create roles and databases
 * @param password of the role; set anew each time
 * @returns the role's connection string
 * @throws Error with one plain sentence if the connection may not create them
 */
export async function createDatabaseWithRole(adminUrl: string, name: string, password: string): Promise<string> {
  await asAdmin(adminUrl, async (client) => {
    const id = client.escapeIdentifier(name);
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
    try {
      const secret = client.escapeLiteral(password);
      await client.query(roles.rowCount === 0 ? `CREATE ROLE ${id} LOGIN PASSWORD ${secret}` : `ALTER ROLE ${id} PASSWORD ${secret}`);
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) {
        await client.query(`GRANT ${id} TO CURRENT_USER`);
        await client.query(`CREATE DATABASE ${id} OWNER ${id}`);
      }
      await client.query(`REVOKE CONNECT ON DATABASE ${id} FROM PUBLIC`);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`The role of DATABASE_URL may not create the database "${name}" (${why}). Create it and set HELPER_DATABASE_URL.`);
    }
  });
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.toString();
}

const names = new Map<string, string>();

/** What a connection keeps a statement's plan under. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `insert ${names.size}`;
  names.set(text, name);
  return name;
}

const sqlOf = (client: Pick<pg.Pool, 'query'>): Sql => ({
  async query<Row>(text: string, values: readonly unknown[] = []) {
    const { rows } = await client.query(text, [...values]);
    return rows as Row[];
  },
});

/** Settings an acknowledged write rests on. */
async function checkDurability(pool: pg.Pool): Promise<void> {
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    const { rows } = await pool.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
    if (rows[0]?.value === 'off') throw new Error(`Postgres runs with ${name} = off, so acknowledged data could be lost. Switch it on.`);
  }
}

/**
 * Connect, and bring the schema up to date under an advisory lock.
 *
 * @param migrations folder of SQL up-files
 * @param mustBeDurable refuse a server that may lose acknowledged writes; false in tests alone
 * @param schema made if missing, and used in place of the usual one; a plain name, test mode alone
 */
export async function openDatabase(url: string, migrations: string, mustBeDurable = true, schema?: string): Promise<OpenDatabase> {
  const own = schema ? { schema, createSchema: true } : {};
  await withClient({ connectionString: url }, (dbClient) =>
    runner({ dbClient, dir: migrations, direction: 'up', migrationsTable: 'schema_migrations', log: () => undefined, ...own }),
  );
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    // a machine under load is slow to open one; a Postgres that is away says so at once
    connectionTimeoutMillis: 10_000,
    // before the driver gives up: what Postgres ends itself is rolled back, though COMMIT may be on its way behind it
    statement_timeout: 25_000,
    query_timeout: 30_000,
    // statements follow each other without waiting for answers: each way to Postgres and back costs more than most of them
    pipeline: true,
    // compiling a statement costs more than any of ours takes: 0.5 s for a page of runs that is read in 0.05
    options: `-c jit=off${schema ? ` -c search_path="${schema}"` : ''}`,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  if (mustBeDurable) await checkDurability(pool);
  return {
    ...sqlOf(pool),
    async transaction(work) {
      const client = await pool.connect();
      let isBroken = false;
      // A connection lost between two statements is told by the next one; unheard, it would end the process.
      const onLost = () => {
        isBroken = true;
      };
      client.on('error', onLost);
      let fault: unknown;
      /** Not waited for: answers come in order, so before that to COMMIT. The first that fails is what failed, whatever is said of those after it. */
      const send = (text: string, values: readonly unknown[] = [], isInsert = false) => {
        client.query({ text, values: [...values], ...(isInsert ? { name: nameOf(text) } : {}) }).catch((cause: unknown) => {
          fault ??= cause;
        });
      };
      try {
        send('BEGIN');
        const result = await work({ ...sqlOf(client), send });
        // what the driver refused never came to Postgres, which would commit the rest: its promise has been rejected once all promises have run
        await new Promise<void>((go) => process.nextTick(go));
        if (fault !== undefined) throw fault;
        const { command } = await client.query('COMMIT');
        // to a transaction in which a statement failed Postgres answers ROLLBACK
        if (fault !== undefined || command !== 'COMMIT') throw new Error('The transaction was rolled back.');
        return result;
      } catch (last) {
        const cause = fault ?? last;
        // after a fault of the driver's own nobody knows what the connection thinks it has prepared
        if (fault !== undefined && !(fault instanceof pg.DatabaseError)) isBroken = true;
        await client.query('ROLLBACK').catch(() => {
          isBroken = true;
        });
        throw cause;
      } finally {
        client.off('error', onLost);
        client.release(isBroken);
      }
    },
    async ping() {
      await pool.query('SELECT 1');
    },
    waiting: () => pool.waitingCount,
    close: () => pool.end(),
  };
}

/** Run statements one after the other, outside any transaction; for benches and maintenance. @param schema the search path */
export async function queryEach(url: string, schema: string, statements: readonly string[]): Promise<void> {
  await withClient({ connectionString: url, options: `-c search_path=${schema}` }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}
