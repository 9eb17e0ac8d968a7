import { catalogue } from 'virtual:packs';
import * as z from 'zod/mini';
import type { Safety } from '#client/backup/safety.ts';
import { type ExperimentLog, StorageFault } from '#client/ports/experiment-log.ts';
import type { GlobalModel } from '#client/ports/global-model.ts';
import type { PackStore } from '#client/ports/pack-store.ts';
import type { Trainer } from '#client/ports/trainer.ts';
import type { Sharing } from '#client/sharing/sharing.ts';
import { dexieExperimentLog } from '#client/storage/dexie-experiment-log.ts';
import { dexiePackStore } from '#client/storage/dexie-pack-store.ts';
import { engineCache, fetchPack, fetchStartModel } from '#client/sync/fetch-assets.ts';
import type { TutorPorts } from '#client/tutor/desk.ts';
import { type LearnerPorts, readSettings } from '#client/tutor/learner-ports.tsx';
import { trainingDesk } from '#client/tutor/training-desk.ts';
import { openTutor, type Tutor } from '#client/tutor/tutor.ts';
import type { BackendMemory } from '#client/workers/worker-trainer.ts';
import type { Pack } from '#shared/packs/schema.ts';
import type { Install } from './install.ts';
import { readMarker } from './marker.ts';
import { now } from './moment.ts';
import { testSwitches } from './test-switches.ts';
import { trustedScriptUrl } from './trusted-types.ts';

/** A trainer whose code is fetched when it first works. */
function fetchedTrainer(fetched: () => Promise<Trainer>): Trainer {
  let trainer: Promise<Trainer> | null = null;
  const get = () => {
    trainer ??= fetched().catch((cause: unknown) => {
      trainer = null;
      throw cause;
    });
    return trainer;
  };
  return {
    train: async (...job) => (await get()).train(...job),
    search: async (...job) => (await get()).search(...job),
    contribute: async (...job) => (await get()).contribute(...job),
  };
}

const BACKEND_KEY = `examsgraph.backend.${import.meta.env.VITE_EG_BUILD ?? 'dev'}`;

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
    // A browser that forbids storage throws at the mere mention of indexedDB.
    const isForbidden = cause instanceof DOMException && cause.name === 'SecurityError';
    if (!isForbidden && !(cause instanceof StorageFault && cause.kind === 'unavailable')) throw cause;
    const [{ memoryExperimentLog }, { memoryPackStore }] = await Promise.all([
      import('#client/ports/memory-experiment-log.ts'),
      import('#client/ports/pack-store.ts'),
    ]);
    return { log: memoryExperimentLog(now), packs: memoryPackStore(), storage: 'memory' };
  }
}

/** Where storage is refused, nothing is remembered and the choice is made again. */
const backendMemory: BackendMemory = {
  read() {
    try {
      const parsed = rememberedSchema.safeParse(JSON.parse(localStorage.getItem(BACKEND_KEY) ?? 'null'));
      return parsed.success ? parsed.data : null;
    } catch {
      return null;
    }
  },
  write(remembered) {
    try {
      if (remembered) localStorage.setItem(BACKEND_KEY, JSON.stringify(remembered));
      else localStorage.removeItem(BACKEND_KEY);
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
    }
  },
};

const finding = z.object({ name: z.string(), warmMs: z.nullable(z.number()), passedOver: z.nullable(z.string()) });
const rememberedSchema = z.object({ name: z.string(), findings: z.array(finding) });

/** One tab at a time, by a Web Lock; a page that has none (not on HTTPS or localhost) trains without. */
const exclusively: TutorPorts['exclusively'] = async (work) =>
  navigator.locks ? navigator.locks.request('examsgraph-training', { ifAvailable: true }, (lock) => work(lock !== null)) : work(true);

/** The shared model that was pulled and found no worse, or the one that came with the app. */
async function servingModel(log: ExperimentLog, start: GlobalModel): Promise<GlobalModel> {
  const pulled = await log.federation.value('serving');
  return pulled ? { label: pulled.label, weights: pulled.served, sha256: pulled.sha256 } : start;
}

/** Join storage, workers and network into what the screens need. @throws StorageFault; Error when the start model cannot be had */
export async function learnerPorts(install: Install): Promise<LearnerPorts> {
  const [{ log, packs, storage }, start] = await Promise.all([openLog(), fetchStartModel()]);
  const marker = readMarker();
  const lost = storage === 'kept' && marker && marker.answers > 0 && (await log.head()) === 0 ? marker : null;
  let global = await servingModel(log, start);
  const tutors = new Map<string, Promise<Tutor | null>>();
  const switches = testSwitches();
  const trainer = fetchedTrainer(async () =>
    (await import('#client/workers/worker-trainer.ts')).workerTrainer(trustedScriptUrl, backendMemory, switches),
  );
  const cache = engineCache();

  async function kept(pack: Pack): Promise<Pack> {
    await packs.put(pack);
    tutors.delete(pack.manifest.id);
    return pack;
  }

  async function installPack(bytes: Uint8Array) {
    const { readEgpack } = await import('#shared/packs/egpack.ts');
    const pack = readEgpack(bytes);
    if (pack.ok) await kept(pack.value);
    return pack;
  }

  /** A pack lost to the browser's clearing of caches is fetched again, if the catalogue has it. */
  async function open(packId: string): Promise<Tutor | null> {
    let pack = await packs.get(packId);
    const known = catalogue.find((entry) => entry.id === packId);
    // A pack stays as it is while a mock exam on it is running.
    const isFrozen = pack !== undefined && (await log.list('exams', 'pack_id', packId)).some((e) => !e.submitted);
    if (known && !isFrozen && pack?.manifest.version !== known.version) {
      const fetched = fetchPack(known).then(kept);
      pack = await fetched.catch((cause: unknown) => {
        // without any, the learner is told that it was fetched and could not be kept
        if (!pack && cause instanceof StorageFault) throw cause;
        return pack;
      });
    }
    if (!pack) return null;
    const tutor = openTutor(pack, { log, global, moment: now, deviceKind: deviceKind(), exclusively });
    return tutor;
  }

  function tutorFor(packId: string): Promise<Tutor | null> {
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
  }

  let safety: Promise<Safety> | null = null;
  let sharing: Promise<Sharing> | null = null;
  const openSharing = async (): Promise<Sharing> => {
    const { sharingOf } = await import('./open-sharing.ts');
    return sharingOf({
      log,
      trainer,
      moment: now,
      tutor: async () => {
        const { packId } = await readSettings(log);
        return packId ? tutorFor(packId) : null;
      },
      serve(model) {
        // A session that is open goes on with what it began with; the next screen opens with the new model.
        global = { label: model.label, weights: model.served, sha256: model.sha256 };
        tutors.clear();
      },
    });
  };

  return {
    log,
    storage,
    catalogue,
    moment: now,
    installedPacks: () => packs.list(),
    fetchPack: async (entry) => kept(await fetchPack(entry)),
    installPack,
    tutorFor,
    sharing() {
      sharing ??= openSharing().catch((cause: unknown) => {
        sharing = null;
        throw cause;
      });
      return sharing;
    },
    safety() {
      safety ??= import('./open-safety.ts').then(({ safetyOf }) => safetyOf(log, packs));
      safety.catch(() => {
        safety = null;
      });
      return safety;
    },
    lost,
    install,
    training: trainingDesk(trainer),
    readiness: { check: cache.check },
    engine: { fetch: cache.fetch },
  };
}
