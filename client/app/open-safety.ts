import { catalogue } from 'virtual:packs';
import { openSafety, type Safety } from '#client/backup/safety.ts';
import type { ExperimentLog } from '#client/ports/experiment-log.ts';
import type { PackStore } from '#client/ports/pack-store.ts';
import { dexieBackupShelf } from '#client/storage/dexie-backup-shelf.ts';

/** Backups with everything they need; fetched when first used. */
export function safetyOf(log: ExperimentLog, packs: PackStore): Safety {
  return openSafety({
    log,
    packs,
    shelf: dexieBackupShelf(),
    isInCatalogue: (packId) => catalogue.some((entry) => entry.id === packId),
    now: () => Date.now(),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  });
}
