import type { Response } from '#shared/domain/response-data.ts';
import { fail, type Result, succeed } from '#shared/domain/result.ts';
import { type Rng, shuffle } from '#shared/maths/rng.ts';

type Learners = readonly (readonly Response[])[];

/** Learners by what they are for; nobody is in two parts. */
export interface Split {
  readonly train: Learners;
  /** For choosing settings; empty where the published split has none. */
  readonly validation: Learners;
  readonly test: Learners;
}

const inner = (learners: Learners): Split => ({
  train: learners.filter((_, i) => i % 5 !== 4),
  validation: [],
  test: learners.filter((_, i) => i % 5 === 4),
});

/**
 * Learner-level splits by name: `gervet` reads the column `split` (train, test); `akt:K` the column `fold` (1–5: test = K, validation =
 * K + 1 or 1 after 5, train = the other three); `folds:K` takes the learners in order of their number, test = those whose place modulo 5 is K - 1;
 * `inner:NAME` splits NAME's training learners again, every fifth one held out: for choosing, the test learners unseen.
 *
 * @returns or what is wrong with the name or the data
 */
export function splitBy(name: string, learners: Learners): Result<Split, string> {
  if (name.startsWith('inner:')) {
    const outer = splitBy(name.slice(6), learners);
    return outer.ok ? succeed(inner(outer.value.train)) : outer;
  }
  const split = named(name, learners);
  if (split === null) return fail(`unknown split "${name}": use gervet, akt:1 … akt:5, folds:1 … folds:5, or inner: and one of them`);
  return split.train.length > 0 && split.test.length > 0
    ? succeed(split)
    : fail(`the split "${name}" needs learners of both parts, found ${split.train.length} train and ${split.test.length} test`);
}

function named(name: string, learners: Learners): Split | null {
  const where = (isIn: (first: Response) => boolean) => learners.filter((answers) => isIn(answers[0] as Response));
  if (name === 'gervet') return { train: where((a) => a.split === 'train'), validation: [], test: where((a) => a.split === 'test') };
  const fold = Number(/^(?:akt|folds):([1-5])$/.exec(name)?.[1]);
  if (name.startsWith('akt:') && fold) {
    const held = (fold % 5) + 1;
    return {
      train: where((a) => a.fold !== null && a.fold !== fold && a.fold !== held),
      validation: where((a) => a.fold === held),
      test: where((a) => a.fold === fold),
    };
  }
  if (name.startsWith('folds:') && fold) {
    const sorted = [...learners].sort((a, b) => (a[0] as Response).learner - (b[0] as Response).learner);
    return {
      train: sorted.filter((_, i) => i % 5 !== fold - 1),
      validation: [],
      test: sorted.filter((_, i) => i % 5 === fold - 1),
    };
  }
  return null;
}

/** The same questions in the same order with all outcomes dealt out anew: whatever a model still learns of them is a leak. */
export function shuffledOutcomes(learners: Learners, rng: Rng): Learners {
  const outcomes = Uint32Array.from(learners.flatMap((answers) => answers.map((a) => a.correct)));
  shuffle(outcomes, rng);
  let next = 0;
  return learners.map((answers) => answers.map((a): Response => ({ ...a, correct: outcomes[next++] === 1 ? 1 : 0 })));
}
