import { runner } from 'node-pg-migrate';
import pg from 'pg';

/** The identity of this installation, made with its database. */
export interface Installation {
  readonly id: string;
  readonly createdAt: Date;
}

/** What the server needs of its database. */
export interface Database {
  /** Answers within the pool's time-outs or throws. */
  ping(): Promise<void>;
  installation(): Promise<Installation>;
  /** Clients waiting for a connection now. */
  waiting(): number;
  close(): Promise<void>;
}

/** Create the database if it is missing. @param adminUrl a connection that may create it */
export async function createDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** Connect, and bring the schema up to date under an advisory lock. @param migrations folder of SQL up-files */
export async function openDatabase(url: string, migrations: string): Promise<Database> {
  await runner({ databaseUrl: url, dir: migrations, direction: 'up', migrationsTable: 'schema_migrations', log: () => undefined });
  const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  return {
    async ping() {
      await pool.query('SELECT 1');
    },
    async installation() {
      const { rows } = await pool.query<{ id: string; created_at: Date }>('SELECT id, created_at FROM installation');
      const [row] = rows;
      if (!row) throw new Error('the database lacks its installation row');
      return { id: row.id, createdAt: row.created_at };
    },
    waiting: () => pool.waitingCount,
    close: () => pool.end(),
  };
}
