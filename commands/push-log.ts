import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { unzipSync } from 'fflate';
import { type Incoming, retryAfterSeconds, trackingClient } from '#shared/tracking/client.ts';
import { readMlruns } from '#shared/tracking/mlruns-read.ts';
import { pushRuns } from '#shared/tracking/push.ts';

const HELP = `Push an exported log to an MLflow server: its runs with their whole histories, artifacts too.

  npm run push-log -- FILE.zip --to http://127.0.0.1:5000

FILE.zip is what the app saves under Storage, "Export for data scientists". It goes from this machine to the server named and nowhere else.
Pushed again, no run is there twice, and those that had not ended are brought up to date. A server that asks who calls: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
MLFLOW_TRACKING_PASSWORD.
`;

function stop(message: string): never {
  console.error(message);
  process.exit(1);
}

function authorization(): Readonly<Record<string, string>> {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: name, MLFLOW_TRACKING_PASSWORD: password } = process.env;
  if (token) return { Authorization: `Bearer ${token}` };
  return name ? { Authorization: `Basic ${Buffer.from(`${name}:${password ?? ''}`).toString('base64')}` } : {};
}

const waitMs = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** One request to the server. @throws Error with one plain sentence if it cannot be reached */
async function answered(base: string, path: string, init: RequestInit): Promise<Incoming> {
  try {
    const response = await fetch(base + path, { ...init, headers: { ...authorization(), ...init.headers } });
    return { status: response.status, text: await response.text(), retryAfterS: retryAfterSeconds(response.headers.get('Retry-After')) };
  } catch {
    throw new Error(`${base} cannot be reached.`);
  }
}

function unzipped(file: string): Record<string, Uint8Array> {
  const bytes = new Uint8Array(readFileSync(file));
  try {
    return unzipSync(bytes);
  } catch {
    throw new Error(`${file} is no zip file, or is cut short.`);
  }
}

async function push(file: string, base: string): Promise<string> {
  const runs = readMlruns(unzipped(file));
  const client = trackingClient({
    send: ({ method, path, body }) =>
      answered(base, path, { method, ...(body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json' } }) }),
    waitMs,
  });
  const onProgress = (done: number, all: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${all} runs`);
  };
  const putFile = (path: string, bytes: Uint8Array) =>
    answered(base, path, {
      method: 'PUT',
      body: bytes as Uint8Array<ArrayBuffer>,
      headers: { 'Content-Type': 'application/octet-stream' },
    });
  await pushRuns({ client, putFile, waitMs, onProgress }, runs);
  return `${runs.length} runs of ${file} are on ${base}.`;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { to: { type: 'string' }, help: { type: 'boolean' } } });
const [file] = positionals;
if (values.help) console.log(HELP);
else if (!file || !values.to || !URL.canParse(values.to)) stop(HELP);
else {
  push(file, values.to.replace(/\/+$/, '')).then(console.log, (cause: unknown) =>
    stop(cause instanceof Error ? cause.message : String(cause)),
  );
}
