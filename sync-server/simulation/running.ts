import { type ChildProcess, spawn } from 'node:child_process';

/** Leader and helper of a simulation, as processes on a clock that the simulation moves. */
export interface RunningInstallation {
  /** URL of the leader, without trailing slash. */
  readonly leader: string;
  /** Move both clocks. @param now epoch ms */
  setClock(now: number): Promise<void>;
  /** What an admin would do after a flush. @returns the candidate's gates and metrics, and the noised sum */
  promote(slot: number): Promise<PromotedCandidate>;
  stop(): Promise<void>;
}

/** A candidate as the test mode reports it. */
export interface PromotedCandidate {
  readonly version: number;
  readonly gates: readonly { readonly name: string; readonly isPassed: boolean; readonly value: number }[];
  readonly metrics: Readonly<Record<string, number>>;
  /** Noised mean of the updates, weight units, shape [dim]. */
  readonly mean: Float64Array;
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

function addresses(child: ChildProcess): Promise<{ readonly leader: string; readonly helper: string }> {
  return new Promise((done, failed) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const leader = /Learner app\s+http:\/\/localhost:(\d+)/.exec(output)?.[1];
      const helper = /Helper\s+http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (leader && helper) done({ leader: `http://127.0.0.1:${leader}`, helper: `http://127.0.0.1:${helper}` });
    });
    child.once('exit', (code) => failed(new Error(`the installation ended with ${code}: ${output}`)));
  });
}

/**
 * Start an installation of a preset in test mode.
 *
 * @param dataDir where its databases and keys are kept
 * @param clockOffsetMs where its clocks start, from now
 */
export async function startInstallation(preset: string, dataDir: string, clockOffsetMs = 0): Promise<RunningInstallation> {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    EG_TEST_MODE: '1',
    EG_PRESET: preset,
    EG_DATA_DIR: dataDir,
    EG_CLOCK_OFFSET_MS: String(clockOffsetMs),
    PORT: '0',
    HELPER_PORT: '0',
    METRICS_PORT: '0',
    HELPER_METRICS_PORT: '0',
  };
  const child = spawn(process.execPath, ['--import', 'tsx', 'sync-server/main.ts', 'local'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const { leader, helper } = await addresses(child);
  return {
    leader,
    async setClock(now) {
      await Promise.all([leader, helper].map((url) => post(`${url}/test/clock`, { now })));
    },
    async promote(slot) {
      const { mean, ...rest } = await post<Omit<PromotedCandidate, 'mean'> & { mean: string }>(`${leader}/test/promote`, { slot });
      const bytes = Buffer.from(mean, 'base64');
      return { ...rest, mean: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
    },
    stop: () =>
      new Promise((done) => {
        if (child.exitCode !== null || child.signalCode !== null) return done();
        child.once('exit', () => done());
        child.kill('SIGINT');
      }),
  };
}
