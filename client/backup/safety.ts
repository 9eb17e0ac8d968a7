import type { ExperimentLog, Merged } from '#client/ports/experiment-log.ts';
import type { AccountKeys, FederationChange } from '#client/ports/federation-store.ts';
import type { PackStore } from '#client/ports/pack-store.ts';
import { toHex } from '#shared/domain/bytes.ts';
import type { Result } from '#shared/domain/result.ts';
import { type BackupContent, type BackupFault, type BackupHeader, readBackup, readBackupHeader, writeBackup } from './backup-file.ts';

/** A copy of the latest backup that lies on this device, beside the log. */
export interface BackupShelf {
  get(): Promise<Uint8Array | undefined>;
  put(file: Uint8Array): Promise<void>;
  clear(): Promise<void>;
}

/** What safety works with. */
export interface SafetyPorts {
  readonly log: ExperimentLog;
  readonly packs: PackStore;
  readonly shelf: BackupShelf;
  /** Packs that can be fetched again and need no copy. */
  readonly isInCatalogue: (packId: string) => boolean;
  readonly now: () => number;
  /** Cryptographic random bytes. */
  readonly random: (length: number) => Uint8Array;
}

/** What taking a backup in would do, or did. */
export interface Restored extends Merged {
  readonly answers: number;
  /** Ledger rows in the backup: what was spent stays spent. */
  readonly ledger: number;
  readonly packs: number;
}

/** Backups: made, kept fresh, and taken in again. */
export interface Safety {
  /** A file for the learner to keep. @param passphrase null: without account and ledger @throws StorageFault */
  make(passphrase: string | null, onProgress: (share: number) => void): Promise<Uint8Array>;
  /** Refresh the copy on this device. */
  refresh(): Promise<void>;
  shelved(): Promise<{ readonly header: BackupHeader; readonly file: Uint8Array } | null>;
  header(file: Uint8Array): Result<BackupHeader, BackupFault>;
  /** Open a file and say what it would bring; nothing is changed. */
  inspect(file: Uint8Array, passphrase: string | null, onProgress: (share: number) => void): Promise<Result<Inspected, BackupFault>>;
  /** Remove the log, the packs, and the copy. */
  deleteEverything(): Promise<void>;
}

/** An opened backup. */
export interface Inspected {
  readonly content: BackupContent;
  readonly would: Restored;
  /** Take it in: union by event id; an account of this device stays, the ledger is joined. @throws StorageFault with nothing changed */
  restore(): Promise<Restored>;
}

async function contentOf({ log, packs, isInCatalogue }: SafetyPorts, withSecrets: boolean): Promise<BackupContent> {
  const [events, artifacts, installed] = await Promise.all([log.events(), log.artifacts(), packs.list()]);
  const account = withSecrets ? await log.federation.value('account') : undefined;
  const secrets = withSecrets
    ? {
        account: account ? { accountSeed: account.accountSeed, tagSecret: account.tagSecret } : null,
        ledger: await log.federation.contributions(),
      }
    : null;
  return { events, artifacts, packs: installed.filter((p) => !isInCatalogue(p.manifest.id)), secrets };
}

/** Account and ledger of a backup as changes: an account already here stays, its own device keys are drawn anew. */
async function secretChanges(ports: SafetyPorts, content: BackupContent): Promise<readonly FederationChange[]> {
  const { federation } = ports.log;
  const known = new Set((await federation.contributions()).map((row) => row.report_id));
  const rows = (content.secrets?.ledger ?? []).filter((row) => !known.has(row.report_id));
  // Sealed bytes are in no backup: what had not been sent is lost, and counts as spent all the same.
  const ledger = rows.map((row) => ({ ...row, status: row.status === 'sealed' ? ('lost' as const) : row.status }));
  const changes: FederationChange[] = ledger.map((row) => ({ kind: 'contribution', row }));
  const account = content.secrets?.account;
  if (!account || (await federation.value('account'))) return changes;
  const deviceSeed = toHex(ports.random(32));
  const value: AccountKeys = { ...account, deviceSeed, bearer: null };
  return [...changes, { kind: 'value', key: 'account', value }];
}

async function inspected(ports: SafetyPorts, content: BackupContent): Promise<Inspected> {
  const { log, packs } = ports;
  const told = (merged: Merged): Restored => ({
    ...merged,
    answers: content.events.filter((e) => e.kind === 'answer.recorded').length,
    ledger: content.secrets?.ledger.length ?? 0,
    packs: content.packs.length,
  });
  return {
    content,
    would: told(await log.compare(content.events)),
    async restore() {
      // The ledger first: whatever happens next, what was spent stays spent. All of this may be done twice.
      await log.federation.write(await secretChanges(ports, content));
      const merged = await log.merge({ events: content.events, artifacts: content.artifacts });
      for (const pack of content.packs) await packs.put(pack);
      return told(merged);
    },
  };
}

/** Backups of one device. */
export function openSafety(ports: SafetyPorts): Safety {
  const { log, shelf, now, random } = ports;
  const make = async (passphrase: string | null, onProgress: (share: number) => void) =>
    writeBackup(
      await contentOf(ports, passphrase !== null),
      now(),
      passphrase === null ? null : { passphrase, random: random(40), onProgress },
    );
  return {
    make,
    async refresh() {
      await shelf.put(await make(null, () => undefined));
    },
    async shelved() {
      const file = await shelf.get();
      const header = file ? readBackupHeader(file) : null;
      return file && header?.ok ? { header: header.value, file } : null;
    },
    header: readBackupHeader,
    async inspect(file, passphrase, onProgress) {
      const content = await readBackup(file, passphrase, onProgress);
      return content.ok ? { ok: true, value: await inspected(ports, content.value) } : content;
    },
    async deleteEverything() {
      await shelf.clear();
      await log.deleteEverything();
    },
  };
}
