import { TrackingFault } from '#shared/tracking/fault.ts';
import { isClash, isDatabaseAway, isTooSlow } from '../ports/database.ts';

/** What became of one item of a batch. */
export type Outcome<A> = { readonly ok: A } | { readonly fault: TrackingFault };

interface Waiting<Q, A> {
  readonly item: Q;
  readonly done: (answer: A) => void;
  readonly failed: (cause: unknown) => void;
}

/** Requests that may wait at once; more are told to come again. */
const MOST_WAITING = 10_000;

/**
 * Collects what arrives while a write is under way, and writes it together: one transaction for many requests, each told its own outcome after
 * the commit. An idle writer starts at once, so that a lone request waits for nobody. A batch that fails is tried again one by one, so that one
 * bad item fails alone, and so is a lone item for which another writer was too quick; where the database is away, it fails as a whole.
 *
 * @param write all items in one transaction; outcomes in the items' order
 * @param most  items of one batch
 * @param writers batches under way at once; more than one where items seldom touch the same rows, so that none waits for the other
 */
export function batcher<Q, A>(
  write: (items: readonly Q[]) => Promise<readonly Outcome<A>[]>,
  most: number,
  writers = 1,
): (item: Q) => Promise<A> {
  let waiting: Waiting<Q, A>[] = [];
  let writing = 0;

  const settle = ({ done, failed }: Waiting<Q, A>, outcome: Outcome<A>) => ('ok' in outcome ? done(outcome.ok) : failed(outcome.fault));

  async function writeAlone(one: Waiting<Q, A>, isAgain = false): Promise<void> {
    try {
      const [outcome] = await write([one.item]);
      if (!outcome) throw new Error('a write gave no outcome');
      settle(one, outcome);
    } catch (cause) {
      if (isClash(cause) && !isAgain) return writeAlone(one, true);
      one.failed(cause);
    }
  }

  async function writeBatch(batch: readonly Waiting<Q, A>[]): Promise<void> {
    try {
      const outcomes = await write(batch.map((w) => w.item));
      batch.forEach((one, i) => {
        settle(one, outcomes[i] ?? { fault: new TrackingFault('INTERNAL_ERROR', 'a write gave no outcome') });
      });
    } catch (cause) {
      const [only] = batch;
      if (batch.length === 1 && only) return isClash(cause) ? writeAlone(only, true) : only.failed(cause);
      if (isDatabaseAway(cause) && !isTooSlow(cause)) {
        for (const one of batch) one.failed(cause);
        return;
      }
      for (const one of batch) await writeAlone(one);
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      await writeBatch(batch);
    }
    writing--;
  }

  return (item) =>
    new Promise((done, failed) => {
      if (waiting.length >= MOST_WAITING)
        return failed(new TrackingFault('TEMPORARILY_UNAVAILABLE', 'Too much is waiting to be written. Try again.'));
      waiting.push({ item, done, failed });
      // a turn of the loop: what has arrived with this request goes with it
      if (writing < writers) {
        writing++;
        setImmediate(() => void drain());
      }
    });
}
