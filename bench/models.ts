import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { absorb, freshModel, predict } from '#models/difficulty/personal-model.ts';
import type { Question } from '#models/difficulty/question.ts';
import { priorTables } from '#models/difficulty/tables.ts';
import { runTraining } from '#models/difficulty/training-job.ts';
import { FEATURE_COUNT, type Learner } from '#models/learner.ts';
import { scoreOptions } from '#models/recommend/score.ts';
import { drawSlate } from '#models/recommend/slate.ts';
import { initialWeights, logitsOf, networkOf } from '#models/reference/network.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { NODE_BACKENDS, startNodeBackend } from '#models/tfjs/node-backends.ts';
import { below, normal, seededRng } from '#shared/maths/rng.ts';

const rng = seededRng(1);
const weights = initialWeights(rng);

function questions(n: number): readonly Question[] {
  return Array.from({ length: n }, (_, i) => ({ id: `i${i}`, skills: [`s${i % 40}`], prior: 0.65 }));
}

/** Median milliseconds of some runs. */
async function median(runs: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

function studied(items: readonly Question[], answers: number) {
  const model = freshModel(networkOf(weights), priorTables(items));
  const log = Array.from({ length: answers }, () => {
    const question = items[below(items.length, rng)] as Question;
    const y = below(2, rng) as 0 | 1;
    const { p } = absorb(model, { question, y });
    return { itemId: question.id, y, servedP: p };
  });
  return { model, log };
}

function rank(model: ReturnType<typeof studied>['model'], items: readonly Question[]): void {
  const options = items.map((q) => ({ itemId: q.id, skills: q.skills, p: predict(model, q).p, attempts: 0, answersAgo: 100, due: 0 }));
  const situation = {
    targetP: 0.8,
    answers: 500,
    skillWeights: new Map(items.slice(0, 40).map((q) => [q.skills[0] ?? '', 1 / 40])),
    leftToLearn: new Map<string, number>(),
  };
  drawSlate(scoreOptions(options, situation), 3, rng);
}

/** Bytes by which the heap is larger after 10,000 updates than after 1,000 of the same learner; needs `--expose-gc`. */
function heapGrowth(items: readonly Question[]): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) throw new Error('needs node --expose-gc: npm run bench:models sets it');
  const { model } = studied(items, 1000);
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let i = 0; i < 10_000; i++) absorb(model, { question: items[i % items.length] as Question, y: (i % 3 === 0 ? 0 : 1) as 0 | 1 });
  console.log(`heap growth over 10,000 updates    ${((used() - before) / 1000).toFixed(1).padStart(10)} kB`);
}

const WASM_FILES = fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url));

const print = (name: string, ms: number, floor?: number) =>
  console.log(
    `${name.padEnd(34)} ${ms.toFixed(3).padStart(10)} ms${floor === undefined ? '' : `   ${(ms / floor).toFixed(2)} x floor (${floor.toFixed(3)} ms)`}`,
  );

if (process.argv.includes('--help')) {
  console.log(
    'npm run bench:models: speed of prediction, ranking, online update and refit, beside the bare forward pass timed in the same run; heap growth; refits on every backend Node has.',
  );
} else {
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`);
  for (const n of [2000, 10_000]) {
    const items = questions(n);
    const { model } = studied(items, 500);
    const x = Float32Array.from({ length: n * FEATURE_COUNT }, () => normal(rng));
    const floor = await median(15, () => logitsOf(weights, x));
    print(`rank ${n} items with features`, await median(15, () => rank(model, items)), floor);
  }
  const items = questions(500);
  const { model } = studied(items, 500);
  const one = Float32Array.from({ length: FEATURE_COUNT }, () => normal(rng));
  const network = networkOf(weights);
  const question = items[7] as Question;
  const thousand = (work: () => unknown) => () => {
    for (let i = 0; i < 1000; i++) work();
  };
  const forward =
    (await median(
      15,
      thousand(() => network(one)),
    )) / 1000;
  print(
    'one prediction',
    (await median(
      15,
      thousand(() => predict(model, question)),
    )) / 1000,
    forward,
  );
  print(
    'update after one answer',
    (await median(
      15,
      thousand(() => absorb(model, { question, y: 1 })),
    )) / 1000,
    forward,
  );
  heapGrowth(items);
  for (const n of [500, 5000]) {
    const { log } = studied(items, n);
    const job = { globalWeights: weights, questions: items, answers: log };
    const time = async (learner: Learner) =>
      print(`refit on ${n} answers, ${learner.backend}`, await median(3, () => runTraining(job, learner, networkOf, () => true)));
    await time(referenceLearner());
    for (const name of NODE_BACKENDS) await time(await startNodeBackend(name, WASM_FILES));
  }
}
