import type { TaskConfig } from '#shared/aggregation/config.ts';
import type { HelperAnswer } from './leader.ts';
import type { HelperInfo } from './seed.ts';

/** The helper over HTTP, as the leader calls it. */
export interface HelperClient {
  askFlush(taskId: string, t: number, request: Uint8Array): Promise<HelperAnswer>;
  info(): Promise<HelperInfo>;
  approve(config: TaskConfig, leaderSignature: string): Promise<Uint8Array>;
  witnessedSize(): Promise<number>;
  witness(note: string, from: number, entries: readonly string[]): Promise<string>;
  isReachable(): Promise<boolean>;
}

const TIMEOUT_MS = 60_000;

/** @param base URL of the helper, without trailing slash */
export function helperClient(base: string): HelperClient {
  const call = (path: string, init: RequestInit = {}) => fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  async function json<T>(path: string, body?: unknown): Promise<T> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    const response = await call(path, init);
    if (!response.ok) throw new Error(`the helper answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
  return {
    async askFlush(taskId, t, request) {
      const sent = await call(`/helper/v1/tasks/${taskId}/flushes/${t}`, {
        method: 'PUT',
        body: Buffer.from(request),
        headers: { 'Content-Type': 'application/octet-stream' },
      }).catch(() => null);
      if (!sent || sent.status >= 500) return { kind: 'unreachable' };
      if (sent.ok) return { kind: 'answered', response: new Uint8Array(await sent.arrayBuffer()) };
      const fault = (await sent.json().catch(() => ({}))) as { kind?: string; ids?: string[]; response?: string };
      const stored = fault.response ? new Uint8Array(Buffer.from(fault.response, 'base64')) : null;
      return { kind: 'refused', reason: fault.kind ?? String(sent.status), ids: fault.ids ?? [], response: stored };
    },
    info: () => json<HelperInfo>('/helper/v1/info'),
    async approve(config, signature) {
      return new Uint8Array(Buffer.from((await json<{ signature: string }>('/helper/v1/configs', { config, signature })).signature, 'hex'));
    },
    witnessedSize: async () => (await json<{ size: number }>('/helper/v1/checkpoint')).size,
    witness: async (note, from, entries) =>
      (await json<{ cosignature: string }>('/helper/v1/witness', { note, from, entries })).cosignature,
    isReachable: () =>
      call('/health').then(
        (r) => r.ok,
        () => false,
      ),
  };
}
