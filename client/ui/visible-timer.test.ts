import { expect, test } from 'vitest';
import { visibleTimer } from './visible-timer.ts';

test('hidden time is not counted, and a new question starts at nothing', () => {
  let [now, listener] = [1000, () => {}];
  const page = {
    visibilityState: 'visible',
    addEventListener: (_: string, heard: () => void) => {
      listener = heard;
    },
    removeEventListener: () => {},
  };
  const turn = (state: string, at: number) => {
    now = at;
    page.visibilityState = state;
    listener();
  };
  const timer = visibleTimer(now, page, () => now);
  expect(timer.elapsed(3000)).toBe(2000);
  turn('hidden', 4000);
  expect(timer.elapsed(60_000)).toBe(3000);
  turn('visible', 61_000);
  expect(timer.elapsed(62_500)).toBe(4500);
  timer.restart(70_000);
  expect(timer.elapsed(70_250)).toBe(250);
});
