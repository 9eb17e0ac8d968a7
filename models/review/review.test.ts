import { FSRSAlgorithm, generatorParameters } from 'ts-fsrs';
import { describe, expect, test } from 'vitest';
import { below, normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { fitReviews, MIN_REVIEWS, type ReviewEvent, scoreReviews } from './fit.ts';
import { type Grade, gradeOf, newPace } from './grading.ts';
import { DEFAULT_PARAMETERS, type Memory, scheduler } from './memory.ts';
import { dueDay, type ReviewPlan, reviewQueue, weekdayOf } from './queue.ts';

const DAY = 86_400_000;
const PLAN: ReviewPlan = {
  easyDays: [1, 1, 1, 1, 1, 1, 1],
  dailyCap: 1000,
  spreadDays: 1,
  spreadFrom: null,
  isPaused: false,
  examDay: null,
};
const fsrs = scheduler();

describe('grades', () => {
  const recall = (correct: 0 | 1, confidence: number, timeSpent: number) => ({ correct, confidence, timeSpent });
  test.each([
    ['wrong is Again, however sure or quick', recall(0, 0.9, 1), 10, 1],
    ['right but Not sure is Hard', recall(1, 0.6, 10), 10, 2],
    ['right but a guess is Hard', recall(1, 0.4, 10), 10, 2],
    ['right, Sure, slower than twice the median is Hard', recall(1, 0.9, 20.1), 10, 2],
    ['right and Sure at twice the median is Good', recall(1, 0.9, 20), 10, 3],
    ['right and Sure at half the median is Good', recall(1, 0.9, 5), 10, 3],
    ['right, Sure and below half the median is Easy', recall(1, 0.9, 4.9), 10, 4],
    ['without a median time says nothing', recall(1, 0.9, 0.1), null, 3],
    ['without a median slowness says nothing', recall(1, 0.9, 300), null, 3],
  ] as const)('%s', (_, r, median, grade) => {
    expect(gradeOf(r, median)).toBe(grade);
  });

  forAll('the pace is the median of the latest 101 timings, and nothing below 20', (rng) => {
    const pace = newPace();
    const all: number[] = [];
    const n = below(300, rng);
    for (let i = 0; i < n; i++) {
      const t = below(50, rng);
      all.push(t);
      pace.add(t);
    }
    const latest = all.slice(-101).sort((a, b) => a - b);
    expect(pace.median()).toBe(latest.length < 20 ? null : (latest[latest.length >> 1] as number));
  });
});

describe('memory', () => {
  test('is FSRS-6’s: 21 parameters, recall of 90 % after one stability', () => {
    expect(DEFAULT_PARAMETERS).toHaveLength(21);
    const memory = fsrs.remember(null, 3, 0, 0);
    expect(memory.stability).toBeCloseTo(DEFAULT_PARAMETERS[2] as number, 6);
    expect(fsrs.recall(memory, memory.stability * DAY)).toBeCloseTo(0.9, 6);
    expect(fsrs.recall(memory, 0)).toBeCloseTo(1, 6);
  });

  forAll('agrees with ts-fsrs, state by state, over any history', (rng) => {
    const theirs = new FSRSAlgorithm(generatorParameters({ enable_fuzz: false, enable_short_term: true }));
    let mine: Memory | null = null;
    let state: { stability: number; difficulty: number } | null = null;
    let day = 0;
    for (let i = 0; i < 12; i++) {
      const elapsed = i === 0 ? 0 : below(40, rng);
      day += elapsed;
      const grade = (1 + below(4, rng)) as Grade;
      mine = fsrs.remember(mine, grade, day * DAY, day);
      state = theirs.next_state(state, elapsed, grade);
      expect([mine.stability, mine.difficulty]).toEqual([state.stability, state.difficulty]);
    }
  });

  forAll('the interval is when recall falls to what is wanted, never below a day', (rng) => {
    const memory = fsrs.remember(null, (1 + below(4, rng)) as Grade, 0, 0);
    const wanted = 0.7 + 0.25 * uniform(rng);
    const days = fsrs.interval(memory, wanted);
    expect(days).toBeGreaterThanOrEqual(1);
    if (days > 1) expect(fsrs.recall(memory, days * DAY)).toBeCloseTo(wanted, 5);
  });

  test('a lapse shortens, an easy answer lengthens', () => {
    const good = fsrs.remember(fsrs.remember(null, 3, 0, 0), 3, 3 * DAY, 3);
    const [again, easy] = [1, 4].map((g) => fsrs.remember(good, g as Grade, 10 * DAY, 10));
    expect(again?.stability).toBeLessThan(good.stability);
    expect(again).toMatchObject({ lapses: 1, answers: 3 });
    expect(easy?.stability).toBeGreaterThan(good.stability);
  });
});

describe('the queue', () => {
  const memories = (n: number, rng: Rng, today: number): Map<string, Memory> =>
    new Map(
      Array.from({ length: n }, (_, i) => {
        const day = today - below(60, rng);
        return [`item-${i}`, fsrs.remember(null, (1 + below(4, rng)) as Grade, day * DAY, day)] as const;
      }),
    );
  const now = { now: 20_000 * DAY, today: 20_000, done: 0 };

  forAll('offers today’s portion, the least likely recalled first, never more than the cap or its share of the backlog', (rng) => {
    const plan = { ...PLAN, dailyCap: 1 + below(30, rng), spreadDays: 1 + below(7, rng) };
    const queue = reviewQueue(fsrs, memories(60, rng, now.today), plan, now);
    expect(queue.today.length).toBe(Math.min(plan.dailyCap, Math.ceil(queue.dueByToday / plan.spreadDays)));
    for (const [i, d] of queue.today.entries()) {
      expect(d.day).toBeLessThanOrEqual(now.today);
      if (i > 0) expect(d.recall).toBeGreaterThanOrEqual(queue.today[i - 1]?.recall ?? 0);
    }
    expect(queue.forecast[0]).toBe(queue.dueByToday);
    expect(queue.forecast).toHaveLength(30);
    expect(queue.forecast.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(60);
  });

  forAll('what was reviewed today is part of the portion: after it nothing more is offered', (rng) => {
    const plan = { ...PLAN, dailyCap: 1 + below(30, rng), spreadDays: 1 + below(7, rng) };
    const all = memories(60, rng, now.today);
    const { today } = reviewQueue(fsrs, all, plan, now);
    const done = below(today.length + 1, rng);
    const rest = new Map(all);
    for (const { itemId } of today.slice(0, done)) rest.delete(itemId);
    expect(reviewQueue(fsrs, rest, plan, { ...now, done }).today).toHaveLength(today.length - done);
  });

  forAll('a backlog that is spread over some days is worked off on the last of them', (rng) => {
    const spreadDays = 2 + below(12, rng);
    const plan = { ...PLAN, spreadDays, spreadFrom: now.today };
    const rest = new Map([...memories(60, rng, now.today)].filter(([id, memory]) => dueDay(fsrs, id, memory, PLAN) <= now.today));
    const backlog = rest.size;
    for (let day = 0; day < spreadDays; day++) {
      const { today } = reviewQueue(fsrs, rest, plan, { now: (now.today + day) * DAY, today: now.today + day, done: 0 });
      expect(today.length).toBeLessThanOrEqual(Math.ceil(backlog / spreadDays));
      for (const { itemId } of today) rest.delete(itemId);
    }
    expect(rest.size).toBe(0);
  });

  test('a pause offers nothing and forgets nothing', () => {
    const all = memories(40, seededRng(1), now.today);
    const paused = reviewQueue(fsrs, all, { ...PLAN, isPaused: true }, now);
    expect(paused.today).toEqual([]);
    expect(paused.dueByToday).toBe(reviewQueue(fsrs, all, PLAN, now).dueByToday);
  });

  test('a day without reviews gets none, an easier day about half; nothing is put off by more than six days', () => {
    const easyDays = [1, 0.5, 1, 1, 1, 1, 0];
    const due = Array.from({ length: 4000 }, (_, i) => {
      const memory = { stability: 5 + (i % 40), difficulty: 5, day: 20_000, at: 20_000 * DAY, answers: 1, lapses: 0 };
      const plain = dueDay(fsrs, `i${i}`, memory, PLAN);
      const eased = dueDay(fsrs, `i${i}`, memory, { ...PLAN, easyDays });
      expect(Math.abs(eased - plain)).toBeLessThanOrEqual(6);
      expect(eased).toBeGreaterThan(memory.day);
      return { plain, eased };
    });
    const on = (day: number, key: 'plain' | 'eased') => due.filter((d) => weekdayOf(d[key]) === day).length;
    expect(on(6, 'eased')).toBe(0);
    const share = on(1, 'eased') / on(1, 'plain');
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.75);
  });

  test('Monday is 0: 1970-01-01 was a Thursday', () => {
    expect([weekdayOf(0), weekdayOf(4), weekdayOf(-1)]).toEqual([3, 0, 2]);
  });

  forAll('before an exam nothing is put off beyond the day before it, and the order is by recall on its day', (rng) => {
    const examDay = now.today + 1 + below(20, rng);
    const all = memories(40, rng, now.today);
    for (const [id, memory] of all) {
      if (memory.day + 1 < examDay) expect(dueDay(fsrs, id, memory, { ...PLAN, examDay })).toBeLessThan(examDay);
    }
    const { today } = reviewQueue(fsrs, all, { ...PLAN, examDay }, now);
    const onExamDay = today.map((d) => fsrs.recall(all.get(d.itemId) as Memory, now.now + (examDay - now.today) * DAY));
    expect(onExamDay).toEqual([...onExamDay].sort((a, b) => a - b));
  });
});

/** Reviews of a learner who forgets by FSRS with the given parameters. */
function history(w: readonly number[], items: number, perItem: number, rng: Rng): readonly ReviewEvent[] {
  const truth = scheduler(w);
  const events: ReviewEvent[] = [];
  for (let i = 0; i < items; i++) {
    let memory: Memory | null = null;
    let day = below(30, rng);
    for (let k = 0; k < perItem; k++) {
      const right = memory === null || uniform(rng) < truth.recall(memory, day * DAY);
      const grade: Grade = right ? 3 : 1;
      events.push({ itemId: `i${i}`, grade, at: day * DAY + i, day });
      memory = truth.remember(memory, grade, day * DAY, day);
      day += 1 + Math.round(Math.abs(normal(rng)) * 12);
    }
  }
  return events.sort((a, b) => a.at - b.at);
}

const fitted = (events: readonly ReviewEvent[]) => {
  const steps = fitReviews(events);
  const shares: number[] = [];
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return { fit: step.value, shares };
    shares.push(step.value);
  }
};

