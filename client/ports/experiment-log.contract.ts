import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { epochMs } from '#shared/domain/time.ts';
import { below, type Rng, seededRng } from '#shared/maths/rng.ts';
import type { Body, Draft } from '#shared/tracking/event.ts';
import type { ExperimentLog } from './experiment-log.ts';
import type { ContributionRow } from './federation-store.ts';
import { allRows, memoryExperimentLog } from './memory-experiment-log.ts';
import type { Moment } from './numbering.ts';

/** A clock that moves a second with every look. */
export function tickingMoment(seed = 1): () => Moment {
  let at = 1_700_000_000_000;
  const rng = seededRng(seed);
  return () => {
    at += 1000;
    return { at: epochMs(at), tz: 540, rng };
  };
}

export const started: Draft = {
  kind: 'session.started',
  body: { session_id: 's1', run_id: 'r1', pack_id: 'p1', mode: 'practice', device_kind: 'phone', planned: 10 },
};

export function answer(attempt: string, correct: 0 | 1, more: Partial<Body<'answer.recorded'>> = {}): Draft {
  const body: Body<'answer.recorded'> = {
    attempt_id: attempt,
    session_id: 's1',
    pack_id: 'p1',
    item_id: `item-${attempt}`,
    item_version: 1,
    predicted_p: 0.7,
    model_version: 'examsgraph-global/1',
    choice: ['a'],
    correct,
    confidence: 0.9,
    ms_raw: 4200,
    time_spent: 4.2,
    personalization_level: 0,
    ...more,
  };
  return { kind: 'answer.recorded', body };
}

const undo = (attempt_id: string): Draft => ({ kind: 'answer.undone', body: { attempt_id } });

