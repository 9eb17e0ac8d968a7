import { catalogue } from 'virtual:packs';
import { type ExperimentLog, StorageFault } from '#client/ports/experiment-log.ts';
import { memoryExperimentLog } from '#client/ports/memory-experiment-log.ts';
import type { Moment } from '#client/ports/numbering.ts';
import { memoryPackStore, type PackStore } from '#client/ports/pack-store.ts';
import { dexieExperimentLog } from '#client/storage/dexie-experiment-log.ts';
import { dexiePackStore } from '#client/storage/dexie-pack-store.ts';
import { engineCache, fetchPackFile, fetchStartModel } from '#client/sync/fetch-assets.ts';
import type { LearnerPorts } from '#client/tutor/learner-ports.tsx';
import { trainingDesk } from '#client/tutor/training-desk.ts';
import { openTutor, type Tutor } from '#client/tutor/tutor.ts';
import { type BackendMemory, workerTrainer } from '#client/workers/worker-trainer.ts';
import { fail } from '#shared/domain/result.ts';
import { epochMs } from '#shared/domain/time.ts';
import { readEgpack } from '#shared/packs/egpack.ts';
import { testSwitches } from './test-switches.ts';
import { trustedScriptUrl } from './trusted-types.ts';

const BACKEND_KEY = `examsgraph.backend.${import.meta.env.VITE_EG_BUILD ?? 'dev'}`;

function now(): Moment {
  const word = new Uint32Array(1);
  return { at: epochMs(Date.now()), tz: -new Date().getTimezoneOffset(), rng: () => crypto.getRandomValues(word)[0] ?? 0 };
}

function deviceKind(): string {
  if (matchMedia('(pointer: fine)').matches) return 'desktop';
  return Math.min(screen.width, screen.height) >= 600 ? 'tablet' : 'phone';
}

/** The log on this device; in memory where the browser keeps nothing. @throws StorageFault where there is something that cannot be opened */
async function openLog(): Promise<{ readonly log: ExperimentLog; readonly packs: PackStore; readonly storage: 'kept' | 'memory' }> {
  try {
    if (!('indexedDB' in globalThis) || !indexedDB) throw new StorageFault('unavailable');
    return { log: await dexieExperimentLog(now), packs: dexiePackStore(), storage: 'kept' };
  } catch (cause) {
    if (!(cause instanceof StorageFault && cause.kind === 'unavailable')) throw cause;
    return { log: memoryExperimentLog(now), packs: memoryPackStore(), storage: 'memory' };
  }
}

const backendMemory: BackendMemory = {
  read: () => localStorage.getItem(BACKEND_KEY),
  write: (backend) => (backend === null ? localStorage.removeItem(BACKEND_KEY) : localStorage.setItem(BACKEND_KEY, backend)),
};

/** Join storage, workers and network into what the screens need. @throws StorageFault; Error when the start model cannot be had */
export async function learnerPorts(): Promise<LearnerPorts> {
  const [{ log, packs, storage }, global] = await Promise.all([openLog(), fetchStartModel()]);
  const tutors = new Map<string, Promise<Tutor | null>>();
  const switches = testSwitches();
  const trainer = workerTrainer(trustedScriptUrl, backendMemory, switches);
  const cache = engineCache();

  async function install(bytes: Uint8Array) {
    const pack = readEgpack(bytes);
    if (!pack.ok) return fail(pack.fault);
    await packs.put(pack.value);
    tutors.delete(pack.value.manifest.id);
    return pack;
  }

  /** A pack lost to the browser's clearing of caches is fetched again, if the catalogue has it. */
  async function open(packId: string): Promise<Tutor | null> {
    let pack = await packs.get(packId);
    const known = catalogue.find((entry) => entry.id === packId);
    if (known && pack?.manifest.version !== known.version) {
      const fetched = await fetchPackFile(known.url).then(install, () => null);
      pack = fetched?.ok ? fetched.value : pack;
    }
    if (!pack) return null;
    const tutor = openTutor(pack, { log, global, moment: now, deviceKind: deviceKind() });
    await tutor.closeLostRuns();
    return tutor;
  }

  return {
    log,
    storage,
    catalogue,
    moment: now,
    installedPacks: () => packs.list(),
    fetchPack: async (entry) => install(await fetchPackFile(entry.url)),
    installPack: install,
    tutorFor(packId) {
      const known = tutors.get(packId);
      if (known) return known;
      const opened = open(packId).then(
        (tutor) => {
          if (!tutor) tutors.delete(packId);
          return tutor;
        },
        (cause: unknown) => {
          tutors.delete(packId);
          throw cause;
        },
      );
      tutors.set(packId, opened);
      return opened;
    },
    training: trainingDesk(trainer),
    readiness: { check: cache.check },
    engine: { fetch: cache.fetch },
  };
}
