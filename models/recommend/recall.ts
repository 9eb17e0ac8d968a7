const DAY_MS = 86_400_000;
const DECAY = -0.1542;
const FACTOR = 0.9 ** (1 / DECAY) - 1;
const FIRST_STABILITY_DAYS = { right: 2.3065, wrong: 0.212 } as const;
const GROWTH = 2.5;

/**
 * Chance of still recalling an item: the power curve of FSRS-6, `(1 + F t / S)^-0.1542` with R(S) = 0.9, its stability S started at
 * FSRS-6's default for a first Good (2.3 days) or Again (0.2), multiplied by 2.5 for every later right answer and reset by a wrong one.
 * A stand-in until the review queue brings the full scheduler.
 *
 * @param outcomes answers to the item, oldest first
 * @param latestAt epoch ms of the latest of them
 */
export function recall(outcomes: readonly (0 | 1)[], latestAt: number, now: number): number {
  let stability = 0;
  for (const y of outcomes) {
    if (y === 0) stability = FIRST_STABILITY_DAYS.wrong;
    else stability = stability === 0 ? FIRST_STABILITY_DAYS.right : stability * GROWTH;
  }
  const days = Math.max(0, now - latestAt) / DAY_MS;
  return stability === 0 ? 1 : (1 + (FACTOR * days) / stability) ** DECAY;
}
