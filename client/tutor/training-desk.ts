import { type Trained, type Trainer, TrainingLost, type TrainingProgress } from '#client/ports/trainer.ts';
import type { Rung, SearchResult } from '#models/difficulty/automl.ts';
import type { Tutor } from './tutor.ts';

/** A point of the loss curve. */
export type CurvePoint = Extract<TrainingProgress, { kind: 'epoch' }>;

/** The training of this page: none yet, under way, or how the last one ended. */
export type TrainingState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly backend: string | null; readonly curve: readonly CurvePoint[] }
  | { readonly kind: 'done'; readonly trained: Trained; readonly curve: readonly CurvePoint[] }
  | { readonly kind: 'lost'; readonly reason: TrainingLost['kind']; readonly message: string };

/** Starts and stops trainings, one at a time, and tells how they go. */
export interface TrainingDesk {
  current(): TrainingState;
  subscribe(onChange: () => void): () => void;
  start(tutor: Tutor): Promise<void>;
  stop(): void;
  /** Search the layer's settings; null when stopped. @throws TrainingLost */
  search(tutor: Tutor, onRung: (rung: Rung) => void, signal: AbortSignal): Promise<SearchResult | null>;
}

/** A training desk around a trainer. */
export function trainingDesk(trainer: Trainer): TrainingDesk {
  let state: TrainingState = { kind: 'idle' };
  let control = new AbortController();
  const listeners = new Set<() => void>();
  const become = (next: TrainingState) => {
    state = next;
    for (const tell of listeners) tell();
  };
  const curve = (): readonly CurvePoint[] => (state.kind === 'running' ? state.curve : []);
  const progress = (p: TrainingProgress) => {
    if (state.kind !== 'running') return;
    if (p.kind === 'backend') become({ ...state, backend: p.backend });
    if (p.kind === 'epoch') become({ ...state, curve: [...state.curve, p] });
  };
  return {
    current: () => state,
    subscribe(onChange) {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
    async start(tutor) {
      if (state.kind === 'running') return;
      control = new AbortController();
      become({ kind: 'running', backend: null, curve: [] });
      try {
        const trained = await tutor.train(trainer, progress, control.signal);
        become({ kind: 'done', trained, curve: curve() });
      } catch (cause) {
        const lost = cause instanceof TrainingLost ? cause : new TrainingLost('failed', String(cause));
        become({ kind: 'lost', reason: lost.kind, message: lost.message });
      }
    },
    stop: () => control.abort(),
    search: (tutor, onRung, signal) => tutor.search(trainer, onRung, signal),
  };
}
