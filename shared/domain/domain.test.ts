import { describe, expect, test } from 'vitest';
import { seededRng } from '../maths/rng.ts';
import { newExperimentId, newRunId, uuidv7 } from './ids.ts';
import { parseQMatrix, parseResponses } from './response-data.ts';
import { epochMs, studyDay } from './time.ts';

describe('ids', () => {
  test('a UUID is of version 7 and variant 10, and carries its time first', () => {
    const id = uuidv7(epochMs(0x017f22e279b0), seededRng(1));
    expect(id).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('run and experiment ids have MLflow’s shape', () => {
    const rng = seededRng(2);
    for (let i = 0; i < 100; i++) {
      expect(newRunId(rng)).toMatch(/^[0-9a-f]{32}$/);
      expect(newExperimentId(rng)).toMatch(/^[1-9]\d{17}$/);
    }
  });
});

describe('time', () => {
  test('the study day turns at 04:00 local time', () => {
    const at = (iso: string) => Date.parse(iso);
    const seoul = 540;
    expect(studyDay(at('2026-03-02T03:59:00+09:00'), seoul)).toBe(studyDay(at('2026-03-01T23:00:00+09:00'), seoul));
    expect(studyDay(at('2026-03-02T04:00:00+09:00'), seoul)).toBe(1 + studyDay(at('2026-03-02T03:59:59+09:00'), seoul));
    expect(studyDay(at('2026-03-02T12:00:00-05:00'), -300)).toBe(studyDay(at('2026-03-02T12:00:00+09:00'), seoul));
  });

  test('an instant must be finite and not negative', () => {
    expect(() => epochMs(Number.NaN)).toThrow(RangeError);
    expect(() => epochMs(-1)).toThrow(RangeError);
  });
});

describe('response data', () => {
  test('columns are found by name, learners keep their order', () => {
    const result = parseResponses(
      'learner,order,item,skill,correct,timestamp_s,split\n7,0,3,1,1,0,test\n7,1,4,1,0,0,test\n9,0,3,1,1,0,train\n',
    );
    expect(result).toEqual({
      ok: true,
      value: [
        [
          { learner: 7, item: 3, correct: 1, split: 'test', fold: null },
          { learner: 7, item: 4, correct: 0, split: 'test', fold: null },
        ],
        [{ learner: 9, item: 3, correct: 1, split: 'train', fold: null }],
      ],
    });
  });

  test.each([
    ['learner,item\n1,1\n', 1, 'correct'],
    ['learner,item,correct,split\n1,1,2,train\n', 2, 'correct'],
    ['learner,item,correct,split\n1,1,1,train\n1,,1,train\n', 3, 'integers'],
    ['learner,item,correct,split\n', 2, 'no answers'],
    ['', 1, 'missing column'],
  ])('a fault names its line: %j', (csv, line, words) => {
    const result = parseResponses(csv);
    expect(result).toMatchObject({ ok: false, fault: { line } });
    expect(result.ok ? '' : result.fault.message).toContain(words);
  });

  test('a Q-matrix gives each item its skills', () => {
    const result = parseQMatrix('item,skills\n0,3 17\n1,4\n');
    expect(result.ok && [...result.value]).toEqual([
      [0, ['3', '17']],
      [1, ['4']],
    ]);
  });
});
