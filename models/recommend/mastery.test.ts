import { describe, expect, test } from 'vitest';
import { below, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { outlooksOf, type SkillAnswer } from './mastery.ts';
import { courageOf, hadTheirTurn, worthsOf } from './worth.ts';

const answers = (ys: string, skill = 'a'): SkillAnswer[] => [...ys].map((y) => ({ skills: [skill], logit: 1, y: y === '+' ? 1 : 0 }));
const items = new Map(['a', 'b', 'c', 'd', 'e'].map((skill) => [skill, [1, 1.2]] as const));
const outlookOf = (history: readonly SkillAnswer[], skill = 'a') => {
  const outlook = outlooksOf(history, items).get(skill);
  if (!outlook) throw new Error('no outlook');
  return outlook;
};

describe('where a learner stands in a skill', () => {
  test('everything is left of a skill gone wrong, little of one that went right again and again', () => {
    expect(outlookOf(answers('--------')).left).toBeGreaterThan(0.85);
    expect(outlookOf(answers('++++++++++')).left).toBeLessThan(0.1);
    expect(outlookOf(answers('--------')).answersToGo).toBeGreaterThan(outlookOf([]).answersToGo);
    expect(outlooksOf([], new Map([['a', []]])).size).toBe(0);
  });

  test('a skill grasped at a stroke is believed after a few right answers, for all the wrong ones before', () => {
    expect(outlookOf(answers('--------++++++++')).left).toBeLessThan(0.35);
  });

  test('how fast somebody learns is found out in one skill and expected of the others', () => {
    const slow = [...answers('-'.repeat(30)), ...answers('--', 'b')];
    const fast = [...answers('--++++++++++++++'), ...answers('--', 'b')];
    expect(outlookOf(slow, 'b').answersToGo).toBeGreaterThan(outlookOf(fast, 'b').answersToGo);
  });

  forAll('a right answer never leaves more to learn than a wrong one', (rng) => {
    const any = (): SkillAnswer => ({
      skills: [below(2, rng) === 0 ? 'a' : 'b'],
      logit: 3 * uniform(rng) - 1,
      y: below(2, rng) === 0 ? 0 : 1,
    });
    const history = Array.from({ length: below(40, rng) }, any);
    const last = { skills: ['a'], logit: 3 * uniform(rng) - 1 };
    const [right, wrong] = [outlookOf([...history, { ...last, y: 1 }]), outlookOf([...history, { ...last, y: 0 }])];
    expect(right.left).toBeLessThanOrEqual(wrong.left);
    expect(right.left).toBeGreaterThanOrEqual(0);
    expect(wrong.left).toBeLessThanOrEqual(1);
    expect(right.answersToGo).toBeGreaterThanOrEqual(0);
    expect(wrong.answersToGo).toBeLessThanOrEqual(100);
  });

  test('a thousand answers to one skill leave no chance that is not a number', () => {
    const { left, answersToGo } = outlookOf(answers('+'.repeat(1000)));
    expect(left).toBeLessThan(0.05);
    expect(answersToGo).toBeLessThan(1);
    expect(outlookOf(answers('-'.repeat(1000))).left).toBeGreaterThan(0.9);
  });
});

describe('what a question in a skill is good for', () => {
  const worths = (...given: Parameters<typeof worthsOf>) =>
    new Map([...worthsOf(...given)].map(([skill, { toLearn }]) => [skill, toLearn]));

  const even = new Map(['a', 'b', 'c', 'd', 'e'].map((skill) => [skill, 0.2] as const));
  const open = (answersToGo: number) => ({ left: 1, answersToGo });
  const five = (last: number) => new Map(['a', 'b', 'c', 'd', 'e'].map((skill, i) => [skill, open(i === 4 ? last : 10)] as const));
  const none = new Set<string>();

  test('the skill furthest off waits until the nearest four fifths of the exam are mastered', () => {
    const far = worths(five(60), even, none);
    expect(far.get('a')).toBeGreaterThan(0.9);
    expect(far.get('e')).toBeLessThan(0.15);
    const level = worths(five(10), even, none);
    expect(level.get('e')).toBeCloseTo(level.get('a') ?? 0, 12);
    const mastered = new Map(
      ['a', 'b', 'c', 'd', 'e'].map((skill, i) => [skill, i === 4 ? open(60) : { left: 0.01, answersToGo: 0.1 }] as const),
    );
    const late = worths(mastered, even, none);
    expect(late.get('e')).toBeGreaterThan(late.get('a') as number);
  });

  test('it tells most where mastery is as likely as not', () => {
    const skills = new Map([0, 0.5, 1].map((left, i) => ['abc'[i] ?? '', { left, answersToGo: 10 * left }]));
    expect([...worthsOf(skills, even, none).values()].map((w) => w.toTell)).toEqual([0, 1, 0]);
  });

  test('a heavy topic is worth more, one without weight nothing', () => {
    const two = new Map([
      ['a', open(10)],
      ['b', open(10)],
      ['c', open(10)],
    ]);
    const worth = worths(
      two,
      new Map([
        ['a', 0.8],
        ['b', 0.2],
      ]),
      none,
    );
    expect(worth.get('b')).toBeCloseTo((worth.get('a') ?? 0) / 4, 12);
    expect(worth.get('c')).toBe(0);
  });

  test('a topic asked four times of the latest ten gives way', () => {
    const latest = [['a'], ['b'], ['a', 'c'], ['b'], ['a'], ['b'], ['a'], ['c'], ['c'], ['d']];
    expect([...hadTheirTurn(latest)]).toEqual(['a']);
    expect([...hadTheirTurn([...latest, ['d']])]).toEqual([]);
    expect(worths(five(10), even, hadTheirTurn(latest)).get('a')).toBe(0);
  });

  test('a learner who fails in two heavy topics is asked the others at least twice in ten', () => {
    const weights = new Map([
      ['a', 0.4],
      ['b', 0.4],
      ['c', 0.1],
      ['d', 0.1],
    ]);
    const history: SkillAnswer[] = [];
    for (let i = 0; i < 60; i++) {
      const worth = worths(outlooksOf(history, items), weights, hadTheirTurn(history.map((a) => a.skills)));
      const [skill] = [...worth].reduce((best, next) => (next[1] > best[1] ? next : best));
      history.push({ skills: [skill], logit: 1, y: skill === 'a' || skill === 'b' ? 0 : 1 });
    }
    const others = history.slice(-30).filter(({ skills: [skill] }) => skill !== 'a' && skill !== 'b').length;
    expect(others).toBeGreaterThanOrEqual(6);
  });
});

test('learning weighs in full while four of the latest ten answers were right, less after worse, nothing after ten wrong ones', () => {
  const after = (right: number) => courageOf(Array.from({ length: 10 }, (_, i) => (i < right ? 1 : 0)));
  expect([10, 4, 2, 0].map(after)).toEqual([1, 1, 0.5, 0]);
  expect(courageOf([0, 0, 0])).toBe(1);
  expect(courageOf([1, 1, 1, 1, ...Array.from({ length: 10 }, () => 0 as const)])).toBe(0);
});
