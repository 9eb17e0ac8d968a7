import { describe, expect, test } from 'vitest';
import { crossEntropy, logit } from '#shared/maths/logistic.ts';
import { below, type Rng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { advance, FEATURES, featuresOf, noHistory, rawFeatures } from './features.ts';
import { restoreLayer, storeLayer } from './layer-codec.ts';
import { isPersonal, learn, newLayer, VARIANTS } from './personal-layer.ts';
import { absorb, freshModel, predict } from './personal-model.ts';
import type { Answer, Question } from './question.ts';
import { noCounts, priorTables, tablesFrom } from './tables.ts';
import { countsOf, outOfFoldRows } from './training-rows.ts';

const q = (id: string, ...skills: string[]): Question => ({ id, skills });
const named = (raw: readonly number[]): Record<string, number> =>
  Object.fromEntries(FEATURES.map(([name], i) => [name, raw[i] ?? Number.NaN]));

function anyAnswers(n: number, rng: Rng): Answer[] {
  return Array.from({ length: n }, (): Answer => {
    const skills = ['a', 'b', 'c'].filter(() => uniform(rng) < 0.4);
    return { question: { id: `i${below(12, rng)}-${skills.join('')}`, skills }, y: below(2, rng) as 0 | 1 };
  });
}

describe('features', () => {
  test('a newcomer’s features are the tables and the start values', () => {
    const raw = named(
      rawFeatures(noHistory(), { id: 'x', skills: ['a'], prior: 0.8 }, priorTables([{ id: 'x', skills: ['a'], prior: 0.8 }])),
    );
    expect(raw).toMatchObject({
      itemSeen: 0,
      skillSeen: 0,
      streak: 0,
      skillLag: 0,
      skillMet: 0,
      sameItem: 0,
      sameSkill: 0,
      lastOutcome: 0,
    });
    expect(raw['itemLogit']).toBeCloseTo(logit(0.8), 12);
    expect([raw['itemWinRate'], raw['allWinRate'], raw['skillWinRate']]).toEqual([0.75, 0.75, 0.75]);
  });

  test('golden vector: twelve answers with multi-skill items, worked by hand', () => {
    const history = noHistory();
    const plan: readonly [string, readonly string[], 0 | 1][] = [
      ['x', ['a'], 1],
      ['y', ['a', 'b'], 0],
      ['x', ['a'], 1],
      ['z', [], 0],
      ['y', ['a', 'b'], 1],
      ['w', ['b'], 1],
      ['x', ['a'], 0],
      ['z', [], 1],
      ['w', ['b'], 1],
      ['y', ['a', 'b'], 1],
      ['x', ['a'], 1],
      ['w', ['b'], 0],
    ];
    for (const [id, skills, y] of plan) advance(history, { question: q(id, ...skills), y });
    const raw = named(rawFeatures(history, q('y', 'a', 'b'), tablesFrom(noCounts(), 0.5)));
    // skill a: x y x y x y x = 1 0 1 1 0 1 1, skill b: y y w w y w = 0 1 1 1 1 0; item y: 0 1 1
    expect(raw['itemAttempts']).toBeCloseTo(Math.log(4), 12);
    expect(raw['itemWins']).toBeCloseTo(Math.log(3), 12);
    expect(raw['allAttempts']).toBeCloseTo(Math.log(13), 12);
    expect(raw['allWins']).toBeCloseTo(Math.log(9), 12);
    expect(raw['skillAttempts']).toBeCloseTo(Math.log(1 + (7 + 6) / 2), 12);
    expect(raw['skillWins']).toBeCloseTo(Math.log(1 + (5 + 4) / 2), 12);
    const trend = (outcomes: readonly number[], d: number) => outcomes.reduce((m, y) => d * m + (1 - d) * (2 * y - 1), 0);
    expect(raw['itemTrendFast']).toBeCloseTo(trend([0, 1, 1], 0.6), 12);
    expect(raw['trendSlow']).toBeCloseTo(
      trend(
        plan.map((p) => p[2]),
        0.95,
      ),
      12,
    );
    expect(raw['skillTrendMid']).toBeCloseTo((trend([1, 0, 1, 1, 0, 1, 1], 0.85) + trend([0, 1, 1, 1, 1, 0], 0.85)) / 2, 12);
    expect(raw['streak']).toBe(-1);
    expect(raw['skillLag']).toBeCloseTo(Math.log(2), 12);
    expect(raw).toMatchObject({ skillMet: 1, sameItem: 0, sameSkill: 1, lastOutcome: -1 });
    expect(raw['itemWinRate']).toBeCloseTo(3.5 / 5, 12);
    expect(raw['allWinRate']).toBeCloseTo(9.5 / 14, 12);
    expect(raw['skillWinRate']).toBeCloseTo(6 / 8.5, 12);
  });

  test('an answer to a multi-skill item counts for each skill, an item without skills for the pseudo-skill', () => {
    const history = noHistory();
    advance(history, { question: q('y', 'a', 'b'), y: 1 });
    advance(history, { question: q('z'), y: 0 });
    expect([...history.skills.keys()]).toEqual(['a', 'b', 'none']);
  });

  test('the streak counts equal outcomes and stops at five', () => {
    const history = noHistory();
    for (let i = 0; i < 7; i++) advance(history, { question: q('x', 'a'), y: 1 });
    expect(history.streak).toBe(5);
    advance(history, { question: q('x', 'a'), y: 0 });
    expect(history.streak).toBe(-1);
  });

  forAll('no leak: flipping answer t leaves the features of answers up to t unchanged, and changes a later one', (rng) => {
    const answers = anyAnswers(12, rng);
    const t = below(11, rng);
    const flipped = answers.map((a, i) => (i === t ? { ...a, y: (1 - a.y) as 0 | 1 } : a));
    const seen = (list: readonly Answer[]) => {
      const history = noHistory();
      return list.map((a) => {
        const x = featuresOf(history, a.question, tablesFrom(noCounts()));
        advance(history, a);
        return [...x];
      });
    };
    const [before, after] = [seen(answers), seen(flipped)];
    expect(after.slice(0, t + 1)).toEqual(before.slice(0, t + 1));
    expect(after[t + 1]).not.toEqual(before[t + 1]);
  });

  test('no leak: an answer is not in the table that its own training row sees', () => {
    const lone = { question: q('only-here', 's'), y: 1 as const };
    const others = Array.from({ length: 7 }, () => [{ question: q('x', 's'), y: 0 as const }]);
    const rows = outOfFoldRows([[lone], ...others]);
    const seenByLone = rows.x[1];
    expect(seenByLone).toBeCloseTo((0 - 3.5) / 1.5, 6);
    const leaky = tablesFrom(countsOf([[lone]])).item(lone.question).seen;
    expect(leaky).toBeGreaterThan(0);
  });
});

describe('tables', () => {
  test('counts are shrunk towards the author’s prior by eight answers, skills towards the mean by twenty', () => {
    const counts = noCounts();
    counts.items.set('x', { right: 8, answers: 8 });
    counts.skills.set('s', { right: 0, answers: 20 });
    const tables = tablesFrom(counts, 0.6);
    expect(tables.item({ id: 'x', skills: [], prior: 0.5 }).logit).toBeCloseTo(logit(12 / 16), 12);
    expect(tables.skill('s').logit).toBeCloseTo(logit(12 / 40), 12);
    expect(tables.skill('s').seen).toBeCloseTo(Math.log(21), 12);
    expect(tables.item({ id: 'new', skills: [] })).toEqual({ logit: logit(0.6), seen: 0 });
  });

  test('noised counts are clamped before use', () => {
    const counts = noCounts();
    counts.items.set('x', { right: 9, answers: 4 });
    counts.items.set('y', { right: -3, answers: -2 });
    const tables = tablesFrom(counts, 0.5);
    expect(tables.item(q('x')).logit).toBeCloseTo(logit(8 / 12), 12);
    expect(tables.item(q('y'))).toEqual({ logit: 0, seen: 0 });
  });
});

describe('personal layer', () => {
  const flat = () => freshModel(() => 0.4, tablesFrom(noCounts(), 0.6));

  test('serves the network alone for the first twenty answers, and until it is ahead', () => {
    const model = flat();
    for (let i = 0; i < 20; i++) {
      expect(isPersonal(model.layer)).toBe(false);
      const { p, networkP } = predict(model, q('x', 'a'));
      expect(p).toBe(networkP);
      absorb(model, { question: q('x', 'a'), y: 0 });
    }
    expect(predict(model, q('x', 'a')).p).toBe(predict(model, q('x', 'a')).networkP);
    for (let i = 0; i < 10; i++) absorb(model, { question: q('x', 'a'), y: 0 });
    expect(isPersonal(model.layer)).toBe(true);
    expect(predict(model, q('x', 'a')).p).toBeLessThan(predict(model, q('x', 'a')).networkP);
  });

  forAll(
    'its parameters stay within their bounds whatever comes',
    (rng) => {
      const layer = newLayer();
      for (let i = 0; i < 400; i++) {
        const x = Float32Array.from({ length: 28 }, () => 10 * uniform(rng) - 5);
        learn(layer, 0, q('x', 'a', 'b'), x, below(10, rng) === 0 ? 1 : 0, { offset: 1, weights: 1 });
      }
      for (const variant of VARIANTS) {
        const { theta, skills, delta } = layer.terms[variant];
        expect(Math.abs(theta)).toBeLessThanOrEqual(3);
        for (const offset of skills.values()) expect(Math.abs(offset)).toBeLessThanOrEqual(2);
        expect(Math.sqrt(delta.reduce((sum, d) => sum + d * d, 0))).toBeLessThanOrEqual(2 + 1e-6);
      }
      expect(layer.terms.none).toEqual(newLayer().terms.none);
    },
    20,
  );

  test('a learner with a shifted skill is served better than by the network alone within 100 answers', () => {
    const model = flat();
    for (let i = 0; i < 100; i++) {
      const isWeak = i % 2 === 0;
      absorb(model, { question: q(`i${i}`, isWeak ? 'weak' : 'strong'), y: isWeak ? 0 : 1 });
    }
    const sum = (kind: 'none' | 'served') => model.layer.losses[kind].reduce((a, b) => a + b, 0);
    expect(sum('served')).toBeLessThan(0.85 * sum('none'));
    expect(predict(model, q('new', 'weak')).p).toBeLessThan(predict(model, q('new', 'strong')).p - 0.2);
  });

  forAll(
    'what is served is never worse than the network alone by more than noise, whatever the learner does',
    (rng) => {
      const model = freshModel(() => 2 * uniform(rng) - 1, tablesFrom(noCounts(), 0.6));
      const isFitting = uniform(rng) < 0.5;
      let [served, alone] = [0, 0];
      for (let i = 0; i < 600; i++) {
        const question = q(`i${below(50, rng)}`, `s${below(3, rng)}`);
        const { p, networkP } = predict(model, question);
        const truth = isFitting ? networkP : below(2, rng);
        const y = uniform(rng) < truth ? 1 : 0;
        served += crossEntropy(p, y);
        alone += crossEntropy(networkP, y);
        absorb(model, { question, y });
      }
      expect((served - alone) / 600).toBeLessThan(0.0025);
    },
    30,
  );

  forAll(
    'what is stored is restored exactly, and goes on the same',
    (rng) => {
      const model = flat();
      const answers = anyAnswers(30, rng);
      for (const a of answers) absorb(model, a);
      const copy = { ...model, layer: restoreLayer(JSON.parse(JSON.stringify(storeLayer(model.layer)))) };
      expect(storeLayer(copy.layer)).toEqual(storeLayer(model.layer));
      const next = q('y', 'a');
      expect(predict(copy, next)).toEqual(predict(model, next));
    },
    20,
  );

  test('a layer that an earlier version stored goes on serving if what it served was better than the network alone', () => {
    const { lead: _, isAhead: __, ...stored } = storeLayer(newLayer());
    const losses = (served: number) => ({ ...stored.losses, none: [0.7, 0.7], served: [served, served] });
    expect(restoreLayer({ ...stored, losses: losses(0.5) })).toMatchObject({ lead: expect.closeTo(0.399, 9), isAhead: true });
    expect(restoreLayer({ ...stored, losses: losses(0.7) })).toMatchObject({ lead: 0, isAhead: false });
  });

  test('a stored layer with a missing or infinite parameter is refused', () => {
    const stored = storeLayer(newLayer());
    expect(() => restoreLayer({ ...stored, terms: {} })).toThrow('bad parameters');
    expect(() => restoreLayer({ ...stored, calibration: { slope: Number.NaN, shift: 0 } })).toThrow('bad parameters');
  });
});
