import { expect, test } from 'vitest';
import type { AnswerRow, SessionRow } from '#shared/tracking/rows.ts';
import { patternsOf } from './insights.ts';

/** Answers to one question after the other, a minute apart, in one session. */
const answered = (count: number, from: number): readonly AnswerRow[] =>
  Array.from(
    { length: count },
    (_, i) =>
      ({
        seq: from + i,
        item_id: `item-${i}`,
        session_id: `s${from}`,
        at: 1_700_000_000_000 + (from + i) * 60_000,
        tz: 0,
        correct: 1,
        predicted_p: 0.7,
        time_spent: 20,
      }) as AnswerRow,
  );
const SESSIONS = ['s0', 's1000'].map((session_id) => ({ session_id, mode: 'practice' }) as SessionRow);

test('who meets new questions most of the time explores; who meets again within a week what was seen months ago does not', () => {
  const [before, now] = [answered(120, 0), answered(120, 1000)];
  expect(patternsOf(now, SESSIONS, 0.8, now).habit).toBe('explorer');
  expect(patternsOf(now, SESSIONS, 0.8, [...before, ...now]).habit).not.toBe('explorer');
});
