import * as z from 'zod/mini';
import type { Primitives } from '#shared/crypto/primitives.ts';
import { concat, dom, fromHex, toHex } from '#shared/domain/bytes.ts';
import { type Family, rhoCap, rhoRunning } from '#shared/privacy/accountant.ts';
import { canonicalBytes, type Json } from '#shared/transparency/canonical-json.ts';
import { configHashHex, readConfig, segmentOf, type TaskConfig } from './config.ts';

const hex = (bytes: number) => z.string().check(z.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)));
const whole = z.number().check(z.int(), z.gte(0));
const at = whole;

/** Entries of the transparency log; section 12. No personal data in any of them. */
const schemas = {
  config: z.strictObject({ type: z.literal('config'), at, config: z.unknown(), config_hash: hex(32) }),
  flush: z.strictObject({
    type: z.literal('flush'),
    at,
    task_id: hex(16),
    t: z.number().check(z.int(), z.gte(1)),
    k: whole,
    config_hash: hex(32),
    set_root: hex(32),
    response_sha256: hex(32),
    sum_sha256: hex(32),
    rho_cap: z.number(),
    rho_running: z.number(),
  }),
  flush_lost: z.strictObject({
    type: z.literal('flush_lost'),
    at,
    task_id: hex(16),
    t: whole,
    config_hash: hex(32),
    rho_cap: z.number(),
    rho_running: z.number(),
  }),
  model_release: z.strictObject({
    type: z.literal('model_release'),
    at,
    task_id: hex(16),
    version: whole,
    base_version: whole,
    slot: whole,
    config_hash: hex(32),
    weights_sha256: hex(32),
    weights_bytes: whole,
  }),
  model_revoke: z.strictObject({ type: z.literal('model_revoke'), at, task_id: hex(16), version: whole, reason: z.string() }),
  consent_text: z.strictObject({ type: z.literal('consent_text'), at, version: z.string(), language: z.string(), sha256: hex(32) }),
  finding: z.strictObject({ type: z.literal('finding'), at, finding_sha256: hex(32) }),
  erasure: z.strictObject({ type: z.literal('erasure'), at, reference: z.string() }),
  budget_reset: z.strictObject({ type: z.literal('budget_reset'), at, reason: z.string() }),
} as const;

/** Kind of a log entry. */
export type LogEntryType = keyof typeof schemas;
/** One entry, as it is logged. */
export type LogEntryOf<T extends LogEntryType> = z.infer<(typeof schemas)[T]>;
/** Any entry. */
export type LogEntry = { [T in LogEntryType]: LogEntryOf<T> }[LogEntryType];
/** A released version as the log and every device know it. */
export type ModelRelease = LogEntryOf<'model_release'>;

/** The exact bytes of an entry: its canonical JSON. */
export function entryBytes(entry: LogEntry): Uint8Array {
  return canonicalBytes(entry as unknown as Json);
}

/** @returns null unless the value is an entry this version understands */
export function readEntry(value: unknown): LogEntry | null {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
  if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) return null;
  const parsed = (schemas[type as LogEntryType] as z.ZodMiniType).safeParse(value);
  return parsed.success ? (parsed.data as LogEntry) : null;
}

const releaseMessage = (crypto: Primitives, release: ModelRelease): Uint8Array =>
  concat(dom('examsgraph/v1/sign/model-release'), crypto.sha512(entryBytes(release)));

/** The release key's signature over a version, hexadecimal. */
export function signRelease(crypto: Primitives, release: ModelRelease, seed: Uint8Array): string {
  return toHex(crypto.sign(releaseMessage(crypto, release), seed));
}

/** Whether the release key signed this version. */
export function isReleaseSigned(crypto: Primitives, release: ModelRelease, signature: string, key: Uint8Array): boolean {
  return /^[0-9a-f]{128}$/.test(signature) && crypto.verify(releaseMessage(crypto, release), fromHex(signature), key);
}

/** First thing wrong with a ledger. */
export interface LedgerFault {
  /** Index of the entry, from 0. */
  readonly index: number;
  readonly rule: 'unreadable' | 'config-hash' | 'config-rules' | 'unknown-config' | 'slot-order' | 'wrong-k' | 'rho-running' | 'rho-cap';
  readonly message: string;
}

/** State of the composition after one release. */
export interface LedgerPoint {
  readonly index: number;
  readonly taskId: string;
  readonly t: number;
  readonly rhoRunning: number;
  readonly rhoCap: number;
}

/** What recomputing a ledger found. */
export interface LedgerVerdict {
  readonly fault: LedgerFault | null;
  readonly points: readonly LedgerPoint[];
  readonly configs: readonly TaskConfig[];
}

/** Largest difference between a booked and a recomputed rho. */
const RHO_TOLERANCE = 1e-9;

interface Book {
  readonly configs: Map<string, TaskConfig[]>;
  readonly filled: Map<string, number[]>;
}

