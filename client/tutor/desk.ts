import type { ArtifactBytes, ExperimentLog, Together } from '#client/ports/experiment-log.ts';
import type { GlobalModel } from '#client/ports/global-model.ts';
import type { Moment } from '#client/ports/numbering.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { newExperimentId, uuidv7 } from '#shared/domain/ids.ts';
import { oneAtATime } from '#shared/domain/one-at-a-time.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { SessionRow } from '#shared/tracking/rows.ts';
import { type Course, foldState, type TutorState } from './tutor-state.ts';

/** What a tutor works with. */
export interface TutorPorts {
  readonly log: ExperimentLog;
  readonly global: GlobalModel;
  readonly moment: () => Moment;
  /** `phone`, `tablet` or `desktop`, as logged. */
  readonly deviceKind: string;
  /** Run work that only one tab may do at a time; told whether it got the turn. */
  readonly exclusively: <T>(work: (isFree: boolean) => Promise<T>) => Promise<T>;
}

/** What to write, decided from the state. */
export interface Decision {
  readonly drafts: readonly Draft[];
  readonly together?: Omit<Together, 'expectHead'>;
  /** Brings the state in memory to where the log now is; left out where the state is not touched. */
  readonly apply?: (state: TutorState) => Promise<void> | void;
  /** The state must be folded anew: another model serves from now on. */
  readonly refold?: boolean;
}

/** One pack's place at the log: its folded state, and writes that never rest on a stale one. */
export interface Desk {
  readonly ports: TutorPorts;
  readonly course: Course;
  readonly packId: string;
  /** The state as of the latest event, refolded when another tab has written. */
  state(): Promise<TutorState>;
  /** Decide from the state and write; decide again if another tab was quicker. @returns whether anything was written */
  write(decide: (state: TutorState) => Promise<Decision | null>): Promise<boolean>;
  newId(): string;
}

/** A desk for one pack. */
export function openDesk(course: Course, ports: TutorPorts): Desk {
  const { log, global, moment } = ports;
  let folded: TutorState | null = null;
  let folding: Promise<TutorState> | null = null;
  const inTurn = oneAtATime();

  /** What an append still has to bring to the state in memory: done for whoever next needs the state, so that whoever wrote may draw first. */
  let unapplied: (() => Promise<void>) | null = null;
  let applying: Promise<void> = Promise.resolve();
  const applied = (): Promise<void> => {
    if (unapplied) applying = unapplied();
    unapplied = null;
    return applying;
  };

  async function refold(head: number): Promise<TutorState> {
    folded = await foldState(log, course, global, head);
    return folded;
  }

  async function state(): Promise<TutorState> {
    await applied();
    const head = await log.head();
    if (folded?.head === head) return folded;
    folding ??= refold(head).finally(() => {
      folding = null;
    });
    return folding;
  }

  async function apply(decision: Decision, now: TutorState, head: number): Promise<void> {
    try {
      await decision.apply?.(now);
      now.head = head;
      if (decision.refold) folded = null;
    } catch {
      // what was written is safe: the state is folded anew from it
      folded = null;
    }
  }

  async function write(decide: (state: TutorState) => Promise<Decision | null>): Promise<boolean> {
    await applied();
    // The state in memory is taken on trust first: a log that has moved on refuses the append, and it is folded anew.
    for (let now = folded ?? (await state()); ; now = await state()) {
      const decision = await decide(now);
      if (!decision) {
        if (now.head === (await log.head())) return false;
        continue;
      }
      const result = await log.append(decision.drafts, { ...decision.together, expectHead: now.head });
      if (result.kind === 'duplicate') return false;
      if (result.kind === 'stale') continue;
      unapplied = () => apply(decision, now, result.head);
      return true;
    }
  }

  return {
    ports,
    course,
    packId: course.pack.manifest.id,
    state,
    write: (decide) => inTurn(() => write(decide)),
    newId() {
      const { at, rng } = moment();
      return uuidv7(at, rng);
    },
  };
}

/** The experiment of that name, with the event that creates it if it is not there yet. */
export async function experimentNamed(desk: Desk, name: string): Promise<{ readonly id: string; readonly drafts: readonly Draft[] }> {
  const known = (await desk.ports.log.list('experiments')).find((e) => e.name === name);
  if (known) return { id: known.experiment_id, drafts: [] };
  const experiment_id = newExperimentId(desk.ports.moment().rng);
  return { id: experiment_id, drafts: [{ kind: 'experiment.created', body: { experiment_id, name } }] };
}

/** A file of JSON below a run: the event that logs it, and its bytes. */
export function jsonArtifact(run_id: string, path: string, value: unknown): { readonly draft: Draft; readonly bytes: ArtifactBytes } {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return {
    draft: { kind: 'artifact.logged', body: { run_id, path, sha256: sha256Hex(bytes), size: bytes.length } },
    bytes: { run_id, path, bytes },
  };
}

/** A record as MLflow's list of key and value. */
export function pairs(record: Readonly<Record<string, string | number>>): { key: string; value: string }[] {
  return Object.entries(record).map(([key, value]) => ({ key, value: String(value) }));
}

/** @throws RangeError if there is no such session */
export async function sessionOf(desk: Desk, sessionId: string): Promise<SessionRow> {
  const session = await desk.ports.log.get('sessions', sessionId);
  if (!session) throw new RangeError(`no session ${sessionId}`);
  return session;
}

const TARGETS: Readonly<Record<string, number>> = { easier: 0.85, balanced: 0.8, harder: 0.75 };

/** The chance of a right answer this learner wants to be asked at. */
export async function targetChance(desk: Desk): Promise<number> {
  const setting = await desk.ports.log.get('settings', `target.${desk.packId}`);
  return TARGETS[setting?.value ?? 'balanced'] ?? 0.8;
}
