/** How well an answer was recalled, FSRS's four grades: 1 again, 2 hard, 3 good, 4 easy. */
export type Grade = 1 | 2 | 3 | 4;

/** What a grade is read from. */
export interface Recall {
  readonly correct: 0 | 1;
  /** Stated chance of being right: Sure .9, Not sure .6, Guess .4. */
  readonly confidence: number;
  /** Seconds. */
  readonly timeSpent: number;
}

const SURE = 0.9;
const WINDOW = 101;
const MIN_TIMINGS = 20;

/**
 * Wrong is Again; right but not Sure, or slower than twice the own median, is Hard; right, Sure and below half of it is Easy; else Good.
 *
 * @param median own median seconds; null with too few timings: then time says nothing
 */
export function gradeOf({ correct, confidence, timeSpent }: Recall, median: number | null): Grade {
  if (correct === 0) return 1;
  if (confidence < SURE || (median !== null && timeSpent > 2 * median)) return 2;
  return median !== null && timeSpent < 0.5 * median ? 4 : 3;
}

/** The learner's own pace over the latest 101 answers, kept sorted so that a median costs nothing. */
export interface Pace {
  add(seconds: number): void;
  /** Null below 20 timings. */
  median(): number | null;
}

function placeIn(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A pace that has seen nothing. */
export function newPace(): Pace {
  const latest: number[] = [];
  const sorted: number[] = [];
  return {
    add(seconds) {
      latest.push(seconds);
      sorted.splice(placeIn(sorted, seconds), 0, seconds);
      if (latest.length > WINDOW) sorted.splice(placeIn(sorted, latest.shift() as number), 1);
    },
    median: () => (sorted.length < MIN_TIMINGS ? null : (sorted[sorted.length >> 1] as number)),
  };
}
