import { expect, test } from 'vitest';
import { sigmoid } from '#shared/maths/logistic.ts';
import { below, normal, seededRng, uniform } from '#shared/maths/rng.ts';
import { initialWeights, networkOf } from '../reference/network.ts';
import { referenceLearner } from '../reference/reference-learner.ts';
import { type Rung, replayed, searchSettings } from './automl.ts';
import { layerProblem } from './candidate.ts';
import { noHistory } from './features.ts';
import { DEFAULT_SETTINGS, GRID, type LayerSettings } from './layer-settings.ts';
import { newLayer } from './personal-layer.ts';
import { absorb } from './personal-model.ts';
import type { Answer } from './question.ts';
import { priorTables } from './tables.ts';

const questions = Array.from({ length: 60 }, (_, i) => ({ id: `i${i}`, skills: [`s${i % 4}`], prior: 0.65 }));
const context = (settings: LayerSettings = DEFAULT_SETTINGS) => ({
  globalWeights: initialWeights(seededRng(1)).fill(0),
  networkOf,
  tables: priorTables(questions),
  before: [],
  settings,
});

/** A learner whose skills wander: fast rates pay. */
function wandering(n: number, seed: number, stride: number): readonly Answer[] {
  const rng = seededRng(seed);
  const state = [1.5, -1.5, 0.5, -0.5];
  return Array.from({ length: n }, (): Answer => {
    const question = questions[below(60, rng)] as (typeof questions)[number];
    const k = Number(question.skills[0]?.slice(1));
    state[k] = (state[k] as number) + stride * normal(rng);
    return { question, y: uniform(rng) < sigmoid(state[k] as number) ? 1 : 0 };
  });
}

test('tries 27 settings, then 9, then 3, on ever more answers, and never on the last fifth', async () => {
  const rungs: Rung[] = [];
  const result = await searchSettings(context(), referenceLearner(), wandering(2000, 2, 0.1), (rung) => {
    rungs.push(rung);
    return true;
  });
  expect(rungs.map((r) => [r.trials.length, r.answers])).toEqual([
    [27, 150],
    [9, 450],
    [3, 1350],
  ]);
  expect(GRID).toContainEqual(result?.best);
  expect(rungs[2]?.trials[0]?.setting).toEqual(result?.best);
});

test('finds faster rates for a learner who changes, and says by how much', async () => {
  const slow = { offset: 0.02, weights: 0.002, pull: 80 };
  const result = await searchSettings(context(slow), referenceLearner(), wandering(2000, 3, 0.35), () => true);
  expect(result?.best.offset).toBe(0.1);
  expect(result?.isBetter).toBe(true);
  expect(result?.bestLoss).toBeLessThan(result?.incumbentLoss ?? 0);
});

test('what is in use already is not beaten by itself', async () => {
  const answers = wandering(600, 4, 0.1);
  const first = await searchSettings(context(), referenceLearner(), answers, () => true);
  const again = await searchSettings(context(first?.best), referenceLearner(), answers, () => true);
  expect(again?.best).toEqual(first?.best);
  expect(again?.isBetter).toBe(false);
});

test('stops between rungs when told to, and needs 300 answers', async () => {
  let rungs = 0;
  const stopped = await searchSettings(context(), referenceLearner(), wandering(400, 5, 0.1), () => {
    rungs += 1;
    return false;
  });
  expect([stopped, rungs]).toEqual([null, 1]);
  await expect(searchSettings(context(), referenceLearner(), wandering(299, 6, 0.1), () => true)).rejects.toThrow('300');
});

test('what it replays is what the learner is served: the same losses, answer by answer, whatever the setting', () => {
  const answers = wandering(90, 4, 0.1);
  for (const setting of [GRID[0], GRID[13], GRID[26]] as LayerSettings[]) {
    const { networkOf: of, globalWeights, tables } = context(setting);
    const model = { network: of(globalWeights), tables, history: noHistory(), layer: newLayer(), rates: setting };
    for (const answer of answers) absorb(model, answer);
    const problem = layerProblem(context(setting), answers);
    const losses = replayed(problem, new Float32Array(problem.design.length / answers.length), setting);
    expect(losses.length).toBe(90);
    losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(model.layer.losses.both[i] as number, 4);
    });
  }
});
