// @vitest-environment node
import { describe, expect, test } from 'vitest';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { choiceToList, rightChoice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';
import { drawExam } from './exam.ts';
import { rangeRecords } from './score.ts';
import { always, desk, run } from './test-desk.ts';
import type { Tutor } from './tutor.ts';

const DAY = 86_400_000;

describe('ways to study', () => {
  test('a drill asks of its topics alone', async () => {
    const { tutor } = desk(1);
    const asked = await run(tutor, { mode: 'drill', topics: ['b'], planned: 8 }, always);
    expect(asked).toHaveLength(8);
    for (const id of asked) expect(tutor.course.items.get(id)?.topics).toEqual(['b']);
  });

  test('a session of own choice asks exactly what was chosen, in that order', async () => {
    const { tutor } = desk(2);
    const itemIds = ['item-7', 'item-2', 'item-9'];
    expect(await run(tutor, { mode: 'custom', itemIds }, always)).toEqual(itemIds);
  });

  test('a question put away is asked no more, in any session, until it is allowed again', async () => {
    const { tutor, open } = desk(3, 6);
    await tutor.overlay({ kind: 'item.suspended', itemId: 'item-2', value: true });
    expect(await run(tutor, { mode: 'custom', itemIds: ['item-1', 'item-2'] }, always)).toEqual(['item-1']);
    expect(await run(open(), { mode: 'practice', planned: 6 }, always)).not.toContain('item-2');
    await tutor.overlay({ kind: 'item.suspended', itemId: 'item-2', value: false });
    expect(await run(tutor, { mode: 'custom', itemIds: ['item-2'] }, always)).toEqual(['item-2']);
  });

  test('a question put away while it is on screen is replaced', async () => {
    const { tutor } = desk(4);
    const id = await tutor.startSession({ mode: 'practice', planned: 5 });
    const shown = await tutor.question(id);
    await tutor.overlay({ kind: 'item.suspended', itemId: shown?.item.id ?? '', value: true });
    expect((await tutor.question(id))?.item.id).not.toBe(shown?.item.id);
  });

  test('what was answered comes up for review days later, the wrong ones sooner', async () => {
    const { tutor, clock } = desk(5);
    await run(tutor, { mode: 'practice', planned: 20 }, (item) => item.topics[0] === 'a');
    const plan = { easyDays: [1, 1, 1, 1, 1, 1, 1], dailyCap: 50, spreadDays: 1, spreadFrom: null, isPaused: false, examDay: null };
    expect((await tutor.reviews(plan)).today).toHaveLength(0);
    clock.at += DAY;
    const wrongFirst = (await tutor.reviews(plan)).today.map((d) => tutor.course.items.get(d.itemId)?.topics[0]);
    expect(wrongFirst.length).toBeGreaterThan(0);
    expect(new Set(wrongFirst)).toEqual(new Set(['b']));
    clock.at += 5 * DAY;
    expect((await tutor.reviews(plan)).today).toHaveLength(20);
    expect((await tutor.reviews({ ...plan, isPaused: true })).today).toHaveLength(0);
  });
});

describe('a review graded by the learner', () => {
  const plan = { easyDays: [1, 1, 1, 1, 1, 1, 1], dailyCap: 50, spreadDays: 1, spreadFrom: null, isPaused: false, examDay: null };
  const reviewed = async (seed: number) => {
    const made = desk(seed);
    await run(made.tutor, { mode: 'practice', planned: 5 }, always);
    made.clock.at += 10 * DAY;
    const [due] = (await made.tutor.reviews(plan)).today;
    const id = await made.tutor.startSession({ mode: 'review', itemIds: [due?.itemId ?? ''] });
    const shown = await made.tutor.question(id);
    if (!shown) throw new Error('nothing due');
    await made.tutor.record({ shown, choice: rightChoice(shown.item), confidence: 'sure', msRaw: 4000 });
    return { ...made, shown };
  };

  test('is told when each grade brings it back: the easier, the later, and which the answer itself suggests', async () => {
    const { tutor, shown } = await reviewed(20);
    const grades = await tutor.grades(shown.attempt.attempt_id);
    expect(grades.map((g) => g.grade)).toEqual([1, 2, 3, 4]);
    expect(grades.filter((g) => g.isSuggested).map((g) => g.grade)).toEqual([3]);
    const days = grades.map((g) => g.days);
    expect(days).toEqual([...days].sort((a, b) => a - b));
    expect(days[3]).toBeGreaterThan(days[0] ?? Number.NaN);
    expect(await tutor.grades('another')).toEqual([]);
  });

  test('comes back when that grade says, also after a new start; the answer stays right', async () => {
    const { tutor, open, shown } = await reviewed(21);
    const stability = async (t: Tutor) => (await t.state()).recollection.memories.get(shown.item.id)?.stability ?? Number.NaN;
    const before = await stability(tutor);
    await tutor.grade(shown.attempt.attempt_id, 1);
    expect(await stability(tutor)).toBeLessThan(before / 2);
    expect(await stability(open())).toBe(await stability(tutor));
    expect((await tutor.state()).answers.at(-1)).toMatchObject({ correct: 1, grade: 1 });
  });
});

describe('a mock exam', () => {
  test('draws questions by the topics’ weights, none twice, none put away', async () => {
    const { tutor, rng } = desk(6, 60);
    await tutor.overlay({ kind: 'item.suspended', itemId: 'item-4', value: true });
    const state = await tutor.state();
    for (const [n, ofA] of [
      [10, 6],
      [20, 12],
      [5, 3],
    ] as const) {
      const ids = drawExam(tutor.course, state, n, rng);
      expect(new Set(ids).size).toBe(n);
      expect(ids).not.toContain('item-4');
      expect(ids.filter((id) => tutor.course.items.get(id)?.topics[0] === 'a')).toHaveLength(ofA);
    }
    expect(drawExam(tutor.course, state, 500, rng)).toHaveLength(59);
  });

  test('records nothing before it is handed in, then every answer once, however often it is handed in', async () => {
    const { tutor, log, open } = desk(7);
    const id = await tutor.startExam({ questions: 10, minutes: 20 });
    const exam = await log.get('exams', id);
    // the clock of this test ticks on with every look at it, the exam's does not
    expect(Math.abs((exam?.deadline ?? 0) - (exam?.at ?? 0) - 20 * 60_000)).toBeLessThan(30_000);
    const [first, second, third] = (exam?.item_ids ?? []).map((itemId) => tutor.course.items.get(itemId) as Item);
    if (!first || !second || !third) throw new Error('no questions');
    await tutor.markExam(id, first.id, { choice: ['none'], flagged: false, ms_raw: 1000 });
    await tutor.markExam(id, first.id, { choice: choiceToList(rightChoice(first)), flagged: true, ms_raw: 2500 });
    await tutor.markExam(id, second.id, { choice: ['none'], flagged: false, ms_raw: 400 });
    await tutor.markExam(id, third.id, { choice: [], flagged: true, ms_raw: 100 });
    expect((await tutor.state()).answers).toHaveLength(0);
    expect(await log.list('answers')).toHaveLength(0);
    await tutor.submitExam(id, 'submitted');
    await open().submitExam(id, 'time');
    const { answers } = await tutor.state();
    expect(answers.map((a) => [a.item_id, a.correct, a.confidence, a.ms_raw])).toEqual([
      [first.id, 1, undefined, 2500],
      [second.id, 0, undefined, 400],
    ]);
    expect(await log.get('exams', id)).toMatchObject({ submitted: { reason: 'submitted', correct: 1, answered: 2 } });
    await tutor.markExam(id, third.id, { choice: ['a'], flagged: false, ms_raw: 1 });
    expect((await log.get('exams', id))?.marks[third.id]?.choice).toEqual([]);
  });

  test('teaches the model the same whether it is folded in memory or from the log', async () => {
    const { tutor, log, open } = desk(8);
    await run(tutor, { mode: 'practice', planned: 15 }, (item) => item.topics[0] === 'a');
    const id = await tutor.startExam({ questions: 8, minutes: null });
    for (const itemId of (await log.get('exams', id))?.item_ids ?? []) {
      const item = tutor.course.items.get(itemId) as Item;
      await tutor.markExam(id, itemId, { choice: choiceToList(rightChoice(item)), flagged: false, ms_raw: 900 });
    }
    await tutor.submitExam(id, 'submitted');
    const [here, again] = [await tutor.state(), await open().state()];
    expect(here.answers).toHaveLength(23);
    expect(storeLayer(again.model.layer)).toEqual(storeLayer(here.model.layer));
    expect(here.model.history.all.attempts).toBe(23);
  });

  test('goes on while other sessions begin and end', async () => {
    const { tutor, log } = desk(9);
    const id = await tutor.startExam({ questions: 5, minutes: 5 });
    await run(tutor, { mode: 'practice', planned: 3 }, always);
    expect(await log.get('sessions', id)).toMatchObject({ ended: null });
    expect(await log.get('exams', id)).toMatchObject({ submitted: null });
  });
});

describe('the predicted score', () => {
  test('says what is missing, then gives a range that is stored with an exam and scored by it', async () => {
    const { tutor, log } = desk(10, 60);
    expect(await tutor.score()).toMatchObject({ kind: 'early', answers: 0 });
    await run(tutor, { mode: 'practice', planned: 40 }, (item) => item.topics[0] === 'a');
    const score = await tutor.score();
    if (score.kind !== 'range') throw new Error(score.kind);
    const { low, expected, high } = score.range;
    expect([low < expected, expected < high, low > 0.2, high < 0.95]).toEqual([true, true, true, true]);
    const id = await tutor.startExam({ questions: 10, minutes: null });
    const exam = await log.get('exams', id);
    expect(exam?.predicted).toEqual(((await tutor.score()) as typeof score).range);
    for (const itemId of exam?.item_ids ?? []) {
      const item = tutor.course.items.get(itemId) as Item;
      await tutor.markExam(id, itemId, { choice: choiceToList(rightChoice(item)), flagged: false, ms_raw: 900 });
    }
    await tutor.submitExam(id, 'submitted');
    const [record] = rangeRecords(await log.list('exams'), []);
    expect(record).toMatchObject({ kind: 'mock', score: 1, isHit: high >= 1, low, high });
  });

  test('is hidden after 45 days without an answer', async () => {
    const { tutor, clock } = desk(11, 60);
    await run(tutor, { mode: 'practice', planned: 40 }, always);
    expect((await tutor.score()).kind).toBe('range');
    clock.at += 46 * DAY;
    expect(await tutor.score()).toMatchObject({ kind: 'stale', days: 46 });
  });
});
