import { default_w, FSRSAlgorithm, forgetting_curve, generatorParameters } from 'ts-fsrs';
import type { Grade } from './grading.ts';

const DAY_MS = 86_400_000;

/** What is remembered of one question, by FSRS-6. */
export interface Memory {
  /** Days until the chance of recall falls to 90 %. */
  readonly stability: number;
  /** 1 easy – 10 hard. */
  readonly difficulty: number;
  /** Study day of the latest answer (days since 1970-01-01). */
  readonly day: number;
  /** Moment of the latest answer, epoch ms. */
  readonly at: number;
  readonly answers: number;
  readonly lapses: number;
}

/** FSRS-6 with one set of its 21 parameters. */
export interface Scheduler {
  /** A fresh memory after one more answer. @param day study day of the answer */
  remember(memory: Memory | null, grade: Grade, at: number, day: number): Memory;
  /** Chance of recall at a moment, 0–1. */
  recall(memory: Memory, now: number): number;
  /** Days after the latest answer at which recall falls to `retention`; at least 1, unrounded otherwise. */
  interval(memory: Memory, retention: number): number;
}

/** FSRS-6's published default parameters (open-spaced-repetition, ts-fsrs): 21 numbers. */
export const DEFAULT_PARAMETERS: readonly number[] = [...default_w];

/** A scheduler. @param w 21 parameters, the last the curve's decay @throws Error unless there are 21 finite numbers */
export function scheduler(w: readonly number[] = DEFAULT_PARAMETERS): Scheduler {
  const algorithm = new FSRSAlgorithm(generatorParameters({ w: [...w], enable_fuzz: false, enable_short_term: true }));
  const decay = w[20] as number;
  const factor = 0.9 ** (-1 / decay) - 1;
  return {
    remember(memory, grade, at, day) {
      const before = memory && { stability: memory.stability, difficulty: memory.difficulty };
      const { stability, difficulty } = algorithm.next_state(before, memory ? Math.max(0, day - memory.day) : 0, grade);
      const lapses = (memory?.lapses ?? 0) + (memory && grade === 1 ? 1 : 0);
      return { stability, difficulty, day, at, answers: (memory?.answers ?? 0) + 1, lapses };
    },
    recall: (memory, now) => forgetting_curve([...w], Math.max(0, now - memory.at) / DAY_MS, memory.stability),
    interval: (memory, retention) => Math.max(1, (memory.stability / factor) * (retention ** (-1 / decay) - 1)),
  };
}