/** The laws of a log, run by every adapter. `fresh` opens an empty one, `reopen` the same one again (or null where nothing outlives the page). */
export function describeLog(
  name: string,
  fresh: () => Promise<ExperimentLog>,
  reopen: ((log: ExperimentLog) => Promise<ExperimentLog>) | null,
): void {
  describe(`experiment log ${name}`, () => {
    let log: ExperimentLog;
    beforeEach(async () => {
      log = await fresh();
      await log.append([started]);
    });
    afterEach(() => log.close());
    const latest = async (key: string) => (await log.get('run_metrics', 'r1'))?.latest.find((m) => m.key === key)?.value;

    test('a contribution is booked with its run, or neither is there', async () => {
      const row = { report_id: 'r1', status: 'sealed', sealedAt: 1 } as ContributionRow;
      const outbox = { report_id: 'r1', bytes: Uint8Array.of(1, 2, 3), tries: 0, notBefore: 0 };
      const federation = [{ kind: 'contribution', row } as const, { kind: 'outbox', row: outbox } as const];
      const setting = { kind: 'setting.set', body: { key: 'a', value: 'b' } } as const;
      expect((await log.append([setting], { federation, expectHead: 9 })).kind).toBe('stale');
      expect([await log.federation.contributions(), await log.federation.outbox()]).toEqual([[], []]);
      await log.append([setting], { federation });
      expect([await log.federation.contributions(), await log.federation.outbox()]).toEqual([[row], [outbox]]);
      await log.federation.write([
        { kind: 'contribution', row: { ...row, status: 'accepted' } },
        { kind: 'sent', reportId: 'r1' },
      ]);
      expect((await log.federation.contributions()).map((r) => r.status)).toEqual(['accepted']);
      expect(await log.federation.outbox()).toEqual([]);
    });

    test('an answer, its metrics and the personal state appear together', async () => {
      const result = await log.append([answer('a1', 1)], { personal: { pack_id: 'p1', model_version: 'm/1', layer: { answers: 1 } } });
      expect(result).toMatchObject({ kind: 'appended', head: 2 });
      expect(await log.get('answers', 'a1')).toMatchObject({ correct: 1, step: 0, superseded: 0, seq: 2 });
      expect(await latest('accuracy')).toBe(1);
      expect(await latest('study_time')).toBeCloseTo(4.2);
      expect(await log.personal('p1')).toEqual({ pack_id: 'p1', model_version: 'm/1', layer: { answers: 1 }, seq: 2 });
    });

    test('an append that fails half-way leaves nothing behind', async () => {
      const before = await allRows(log);
      await expect(log.append([answer('a1', 1), answer('a2', 1, { session_id: 'nowhere' })])).rejects.toThrow();
      expect(await allRows(log)).toEqual(before);
      expect(await log.events()).toHaveLength(1);
      expect(await log.head()).toBe(1);
    });

    test('a draft that breaks its schema is refused by name', async () => {
      await expect(log.append([answer('a1', 1, { confidence: 1.5 })])).rejects.toThrow('confidence');
      expect(await log.head()).toBe(1);
    });

    test('the same attempt is stored once, however often it is sent', async () => {
      await log.append([answer('a1', 1)]);
      expect(await log.append([answer('a1', 0)])).toEqual({ kind: 'duplicate', head: 2 });
      expect(await log.list('answers')).toHaveLength(1);
      expect(await latest('questions_solved')).toBe(1);
    });

    test('two appends at once are both kept, or one is told it came second', async () => {
      const results = await Promise.all([
        log.append([answer('a1', 1)], { expectHead: 1 }),
        log.append([answer('a2', 1)], { expectHead: 1 }),
        log.append([answer('a3', 1)]),
      ]);
      expect(results.map((r) => r.kind).sort()).toEqual(['appended', 'appended', 'stale']);
      expect((await log.events()).map((e) => e.seq)).toEqual([1, 2, 3]);
      expect(await latest('questions_solved')).toBe(2);
    });

    test('a writer that has not seen the latest event is told so', async () => {
      await log.append([answer('a1', 1)], { expectHead: 1 });
      expect(await log.append([answer('a2', 1)], { expectHead: 1 })).toEqual({ kind: 'stale', head: 2 });
      expect(await log.get('answers', 'a2')).toBeUndefined();
    });

    test('undo supersedes: totals as they now stand, own metrics NaN at a later timestamp, the step taken again', async () => {
      await log.append([answer('a1', 1)]);
      await log.append([answer('a2', 0)]);
      await log.append([undo('a2')]);
      expect(await latest('questions_solved')).toBe(1);
      expect(await latest('accuracy')).toBe(1);
      expect(await latest('answer_correct')).toBeNaN();
      await log.append([undo('a2')]);
      expect(await latest('questions_solved')).toBe(1);
      await log.append([answer('a3', 1)]);
      expect(await log.get('answers', 'a3')).toMatchObject({ step: 1 });
      expect(await latest('questions_solved')).toBe(2);
    });

    test('events are numbered without gaps and their clocks only rise', async () => {
      await log.append([answer('a1', 1), answer('a2', 0)]);
      await log.append([undo('a2')]);
      const events = await log.events();
      expect(events.map((e) => e.seq)).toEqual([1, 2, 3, 4]);
      expect([...events].map((e) => e.hlc).sort()).toEqual(events.map((e) => e.hlc));
      expect(new Set(events.map((e) => e.id)).size).toBe(4);
    });

    test('a watcher sees the value now and after each change', async () => {
      const seen: number[] = [];
      await new Promise<void>((resolve, reject) => {
        const stop = log.watch(
          async (reader) => (await reader.list('answers', 'session_id', 's1')).length,
          (n) => {
            seen.push(n);
            if (seen.length === 1) void log.append([answer('a1', 1)]);
            if (n === 1) {
              stop();
              resolve();
            }
          },
          reject,
        );
      });
      expect(seen).toEqual([0, 1]);
    });

    test('a watcher sees a change of what it read last, such as a row that is deleted', async () => {
      const alias = { name: 'm', alias: 'champion' };
      await log.append([
        { kind: 'model.registered', body: { name: 'm', version: 1, run_id: 'r1', tags: [] } },
        { kind: 'alias.set', body: { ...alias, version: 1 } },
      ]);
      const seen: (number | undefined)[] = [];
      await new Promise<void>((resolve, reject) => {
        const stop = log.watch(
          async (reader) => {
            await reader.list('model_versions', 'name', 'm');
            await reader.list('settings');
            return (await reader.get('aliases', ['m', 'champion']))?.version;
          },
          (version) => {
            seen.push(version);
            if (seen.length === 1) void log.append([{ kind: 'alias.deleted', body: alias }]);
            if (version === undefined) {
              stop();
              resolve();
            }
          },
          reject,
        );
      });
      expect(seen).toEqual([1, undefined]);
    });

    test('artifact bytes come back as they were', async () => {
      const bytes = new Uint8Array([0, 255, 7]);
      await log.append([{ kind: 'artifact.logged', body: { run_id: 'r1', path: 'model/a.bin', sha256: 'x', size: 3 } }], {
        artifacts: [{ run_id: 'r1', path: 'model/a.bin', bytes }],
      });
      expect(await log.artifact('r1', 'model/a.bin')).toEqual(bytes);
      expect(await log.artifact('r1', 'other')).toBeUndefined();
    });

    test('a param keeps its first value, a tag its last, a finished run its end', async () => {
      await log.append([
        { kind: 'run.created', body: { run_id: 'r1', experiment_id: 'e', run_name: 'n', start_time: 1, params: [], tags: [] } },
        { kind: 'param.logged', body: { run_id: 'r1', key: 'k', value: 'first' } },
        { kind: 'param.logged', body: { run_id: 'r1', key: 'k', value: 'second' } },
        { kind: 'tag.set', body: { run_id: 'r1', key: 't', value: 'first' } },
        { kind: 'tag.set', body: { run_id: 'r1', key: 't', value: 'second' } },
        { kind: 'run.updated', body: { run_id: 'r1', status: 'FAILED', end_time: 5 } },
        { kind: 'run.updated', body: { run_id: 'r1', status: 'FINISHED', end_time: 9 } },
      ]);
      expect((await log.get('params', ['r1', 'k']))?.value).toBe('first');
      expect((await log.get('tags', ['r1', 't']))?.value).toBe('second');
      expect(await log.get('runs', 'r1')).toMatchObject({ status: 'FAILED', end_time: 5 });
    });

    test('an alias points where it was last set, and nowhere once deleted', async () => {
      const alias = { name: 'm', alias: 'champion' };
      await log.append([
        { kind: 'model.registered', body: { name: 'm', version: 1, run_id: 'r1', tags: [] } },
        { kind: 'model.registered', body: { name: 'm', version: 2, run_id: 'r2', tags: [] } },
        { kind: 'alias.set', body: { ...alias, version: 1 } },
        { kind: 'alias.set', body: { ...alias, version: 2 } },
      ]);
      expect(await log.get('aliases', ['m', 'champion'])).toMatchObject({ version: 2 });
      await log.append([{ kind: 'alias.deleted', body: alias }]);
      expect(await log.get('aliases', ['m', 'champion'])).toBeUndefined();
      expect(await log.list('model_versions', 'name', 'm')).toHaveLength(2);
    });

    test('a place in the log is found by its clock, and the clock by its place', async () => {
      await log.append([answer('a1', 1), answer('a2', 0)]);
      const events = await log.events();
      for (const [i, event] of events.entries()) {
        expect(await log.placeOf(event.hlc)).toBe(i + 1);
        expect(await log.hlcAt(i + 1)).toBe(event.hlc);
      }
      expect([await log.hlcAt(0), await log.hlcAt(99), await log.placeOf('')]).toEqual([null, null, 0]);
    });

    test('deleting everything leaves an empty log behind', async () => {
      await log.append([answer('a1', 1)]);
      await log.deleteEverything();
      log = await fresh();
      expect(await log.events()).toEqual([]);
    });

    if (reopen) {
      test('everything is there after closing and opening again', async () => {
        await log.append([answer('a1', 1)], { personal: { pack_id: 'p1', model_version: 'm/1', layer: 1 } });
        const before = await allRows(log);
        log = await reopen(log);
        expect(await allRows(log)).toEqual(before);
        expect(await log.append([answer('a2', 1)])).toMatchObject({ head: 3 });
      });
    }
  });

  describe(`merges of ${name}`, () => {
    const other = async (seed: number, drafts: readonly Draft[]) => {
      const log = memoryExperimentLog(tickingMoment(seed), `memory000000000${seed}`);
      for (const draft of drafts) await log.append([draft]);
      return { events: await log.events(), artifacts: [] };
    };
    const session = (id: string): Draft => ({ ...started, body: { ...started.body, session_id: id, run_id: `run-${id}` } }) as Draft;
    const history = (id: string) => [session(id), answer(`${id}-1`, 1, { session_id: id }), answer(`${id}-2`, 0, { session_id: id })];

    test('bring what is not here, once, in the order of the clocks', async () => {
      const log = await fresh();
      for (const draft of history('mine')) await log.append([draft]);
      const incoming = await other(2, history('theirs'));
      expect(await log.compare(incoming.events)).toEqual({ added: 3, known: 0 });
      expect(await log.merge(incoming)).toEqual({ added: 3, known: 0 });
      const once = await allRows(log);
      expect(await log.merge(incoming)).toEqual({ added: 0, known: 3 });
      expect(await allRows(log)).toEqual(once);
      const hlcs = (await log.events()).map((e) => e.hlc);
      expect(hlcs).toEqual([...hlcs].sort());
      expect((await log.list('answers')).map((a) => a.seq).sort((a, b) => a - b)).toEqual([3, 4, 5, 6]);
      expect(await log.append([answer('later', 1, { session_id: 'theirs' })])).toMatchObject({ kind: 'appended', head: 7 });
      log.close();
    });

    test('give the same rows whichever log takes in the other', async () => {
      const [a, b] = [await other(2, history('a')), await other(3, history('b'))];
      const [one, two] = [await fresh(), memoryExperimentLog(tickingMoment(5))];
      for (const incoming of [a, b]) await one.merge(incoming);
      for (const incoming of [b, a, b]) await two.merge(incoming);
      expect(await allRows(one)).toEqual(await allRows(two));
      one.close();
    });

    test('that cannot be folded leave everything as it was', async () => {
      const log = await fresh();
      for (const draft of history('mine')) await log.append([draft]);
      const before = await allRows(log);
      const { events } = await other(2, history('theirs'));
      await expect(log.merge({ events: events.slice(1), artifacts: [] })).rejects.toThrow();
      expect(await allRows(log)).toEqual(before);
      expect(await log.events()).toHaveLength(3);
      log.close();
    });
  });

  describe(`folds of ${name}`, () => {
    test.each([1, 2, 3, 4, 5])('dropping every row and folding the events again gives the same rows (seed %i)', async (seed) => {
      const rng = seededRng(seed);
      const log = await fresh();
      await log.append([started]);
      for (let i = 0; i < 40; i++) await log.append([randomDraft(i, rng)]);
      const before = await allRows(log);
      expect(before.answers?.length).toBeGreaterThan(10);
      await log.rebuild();
      expect(await allRows(log)).toEqual(before);
      log.close();
    });
  });
}

