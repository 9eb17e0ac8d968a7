import type { Pack } from '#shared/packs/schema.ts';

/** Installed question packs; may be dropped and fetched again, so never with the log. */
export interface PackStore {
  list(): Promise<readonly Pack[]>;
  get(id: string): Promise<Pack | undefined>;
  /** Installs or replaces by the pack's id. */
  put(pack: Pack): Promise<void>;
}

/** A PackStore that lasts as long as the page. */
export function memoryPackStore(): PackStore {
  const packs = new Map<string, Pack>();
  return {
    list: async () => [...packs.values()],
    get: async (id) => packs.get(id),
    put: async (pack) => void packs.set(pack.manifest.id, pack),
  };
}