describe('the personal fit', () => {
  test('is better for a learner who forgets much faster than most, on reviews it has not seen', () => {
    const quick = DEFAULT_PARAMETERS.map((w, i) => (i < 4 ? w * 0.25 : i === 8 ? w * 0.6 : w));
    const { fit, shares } = fitted(history(quick, 130, 6, seededRng(3)));
    expect(fit.isBetter).toBe(true);
    expect(fit.after.logLoss).toBeLessThan(fit.before.logLoss - 0.01);
    expect(fit.after.rmseBins).toBeLessThan(fit.before.rmseBins);
    expect(fit.parameters).toHaveLength(21);
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  test('is seldom kept for a learner who is as most are: there is nothing to gain', () => {
    const kept = [1, 2, 3, 4, 5, 6].filter((seed) => fitted(history(DEFAULT_PARAMETERS, 80, 6, seededRng(seed))).fit.isBetter);
    expect(kept.length).toBeLessThanOrEqual(1);
  });

  test('is offered from 400 reviews on, and scores only answers a day or more after the one before', () => {
    expect(MIN_REVIEWS).toBe(400);
    const twice = [1, 2].map((k): ReviewEvent => ({ itemId: 'a', grade: 3, at: k, day: 5 }));
    expect(scoreReviews(DEFAULT_PARAMETERS, twice).n).toBe(0);
    expect(scoreReviews(DEFAULT_PARAMETERS, [...twice, { itemId: 'a', grade: 1, at: 9 * DAY, day: 14 }]).n).toBe(1);
  });
});
