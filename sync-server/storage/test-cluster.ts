import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from './local-cluster.ts';

/** A private Postgres for the server tests: started before them, ended and removed after. Its URL pattern is in EG_TEST_DATABASE (`%` = name). */
export async function setup(): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), 'examsgraph-pg-'));
  chmodSync(data, 0o755);
  const cluster = await startLocalCluster(process.cwd(), data, ['fsync=off']);
  process.env['EG_TEST_DATABASE'] = cluster.url('%');
  return async () => {
    await cluster.stop();
    rmSync(data, { recursive: true, force: true });
  };
}