function randomDraft(i: number, rng: Rng): Draft {
  const dice = below(10, rng);
  if (dice < 7) return answer(`a${i}`, below(2, rng) as 0 | 1);
  if (dice < 9) return undo(`a${below(i + 1, rng)}`);
  return { kind: 'setting.set', body: { key: 'language', value: below(2, rng) === 0 ? 'ko' : 'en' } };
}

const RUNS = ['1', '2', '3'].map((n) => n.repeat(32));
const MODEL = 'personal';

/** What every device of the random logs knows of: a session, and the runs that they log to. */
export const COMMON: readonly Draft[] = [
  started,
  { kind: 'experiment.created', body: { experiment_id: '1', name: 'training' } },
  ...RUNS.map(
    (run_id): Draft => ({ kind: 'run.created', body: { run_id, experiment_id: '1', run_name: 'r', start_time: 1, params: [], tags: [] } }),
  ),
];

/** What a device may append, drawn at random. @param own tells the device's values from another's */
export function randomDrafts(rng: Rng, own: string): readonly Draft[] {
  const run_id = RUNS[below(RUNS.length, rng)] as string;
  const key = `k${below(3, rng)}`;
  const value = `${own}${below(5, rng)}`;
  const attempt = `${own}${below(6, rng)}`;
  switch (below(9, rng)) {
    case 0:
      return [{ kind: 'param.logged', body: { run_id, key, value } }];
    case 1:
      return [{ kind: 'tag.set', body: { run_id, key, value } }];
    case 2:
    case 3: {
      const point = () => ({ key, value: below(4, rng), timestamp: 1 + below(3, rng), step: below(3, rng) });
      return [{ kind: 'metric.logged', body: { run_id, metrics: [point(), point()] } }];
    }
    case 4:
      return [{ kind: 'run.updated', body: { run_id, status: below(2, rng) ? 'FINISHED' : 'FAILED', end_time: 1 + below(9, rng) } }];
    case 5: {
      const model = { name: MODEL, version: 1 + below(2, rng), run_id: `${own}${below(3, rng)}` };
      return [
        { kind: 'model.registered', body: { ...model, tags: [] } },
        { kind: 'alias.set', body: { ...model, alias: 'champion' } },
      ];
    }
    case 6:
      return [answer(attempt, below(2, rng) ? 1 : 0)];
    case 7:
      return [undo(attempt)];
    default:
      return [{ kind: 'setting.set', body: { key, value } }];
  }
}
