import type { Primitives } from '#shared/crypto/primitives.ts';
import { fromHex, sameBytes, toHex } from '#shared/domain/bytes.ts';
import { rhoHelperAlone, rhoLocal } from '#shared/privacy/accountant.ts';
import { gaussianEpsilon, zcdpEpsilon } from '#shared/privacy/gaussian-dp.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { cosignedAt, isSignedBy, parseNote } from '#shared/transparency/checkpoint.ts';
import { leafHash, rootOf } from '#shared/transparency/merkle.ts';
import { contributionRho, type TaskConfig } from './config.ts';
import { type LedgerPoint, recomputeLedger } from './log-entry.ts';

/** One line of an exported ledger. */
export interface LedgerRow {
  readonly index: number;
  /** Hexadecimal. */
  readonly leaf_hash: string;
  /** The entry's canonical JSON, as it is hashed. */
  readonly entry: string;
}

/** First thing an audit found wrong; `row` counts from 0, null where it is none in particular. */
export interface AuditFault {
  readonly check: 'rows' | 'signatures' | 'log' | 'composition';
  readonly row: number | null;
  readonly message: string;
}

/** What an auditor's own computer makes of a log. */
export interface AuditReport {
  readonly entries: number;
  /** Hexadecimal root the rows lead to. */
  readonly root: string;
  readonly checks: { readonly rows: boolean; readonly signatures: boolean; readonly log: boolean; readonly composition: boolean };
  readonly fault: AuditFault | null;
  readonly points: readonly LedgerPoint[];
  readonly configs: readonly TaskConfig[];
  /** POSIX seconds of the helper's cosignature; null if it is missing. */
  readonly cosignedAt: number | null;
}

/** Rows of the log, with their hashes, as they are exported. */
export function ledgerRows(entries: readonly string[]): readonly LedgerRow[] {
  return entries.map((entry, index) => ({ index, leaf_hash: toHex(leafHash(utf8(entry))), entry }));
}

/** JSON lines of an exported ledger. @throws RangeError naming the line that cannot be read */
export function parseLedger(text: string): readonly LedgerRow[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, i) => {
      try {
        const { index, leaf_hash, entry } = JSON.parse(line) as Partial<LedgerRow>;
        if (typeof index !== 'number' || typeof leaf_hash !== 'string' || typeof entry !== 'string')
          throw new RangeError('a field is missing');
        return { index, leaf_hash, entry };
      } catch {
        throw new RangeError(`line ${i + 1} is no row of a ledger`);
      }
    });
}

function rowFault(rows: readonly LedgerRow[]): AuditFault | null {
  for (const [i, row] of rows.entries()) {
    if (row.index !== i) return { check: 'rows', row: i, message: 'a row is missing or out of order' };
    if (toHex(leafHash(utf8(row.entry))) !== row.leaf_hash) return { check: 'rows', row: i, message: 'hash mismatch' };
  }
  return null;
}

/**
 * Verify a log and recompute what it cost, with nothing but the rows and the cosigned checkpoint: row hashes, root, both signatures,
 * slots and composition. The keys are the ones of the last configuration in the log itself; hold them against those you were given.
 *
 * @param noteText the newest cosigned checkpoint; it may cover fewer rows than are given
 */
export function auditLog(crypto: Primitives, rows: readonly LedgerRow[], noteText: string): AuditReport {
  const badRow = rowFault(rows);
  const composition = recomputeLedger(rows.map((row) => parsed(row.entry)));
  const note = parseNote(noteText);
  const size = note?.checkpoint.size ?? 0;
  const root = rootOf(rows.slice(0, size).map((row) => leafHash(utf8(row.entry))));
  const isRooted = note !== null && rows.length >= size && sameBytes(root, note.checkpoint.root);
  const keys = composition.configs.at(-1);
  const at = note && keys ? cosignedAt(crypto, note, { name: 'examsgraph/helper', publicKey: fromHex(keys.helper.sign_key) }) : null;
  const isSigned =
    note !== null &&
    keys !== undefined &&
    at !== null &&
    isSignedBy(crypto, note, { name: 'examsgraph/leader', publicKey: fromHex(keys.leader.sign_key) });
  const { fault } = composition;
  const found: readonly (AuditFault | null)[] = [
    badRow,
    fault && { check: 'composition', row: fault.index, message: fault.message },
    isRooted ? null : { check: 'log', row: null, message: 'the rows do not lead to the cosigned root' },
    isSigned ? null : { check: 'signatures', row: null, message: 'the checkpoint is not signed by leader and helper' },
  ];
  return {
    entries: rows.length,
    root: toHex(root),
    checks: { rows: badRow === null, signatures: isSigned, log: isRooted, composition: fault === null },
    fault: found.find((f) => f !== null) ?? null,
    points: composition.points,
    configs: composition.configs,
    cosignedAt: at,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Who could learn what, were they to work together; section 1. */
export interface CollusionRow {
  readonly who: 'public' | 'leader' | 'helper' | 'both';
  /** epsilon of what protects one account then, composed over 52 slots; null: nothing but the mask. */
  readonly epsilon: number;
}

/**
 * The collusion table of an installation, composed from the configurations in force, one a family.
 *
 * @param rhoCap worst case of the installation
 */
export function collusionTable(configs: readonly TaskConfig[], rhoCap: number): readonly CollusionRow[] {
  const delta = configs[0]?.delta ?? 0;
  const headline = gaussianEpsilon(rhoCap, delta);
  // Where the leader draws noise of its own, the helper that leaves its out finds as much in the sum.
  const alone = configs.reduce(
    (sum, c) =>
      sum +
      (c.leader_noise
        ? c.max_contributions * contributionRho(c)
        : rhoHelperAlone([{ maxContributions: c.max_contributions, k: c.k, kappa: c.kappa }])),
    0,
  );
  const local = configs.reduce((sum, c) => sum + c.max_contributions * rhoLocal(c.kappa), 0);
  return [
    { who: 'public', epsilon: headline },
    { who: 'leader', epsilon: headline },
    { who: 'helper', epsilon: gaussianEpsilon(alone, delta) },
    { who: 'both', epsilon: gaussianEpsilon(local, delta) },
  ];
}

/** epsilon by both accountants: the exact one that is claimed, and the Rényi line that must lie above it. */
export function bothEpsilons(rho: number, delta: number): { readonly claimed: number; readonly check: number } {
  return { claimed: gaussianEpsilon(rho, delta), check: zcdpEpsilon(rho, delta) };
}
