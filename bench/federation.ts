import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { makeContribution, randomBytes } from '#shared/aggregation/contribution.ts';
import { addInto, maskWords } from '#shared/aggregation/mask.ts';
import { isSignedByDevice, openHelperBox, openLeaderBox, parseReport } from '#shared/aggregation/report.ts';
import { type Primitives, tweetnacl } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { normal, seededRng } from '#shared/maths/rng.ts';
import { discreteGaussianVector } from '#shared/privacy/discrete-gaussian.ts';
import { freeze } from '#sync-server/federation/freeze.ts';
import { finishOpenFlush } from '#sync-server/federation/release.ts';
import { newTestInstallation, reportIdOf, type TestInstallation } from '#sync-server/federation/test-installation.ts';
import { newApp } from '#sync-server/http/app.ts';
import { newEventHub } from '#sync-server/http/events.ts';
import { federationRoutes } from '#sync-server/http/federation-routes.ts';
import { newLimits } from '#sync-server/http/limits.ts';
import { listen, portOf } from '#sync-server/http/listen.ts';
import { newLog } from '#sync-server/observability/log.ts';
import { newMetrics } from '#sync-server/observability/metrics.ts';
import { startLocalCluster } from '#sync-server/storage/local-cluster.ts';

const D = 1473;
const WIDTH = 16;

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

/** Milliseconds of one call, median of n. */
function timed(n: number, work: () => void): number {
  const times = Array.from({ length: n }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return median(times);
}

function print(name: string, value: string, floor: string, target: string): void {
  console.log(`${name.padEnd(46)}${value.padStart(16)}${floor.padStart(20)}   ${target}`);
}

async function httpOf(i: TestInstallation): Promise<{ readonly url: string; close(): void }> {
  const app = newApp({
    clientDir: '.',
    version: 'bench',
    ping: async () => undefined,
    isDraining: () => false,
    metrics: newMetrics(() => 0),
    log: newLog('silent'),
    routes: federationRoutes({
      leader: i.leader,
      enrolment: i.leader,
      log: i.log,
      events: newEventHub(),
      limits: newLimits(true),
      wake: () => undefined,
    }),
    gatekeeper: async () => null,
    trustedProxies: null,
  });
  const server = await listen(app, '127.0.0.1', { name: 'PORT', port: 0, isExplicit: true });
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => server.close() };
}

