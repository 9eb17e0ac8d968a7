import { describe, expect, test } from 'vitest';
import { below, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { drawCards } from './cards.ts';
import { beliefsOf, believe, leftToLearn, NO_BELIEF } from './mastery.ts';
import { eligible, type Option, recentShares, scoreOptions } from './score.ts';
import { drawSlate, EXPLORE_RATE } from './slate.ts';

const option = (itemId: string, more: Partial<Option> = {}): Option => ({
  itemId,
  skills: ['a'],
  p: 0.8,
  attempts: 1,
  answersAgo: 50,
  due: 0,
  ...more,
});
const situation = {
  targetP: 0.8,
  answers: 100,
  skillWeights: new Map([
    ['a', 0.5],
    ['b', 0.5],
  ]),
  leftToLearn: new Map<string, number>(),
  recentShare: new Map<string, number>(),
};
const scoreOf = (o: Option, now = situation) => scoreOptions([o], now)[0]?.score ?? Number.NaN;

describe('the score', () => {
  test('is greatest at the target chance and falls to nothing a quarter away', () => {
    const fitTerm = (p: number) => scoreOptions([option('x', { p })], situation)[0]?.terms.fit;
    expect(fitTerm(0.8)).toBeCloseTo(0.25, 12);
    expect(fitTerm(0.925)).toBeCloseTo(0.125, 12);
    expect(fitTerm(0.5)).toBe(0);
  });

  test('rises with weakness and weight of the topic, dueness and novelty, and with uncertainty while cold', () => {
    expect(scoreOf(option('x', { due: 0.4 })) - scoreOf(option('x'))).toBeCloseTo(0.04, 12);
    expect(scoreOf(option('x', { attempts: 0 })) - scoreOf(option('x'))).toBeCloseTo(0.1, 12);
    expect(scoreOf(option('x', { p: 0.5 }), { ...situation, answers: 0 }) - scoreOf(option('x', { p: 0.5 }))).toBeCloseTo(0.15, 12);
    const leftToLearn = new Map([
      ['a', 1],
      ['b', 0.25],
    ]);
    const scored = scoreOptions([option('w', { skills: ['a'] }), option('s', { skills: ['b'] })], { ...situation, leftToLearn });
    expect(scored.map((s) => s.terms.weak)).toEqual([expect.closeTo(0.3, 12), expect.closeTo(0.075, 12)]);
  });

  test('a topic that was just practised makes room for the others', () => {
    const recentShare = recentShares([
      ...Array.from({ length: 30 }, () => ['b']),
      ...Array.from({ length: 7 }, () => ['a', 'b']),
      ['c'],
      ['c'],
      ['c'],
    ]);
    expect([...recentShare]).toEqual([
      ['a', expect.closeTo(0.7, 12)],
      ['b', expect.closeTo(0.7, 12)],
      ['c', expect.closeTo(0.3, 12)],
    ]);
    const crowded = scoreOptions([option('x')], { ...situation, recentShare: new Map([['a', 0.3]]) })[0];
    expect(crowded?.terms.weak).toBeCloseTo(0.4 * 0.3, 12);
    expect(scoreOptions([option('x')], { ...situation, recentShare })[0]?.terms.weak).toBe(0);
  });

  test('items of the last ten answers rest, unless due', () => {
    const kept = eligible([
      option('rest', { answersAgo: 10 }),
      option('due', { answersAgo: 3, due: 0.2 }),
      option('free', { answersAgo: 11 }),
    ]);
    expect(kept.map((o) => o.itemId)).toEqual(['due', 'free']);
  });
});

describe('what is left to learn', () => {
  const easy = [1, 1.2];
  test('is everything of a skill gone wrong, nothing of one that went right again and again', () => {
    const answers = (y: 0 | 1) => Array.from({ length: 8 }, () => ({ skills: ['a'], logit: 1, y }));
    const left = (y: 0 | 1) => leftToLearn(beliefsOf(answers(y)).get('a') ?? NO_BELIEF, easy);
    expect(left(0)).toBeGreaterThan(0.99);
    expect(left(1)).toBeLessThan(0.05);
    expect(leftToLearn(NO_BELIEF, [])).toBe(0);
  });

  forAll('a right answer never lowers what is believed of a skill more than a wrong one, and doubt stays bounded', (rng) => {
    const belief = { mean: 4 * uniform(rng) - 2, variance: 0.05 + uniform(rng) };
    const logit = 4 * uniform(rng) - 2;
    const [right, wrong] = [believe(belief, logit, 1), believe(belief, logit, 0)];
    expect(right.mean).toBeGreaterThan(wrong.mean);
    expect(right.variance).toBe(wrong.variance);
    expect(right.variance).toBeLessThan(belief.variance + 0.2);
  });
});

describe('a slate', () => {
  const options = Array.from({ length: 8 }, (_, i) => option(`i${i}`, { p: 0.5 + 0.06 * i, skills: [i % 2 === 0 ? 'a' : 'b'] }));
  const scored = scoreOptions(options, situation);

  test('picks each item as often as its logged propensity says, over 20,000 redraws', () => {
    const rng = seededRng(11);
    const hits = new Map<string, number>();
    const said = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const [pick] = drawSlate(scored, 1, rng);
      const id = pick?.scored.option.itemId ?? '';
      hits.set(id, (hits.get(id) ?? 0) + 1);
      said.set(id, pick?.propensity ?? Number.NaN);
    }
    expect([...said.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    for (const [id, n] of hits) expect(Math.abs(n / 20_000 - (said.get(id) ?? 0))).toBeLessThan(0.012);
  });

  forAll('every propensity is at least the exploring share, no item comes twice, and each pick names what it was drawn from', (rng) => {
    const picks = drawSlate(scored, 1 + below(10, rng), rng);
    expect(new Set(picks.map((p) => p.scored)).size).toBe(picks.length);
    picks.forEach((pick, i) => {
      expect(pick.eligibleCount).toBe(8 - i);
      expect(pick.propensity).toBeGreaterThanOrEqual(EXPLORE_RATE / pick.eligibleCount);
    });
  });

  test('a topic already in the slate is less likely to come again', () => {
    const twins = ['a1', 'a2', 'b1'].map((id) => option(id, { skills: [id[0] ?? ''] }));
    const rng = seededRng(3);
    let other = 0;
    let first = 0;
    for (let i = 0; i < 2000; i++) {
      const [lead, second] = drawSlate(scoreOptions(twins, situation), 2, rng);
      if (lead?.scored.option.skills[0] !== 'a') continue;
      first++;
      if (second?.scored.option.skills[0] === 'b') other++;
    }
    expect(other / first).toBeGreaterThan(0.9);
  });

  test('the reason is the term furthest above its median, or that it was a free try', () => {
    const leftToLearn = new Map([
      ['a', 0.1],
      ['b', 1],
    ]);
    const list = [option('weak', { skills: ['b'] }), ...Array.from({ length: 6 }, (_, i) => option(`o${i}`))];
    const rng = seededRng(5);
    const reasons = new Map<string, Set<string>>();
    for (let i = 0; i < 3000; i++) {
      const [pick] = drawSlate(scoreOptions(list, { ...situation, leftToLearn }), 1, rng);
      const id = pick?.scored.option.itemId ?? '';
      reasons.set(id, (reasons.get(id) ?? new Set()).add(pick?.reason ?? ''));
    }
    expect([...(reasons.get('weak') ?? [])]).toEqual(['weak']);
    expect([...(reasons.get('o1') ?? [])]).toEqual(['explore']);
  });

  test('is empty for no options, and whole when fewer are left than asked for', () => {
    expect(drawSlate([], 3, seededRng(1))).toEqual([]);
    expect(drawSlate(scored.slice(0, 2), 3, seededRng(1))).toHaveLength(2);
  });
});

describe('cards', () => {
  forAll('come from different topics while there are enough, each with up to six questions of its own', (rng) => {
    const options = Array.from({ length: 40 }, (_, i) => option(`i${i}`, { skills: [`s${i % 5}`], p: uniform(rng) }));
    const cards = drawCards(scoreOptions(options, situation), rng);
    expect(cards).toHaveLength(3);
    expect(new Set(cards.map((c) => c.skill)).size).toBe(3);
    for (const card of cards) {
      expect(card.picks).toHaveLength(6);
      expect(card.picks[0]).toBe(card.lead);
      for (const pick of card.picks) expect(pick.scored.option.skills).toContain(card.skill);
    }
    const asked = cards.flatMap((c) => c.picks.map((p) => p.scored.option.itemId));
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('fall back to one topic where there is only one', () => {
    const options = Array.from({ length: 12 }, (_, i) => option(`i${i}`));
    expect(drawCards(scoreOptions(options, situation), seededRng(2))).toHaveLength(3);
  });
});
