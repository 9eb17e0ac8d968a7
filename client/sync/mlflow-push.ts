import type { Pushed, PushTarget } from '#client/ports/mlflow-push.ts';
import { type Incoming, retryAfterSeconds, trackingClient } from '#shared/tracking/client.ts';
import { TrackingFault } from '#shared/tracking/fault.ts';
import type { ReadRun } from '#shared/tracking/mlruns-read.ts';
import { ArtifactsElsewhere, pushRuns } from '#shared/tracking/push.ts';

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function authorization({ user, secret }: PushTarget): Readonly<Record<string, string>> {
  if (user !== '') return { Authorization: `Basic ${base64(`${user}:${secret}`)}` };
  return secret === '' ? {} : { Authorization: `Bearer ${secret}` };
}

/** What fetch throws where there was no answer, or none that this page may read. */
class NoAnswer extends Error {}

function outcomeOf(fault: unknown): Pushed {
  if (fault instanceof ArtifactsElsewhere) return { kind: 'elsewhere' };
  if (fault instanceof NoAnswer) return { kind: 'unreachable' };
  // NotMlflow, or JSON without what was asked for
  if (!(fault instanceof TrackingFault)) return { kind: 'other' };
  if (fault.code === 'UNAUTHENTICATED') return { kind: 'unknown' };
  return fault.code === 'PERMISSION_DENIED' ? { kind: 'forbidden' } : { kind: 'refused', message: fault.message };
}

/**
 * Push runs from this page to an MLflow server. The page's policy must let it call there.
 *
 * @param onProgress told after every run
 * @returns what became of it; what was pushed until then stays
 */
export async function pushToServer(
  target: PushTarget,
  runs: readonly ReadRun[],
  onProgress: (done: number) => void,
  stop: AbortSignal,
): Promise<Pushed> {
  const waitMs = (ms: number): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(done, ms);
      const end = () => {
        clearTimeout(timer);
        done();
      };
      stop.addEventListener('abort', end, { once: true });
    });
  const answered = async (path: string, method: string, type: string, body: BodyInit | undefined): Promise<Incoming> => {
    const response = await fetch(target.base + path, {
      method,
      headers: { ...authorization(target), ...(body === undefined ? {} : { 'Content-Type': type }) },
      ...(body === undefined ? {} : { body }),
      credentials: 'omit',
      // a secret goes where it was meant to, and nowhere else
      redirect: 'error',
      signal: stop,
    }).catch((cause: unknown) => {
      throw cause instanceof TypeError ? new NoAnswer() : cause;
    });
    if (response.status === 401) throw new TrackingFault('UNAUTHENTICATED', '');
    return { status: response.status, text: await response.text(), retryAfterS: retryAfterSeconds(response.headers.get('Retry-After')) };
  };
  const client = trackingClient({ send: ({ method, path, body }) => answered(path, method, 'application/json', body), waitMs });
  const putFile = (path: string, bytes: Uint8Array) => answered(path, 'PUT', 'application/octet-stream', bytes as Uint8Array<ArrayBuffer>);
  let pushed = 0;
  const told = (done: number) => {
    pushed = done;
    onProgress(done);
  };
  try {
    await pushRuns({ client, putFile, waitMs, onProgress: told, stop }, runs);
    return { kind: 'done', runs: runs.length };
  } catch (fault) {
    return stop.aborted ? { kind: 'stopped', runs: pushed } : outcomeOf(fault);
  }
}
