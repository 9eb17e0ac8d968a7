import { createContext, useContext, useEffect, useState } from 'react';
import type { Safety } from '#client/backup/safety.ts';
import type { ExperimentLog, LogReader } from '#client/ports/experiment-log.ts';
import type { Moment } from '#client/ports/numbering.ts';
import type { Engine, Readiness } from '#client/ports/readiness.ts';
import type { Sharing } from '#client/sharing/sharing.ts';
import type { Loaded } from '#shared/domain/loaded.ts';
import type { Result } from '#shared/domain/result.ts';
import type { Pack } from '#shared/packs/schema.ts';
import type { PackFault } from '#shared/packs/validate.ts';
import type { TrainingDesk } from './training-desk.ts';
import type { Tutor } from './tutor.ts';

/** A pack the app knows where to get. */
export interface CatalogueEntry {
  readonly id: string;
  readonly version: string;
  readonly title: Readonly<Record<string, string>>;
  readonly description: Readonly<Record<string, string>>;
  readonly languages: readonly string[];
  readonly licence: string;
  readonly itemCount: number;
  readonly bytes: number;
  readonly url: string;
}

/** Everything the learner's screens reach the outside by. */
export interface LearnerPorts {
  readonly log: ExperimentLog;
  /** `kept` on this device, or in `memory` until the page closes. */
  readonly storage: 'kept' | 'memory';
  readonly catalogue: readonly CatalogueEntry[];
  readonly moment: () => Moment;
  installedPacks(): Promise<readonly Pack[]>;
  /** Fetches and installs. @throws Error when it cannot be fetched, StorageFault when it cannot be kept */
  fetchPack(entry: CatalogueEntry): Promise<Pack>;
  /** A file of the learner’s own. */
  installPack(bytes: Uint8Array): Promise<Result<Pack, PackFault>>;
  /** The tutor of a pack; one per pack and page. Null if the pack is not on this device. */
  tutorFor(packId: string): Promise<Tutor | null>;
  readonly training: TrainingDesk;
  /** The device's side of the federation; fetched when it is first used. */
  readonly sharing: () => Promise<Sharing>;
  /** Backups; fetched when first used. */
  readonly safety: () => Promise<Safety>;
  /** What the log held before it was lost: the browser cleared it. Null in a log that is whole, or new. */
  readonly lost: { readonly answers: number; readonly at: number } | null;
  readonly install: { readonly isInstalled: boolean; mayAsk(): boolean; ask(): Promise<boolean> };
  readonly readiness: Readiness;
  readonly engine: Engine;
}

const PortsContext = createContext<LearnerPorts | null>(null);

/** Gives the screens their ports. */
export const LearnerPortsProvider = PortsContext.Provider;

/** The ports of the screens. @throws Error outside a LearnerPortsProvider */
export function usePorts(): LearnerPorts {
  const ports = useContext(PortsContext);
  if (!ports) throw new Error('usePorts needs a LearnerPortsProvider');
  return ports;
}

/** Read from the log now and after every change, in any tab. @param key read anew when it changes */
export function useLog<T>(read: (reader: LogReader) => Promise<T>, key: string): Loaded<T> {
  const { log } = usePorts();
  const [loaded, setLoaded] = useState<Loaded<T>>({ kind: 'waiting' });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for what `read` closes over
  useEffect(
    () =>
      log.watch(
        read,
        (value) => setLoaded({ kind: 'ready', value }),
        (fault) => setLoaded({ kind: 'failed', fault }),
      ),
    [log, key],
  );
  return loaded;
}

/** Read once, and again when `key` changes. */
export function useOnce<T>(read: () => Promise<T>, key: string): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ kind: 'waiting' });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for what `read` closes over
  useEffect(() => {
    let isWanted = true;
    read().then(
      (value) => isWanted && setLoaded({ kind: 'ready', value }),
      (fault: unknown) => isWanted && setLoaded({ kind: 'failed', fault }),
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return loaded;
}

/** The learner's settings, with what holds before they are set. */
export interface Settings {
  readonly packId: string | null;
  readonly minutesADay: number;
  readonly examDate: string | null;
  /** A third button, Guess, beside Not sure and Sure. */
  readonly hasGuess: boolean;
  /** Four buttons after a review: the learner says how well it was recalled. */
  readonly hasGrades: boolean;
  /** Single keys choose, answer and undo. */
  readonly hasKeys: boolean;
}

/** What holds while the settings are still read. */
export const UNREAD_SETTINGS: Settings = {
  packId: null,
  minutesADay: 15,
  examDate: null,
  hasGuess: false,
  hasGrades: false,
  hasKeys: true,
};

/** Fold of the settings. */
export async function readSettings(reader: LogReader): Promise<Settings> {
  const rows = new Map((await reader.list('settings')).map((s) => [s.key, s.value]));
  return {
    packId: rows.get('pack') || null,
    minutesADay: Number(rows.get('minutes_a_day') ?? 15),
    examDate: rows.get('exam_date') || null,
    hasGuess: rows.get('study.guess') === 'on',
    hasGrades: rows.get('study.grades') === 'on',
    hasKeys: rows.get('study.keys') !== 'off',
  };
}
