import { describe, expect, test } from 'vitest';
import { below, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { drawCards } from './cards.ts';
import { eligible, GREATEST_FIT, type Option, scoreOptions } from './score.ts';
import { drawSlate, EXPLORE_RATE } from './slate.ts';
import type { Worth } from './worth.ts';

const option = (itemId: string, more: Partial<Option> = {}): Option => ({
  itemId,
  skills: ['a'],
  p: 0.8,
  attempts: 1,
  answersAgo: 50,
  due: 0,
  ...more,
});
const situation = { targetP: 0.8, answers: 100, worths: new Map<string, Worth>() };
const toLearn = (worths: Record<string, number>) => new Map(Object.entries(worths).map(([k, w]) => [k, { toLearn: w, toTell: 0 }]));
const scoreOf = (o: Option, now = situation) => scoreOptions([o], now)[0]?.score ?? Number.NaN;

describe('the score', () => {
  test('is greatest at the target chance and falls to nothing one half away, by a square', () => {
    const fitTerm = (p: number) => scoreOptions([option('x', { p })], situation)[0]?.terms.fit;
    expect(fitTerm(0.8)).toBeCloseTo(GREATEST_FIT, 12);
    expect(fitTerm(0.55)).toBeCloseTo((3 / 4) * GREATEST_FIT, 12);
    expect(fitTerm(0.3)).toBeCloseTo(0, 12);
    expect(fitTerm(0.1)).toBe(0);
  });

  test('rises with the worth of the topic, dueness and novelty, and with uncertainty while cold', () => {
    expect(scoreOf(option('x', { due: 0.4 })) - scoreOf(option('x'))).toBeCloseTo(0.2, 12);
    expect(scoreOf(option('x', { attempts: 0 })) - scoreOf(option('x'))).toBeCloseTo(0.05, 12);
    const uncertain = (answers: number) => scoreOptions([option('x', { p: 0.5 })], { ...situation, answers })[0]?.terms.cold;
    expect([uncertain(0), uncertain(30)]).toEqual([expect.closeTo(0.3, 12), 0]);
    const worths = toLearn({ a: 1, b: 0.25 });
    const [a, b, both] = scoreOptions(
      [['a'], ['b'], ['a', 'b']].map((skills) => option('x', { skills })),
      { ...situation, worths },
    ).map((s) => s.terms.weak);
    expect(b).toBeCloseTo((a ?? 0) / 4, 12);
    expect(both).toBeCloseTo((5 / 8) * (a ?? 0), 12);
  });

  test('asks what tells most where a topic is in doubt, long after the first answers', () => {
    const inDoubt = { ...situation, worths: new Map([['a', { toLearn: 0.5, toTell: 1 }]]) };
    const [open, sure] = scoreOptions([option('open', { p: 0.5 }), option('sure', { p: 0.9 })], inDoubt).map((s) => s.terms.cold);
    expect(open).toBeCloseTo(0.3, 12);
    expect(sure).toBeCloseTo(0.3 * 0.36, 12);
    expect(scoreOptions([option('open', { p: 0.5 })], situation)[0]?.terms.cold).toBe(0);
    const [half] = scoreOptions([option('half', { p: 0.5, skills: ['a', 'known'] })], inDoubt);
    expect(half?.terms.cold).toBeCloseTo(0.15, 12);
  });

  test('in a topic to be learnt, what the learner asked for says which question teaches most: .60, .45 or .30 right', () => {
    const options = Array.from({ length: 19 }, (_, i) => option(`p${i}`, { p: 0.05 * (i + 1) }));
    const best = (targetP: number) =>
      scoreOptions(options, { ...situation, targetP }).reduce((a, b) => (b.terms.weak > a.terms.weak ? b : a)).option.p;
    expect([0.85, 0.8, 0.75].map((targetP) => best(targetP))).toEqual([0.6, 0.45, 0.3].map((p) => expect.closeTo(p, 9)));
    const leads = [0.85, 0.8, 0.75].map(
      (targetP) => scoreOptions(options, { ...situation, targetP }).reduce((a, b) => (b.score > a.score ? b : a)).option.p,
    );
    expect(leads).toEqual(leads.toSorted((a, b) => b - a));
    expect(leads[0]).toBeGreaterThan((leads[2] as number) + 0.15);
  });

  test('a newcomer begins with easier questions', () => {
    const options = Array.from({ length: 19 }, (_, i) => option(`p${i}`, { p: 0.05 * (i + 1) }));
    const best = (answers: number) =>
      scoreOptions(options, { ...situation, answers }).reduce((a, b) => (b.terms.weak > a.terms.weak ? b : a)).option.p;
    expect([0, 10, 30].map(best)).toEqual([0.6, 0.55, 0.45].map((p) => expect.closeTo(p, 9)));
  });

  forAll('in a topic that is mastered, the chance that the learner asked for decides', (rng) => {
    const worths = toLearn({ a: 0 });
    const [near, far] = [option('near', { p: 0.85 - 0.05 * uniform(rng) }), option('far', { p: 0.6 + 0.1 * uniform(rng) })];
    const easier = scoreOptions([near, far], { ...situation, worths, targetP: 0.85 }).map((s) => s.score);
    expect(easier[0]).toBeGreaterThan(easier[1] as number);
    const harder = scoreOptions([option('near', { p: 0.75 }), option('far', { p: 0.85 })], { ...situation, worths, targetP: 0.75 });
    expect(harder[0]?.score).toBeGreaterThan(harder[1]?.score as number);
  });

  test('a question as good as forgotten goes before a topic nearly mastered', () => {
    const worths = toLearn({ a: 0, b: 0.05 });
    const [overdue, next] = scoreOptions([option('overdue', { due: 0.5 }), option('next', { skills: ['b'] })], { ...situation, worths });
    expect(overdue?.score).toBeGreaterThan(next?.score as number);
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

  forAll('it is the same however the options are ordered, drawn from the first fifty by score and then by id', (rng) => {
    const many = Array.from({ length: 51 + below(150, rng) }, (_, i) =>
      option(`i${i}`, { p: 0.5 + 0.02 * below(20, rng), attempts: below(2, rng) }),
    );
    const ranked = scoreOptions(many, situation).toSorted((a, b) => b.score - a.score || (a.option.itemId < b.option.itemId ? -1 : 1));
    const shuffled = ranked.map((s) => ({ s, key: uniform(rng) })).sort((a, b) => a.key - b.key);
    const seed = below(1e9, rng);
    const picks = drawSlate(ranked, 3, seededRng(seed));
    expect(
      drawSlate(
        shuffled.map(({ s }) => s),
        3,
        seededRng(seed),
      ),
    ).toEqual(picks);
    const first = new Set(ranked.slice(0, 52).map((s) => s.option.itemId));
    expect(picks.every((pick) => first.has(pick.scored.option.itemId))).toBe(true);
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
    const worths = toLearn({ a: 0.1, b: 1 });
    const list = [option('weak', { skills: ['b'] }), ...Array.from({ length: 6 }, (_, i) => option(`o${i}`))];
    const rng = seededRng(5);
    const reasons = new Map<string, Set<string>>();
    for (let i = 0; i < 3000; i++) {
      const [pick] = drawSlate(scoreOptions(list, { ...situation, worths }), 1, rng);
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