/** Trial tasks and private ones are composed apart: what claims nothing must not blur what does. */
function familiesOf({ configs, filled }: Book, isTrial: boolean): readonly Family[] {
  const byFamily = new Map<string, { maxContributions: number; tasks: Family['tasks'][number][] }>();
  for (const [taskId, own] of configs) {
    const latest = own.at(-1) as TaskConfig;
    if ((latest.preset === 'demo') !== isTrial) continue;
    const family = byFamily.get(latest.budget_family) ?? { maxContributions: 0, tasks: [] };
    family.maxContributions = Math.max(family.maxContributions, ...own.map((c) => c.max_contributions));
    family.tasks.push({ segments: own.map(segmentOf), filled: filled.get(taskId) ?? [] });
    byFamily.set(latest.budget_family, family);
  }
  return [...byFamily.values()];
}

/** rho of all private tasks, or of the trial's, after slot t was filled; the one place both the leader and every auditor compute it. */
export function composedRho(configs: readonly TaskConfig[], filled: ReadonlyMap<string, readonly number[]>, t: number, isTrial = false) {
  const book: Book = { configs: new Map(), filled: new Map() };
  for (const config of configs) book.configs.set(config.task_id, [...(book.configs.get(config.task_id) ?? []), config]);
  for (const [task, slots] of filled) book.filled.set(task, [...slots]);
  const families = familiesOf(book, isTrial);
  return { running: rhoRunning(families, t), cap: rhoCap(families, t) };
}

function configFault(book: Book, entry: LogEntryOf<'config'>, index: number): LedgerFault | null {
  const read = readConfig(entry.config);
  if (!read.ok) return { index, rule: 'config-rules', message: read.fault.message };
  if (configHashHex(read.value) !== entry.config_hash)
    return { index, rule: 'config-hash', message: 'the configuration does not have the hash it is logged under' };
  const own = book.configs.get(read.value.task_id) ?? [];
  const last = own.at(-1);
  if (last && read.value.from_slot <= last.from_slot)
    return { index, rule: 'slot-order', message: 'a configuration must begin after the one before it' };
  book.configs.set(read.value.task_id, [...own, read.value]);
  return null;
}

function flushFault(book: Book, entry: LogEntryOf<'flush' | 'flush_lost'>, index: number, points: LedgerPoint[]): LedgerFault | null {
  const own = book.configs.get(entry.task_id) ?? [];
  const config = own.findLast((c) => c.from_slot <= entry.t);
  if (!config || configHashHex(config) !== entry.config_hash)
    return { index, rule: 'unknown-config', message: `slot ${entry.t} was not flushed under the configuration in force` };
  const filled = book.filled.get(entry.task_id) ?? [];
  if (entry.t <= (filled.at(-1) ?? 0)) return { index, rule: 'slot-order', message: `slot ${entry.t} comes after slot ${filled.at(-1)}` };
  if (entry.type === 'flush' && entry.k !== config.k)
    return { index, rule: 'wrong-k', message: `slot ${entry.t} released ${entry.k} reports, not ${config.k}` };
  book.filled.set(entry.task_id, [...filled, entry.t]);
  const families = familiesOf(book, config.preset === 'demo');
  const [running, cap] = [rhoRunning(families, entry.t), rhoCap(families, entry.t)];
  if (!(Math.abs(running - entry.rho_running) <= RHO_TOLERANCE))
    return { index, rule: 'rho-running', message: `slot ${entry.t} is booked with rho ${entry.rho_running}, recomputed ${running}` };
  if (!(Math.abs(cap - entry.rho_cap) <= RHO_TOLERANCE))
    return { index, rule: 'rho-cap', message: `slot ${entry.t} is booked with a cap of rho ${entry.rho_cap}, recomputed ${cap}` };
  points.push({ index, taskId: entry.task_id, t: entry.t, rhoRunning: running, rhoCap: cap });
  return null;
}

/**
 * Recompute a ledger from its parameters: every configuration sound and under its hash, every slot ascending and filled with exactly K
 * under the configuration in force, every rho as booked. Stops at the first thing wrong.
 */
export function recomputeLedger(entries: readonly unknown[]): LedgerVerdict {
  const book: Book = { configs: new Map(), filled: new Map() };
  const points: LedgerPoint[] = [];
  let fault: LedgerFault | null = null;
  for (let index = 0; index < entries.length && !fault; index++) {
    const entry = readEntry(entries[index]);
    if (!entry) fault = { index, rule: 'unreadable', message: 'the entry is of no known type or lacks a field' };
    else if (entry.type === 'config') fault = configFault(book, entry, index);
    else if (entry.type === 'flush' || entry.type === 'flush_lost') fault = flushFault(book, entry, index, points);
  }
  return { fault, points, configs: [...book.configs.values()].flat() };
}
