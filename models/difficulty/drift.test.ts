import { expect, test } from 'vitest';
import { answersUntilAlarm } from '../evaluation/drift-study.ts';
import { isUnsettled, UNSETTLED, watchDrift } from './drift.ts';

const mean = (all: readonly number[]) => all.reduce((a, b) => a + b, 0) / all.length;

test('a calibrated model is left alone for 10,000 answers and more between two false alarms', () => {
  expect(mean(Array.from({ length: 20 }, (_, seed) => answersUntilAlarm(seed, 0, 40_000)))).toBeGreaterThan(10_000);
});

test('a learner who gets much worse is noticed within a hundred answers', () => {
  const delays = Array.from({ length: 40 }, (_, seed) => answersUntilAlarm(100 + seed, 2, 2000));
  expect(mean(delays)).toBeLessThan(100);
});

test('after an alarm nothing is promised for thirty answers', () => {
  const drift = { level: 9.9, sinceAlarm: null };
  watchDrift(drift, 3, 0);
  expect(drift).toEqual({ level: 0, sinceAlarm: 0 });
  for (let n = 0; n < UNSETTLED; n++) {
    expect(isUnsettled(drift)).toBe(true);
    watchDrift(drift, 0, 1);
  }
  expect(isUnsettled(drift)).toBe(false);
});