async function upload(url: string, reports: readonly Uint8Array[]): Promise<number> {
  const rest = [...reports];
  const from = performance.now();
  const worker = async () => {
    for (let bytes = rest.pop(); bytes; bytes = rest.pop()) {
      const response = await fetch(`${url}/api/sync/v1/fed/reports/${toHex(reportIdOf(bytes))}`, {
        method: 'PUT',
        body: bytes.slice(),
        headers: { 'Content-Type': 'application/octet-stream' },
      });
      if (response.status !== 201) throw new Error(`a report was answered ${response.status}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return performance.now() - from;
}

async function reportsOf(i: TestInstallation, n: number): Promise<readonly Uint8Array[]> {
  const reports: Uint8Array[] = [];
  for (let k = 0; k < n; k++) reports.push(i.report(await i.newAccount()));
  return reports;
}

/** What the door must do at the least: check one signature, hash the body once. */
const doorFloor = (crypto: Primitives, bytes: Uint8Array): number =>
  timed(50, () => {
    const parts = parseReport(bytes);
    if (parts) isSignedByDevice(crypto, parts);
    sha256(bytes);
  });

/** What a flush must do for one report at the least: open both boxes, expand one mask, add two vectors. */
function flushFloor(i: TestInstallation, bytes: Uint8Array): number {
  const parts = parseReport(bytes);
  if (!parts) throw new Error('not a report');
  const sum = new Uint32Array(D);
  return timed(50, () => {
    const words = openLeaderBox(i.leader.crypto, parts.header, parts.leaderBox, i.leader.box);
    const share = openHelperBox(i.leader.crypto, parts.helperBox, i.helper.box);
    if (!words || !share) throw new Error('a box did not open');
    addInto(sum, words);
    addInto(sum, maskWords(i.leader.crypto, share.maskSeed, parts.header.taskId, parts.header.reportId, D));
  });
}

async function flushOf(k: number): Promise<void> {
  const i = await newTestInstallation({ name: `bench_${k}`, change: { k, sigma: 4.25, band: 13 } });
  const reports = await reportsOf(i, k);
  const http = await httpOf(i);
  const uploadMs = await upload(http.url, reports);
  http.close();
  const sample = reports[0] as Uint8Array;
  print(
    `reports/s into Postgres, ${k} of them, ${WIDTH} at once`,
    `${((1000 * k) / uploadMs).toFixed(0)}/s`,
    `${(1000 / doorFloor(i.leader.crypto, sample)).toFixed(0)}/s`,
    'target 150/s',
  );
  const from = performance.now();
  await freeze(i.leader, i.taskId);
  const outcome = await finishOpenFlush(i.leader, i.taskId);
  if (outcome !== 'released') throw new Error(`the flush ended ${outcome}`);
  const ms = performance.now() - from;
  print(
    `flush, K = ${k}, both servers`,
    `${(ms / 1000).toFixed(2)} s`,
    `${((k * flushFloor(i, sample)) / 1000).toFixed(2)} s`,
    k === 1000 ? 'target 3 s' : '',
  );
  await i.close();
}

async function device(): Promise<void> {
  const i = await newTestInstallation({ name: 'bench_device', change: { k: 5, sigma: 4.25, band: 13 } });
  const rng = seededRng(1);
  const secrets = { accountSeed: randomBytes(32, rng), deviceSeed: randomBytes(32, rng), tagSecret: randomBytes(32, rng) };
  const delta = Float32Array.from({ length: D }, () => 0.01 * normal(rng));
  const plan = { config: i.config, base: { version: 0, sha256: new Uint8Array(32) }, promoted: 0, slot: 1, secrets };
  const own = timed(15, () => makeContribution(tweetnacl, plan, delta, rng));
  const body = new Uint8Array(4 * D + 128);
  const nonce = new Uint8Array(24);
  const floor = timed(15, () => {
    for (const message of [body, body.subarray(0, 224)])
      tweetnacl.box(message, nonce, i.leader.box.public, tweetnacl.sha512(secrets.tagSecret).subarray(0, 32));
    tweetnacl.boxPublicKey(secrets.tagSecret);
    tweetnacl.boxPublicKey(secrets.deviceSeed);
    tweetnacl.sign(body.subarray(0, 96), secrets.deviceSeed);
  });
  print('device: clip, noise, mask, seal, sign', `${own.toFixed(1)} ms`, `${floor.toFixed(1)} ms`, 'target 150 ms on a mid phone');
  const draw = timed(15, () => discreteGaussianVector(278_800 ** 2, D, rng));
  const uniformFloor = timed(15, () => {
    for (let n = 0; n < 4 * D; n++) rng();
  });
  print('helper: one noise vector, sigma D = 278,800', `${draw.toFixed(2)} ms`, `${uniformFloor.toFixed(2)} ms`, 'target 20 ms');
  await i.close();
}

const data = mkdtempSync(join(tmpdir(), 'examsgraph-bench-'));
chmodSync(data, 0o755);
const cluster = await startLocalCluster(process.cwd(), data);
process.env['EG_TEST_DATABASE'] = cluster.url('%');
try {
  console.log(
    `${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}; rate limits off; fsync on; one process holds both servers`,
  );
  console.log(`${''.padEnd(46)}${'measured'.padStart(16)}${'floor, same run'.padStart(20)}`);
  for (const k of [300, 1000]) await flushOf(k);
  await device();
} finally {
  await cluster.stop();
  rmSync(data, { recursive: true, force: true });
}
