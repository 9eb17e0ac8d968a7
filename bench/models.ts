import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { absorb } from '#models/difficulty/personal-model.ts';
import type { Question } from '#models/difficulty/question.ts';
import { measureRefits, measureServing, speedQuestions, studiedModel, type Timing } from '#models/evaluation/speed.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { NODE_BACKENDS, startNodeBackend } from '#models/tfjs/node-backends.ts';
import { seededRng } from '#shared/maths/rng.ts';

/** Bytes by which the heap is larger after 10,000 updates than after 1,000 of the same learner; needs `--expose-gc`. */
function heapGrowth(): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (!collect) throw new Error('needs node --expose-gc: npm run bench:models sets it');
  const items = speedQuestions(500);
  const { model } = studiedModel(items, 1000, seededRng(1));
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let i = 0; i < 10_000; i++) absorb(model, { question: items[i % items.length] as Question, y: (i % 3 === 0 ? 0 : 1) as 0 | 1 });
  console.log(`${'heap growth over 10,000 updates'.padEnd(34)} ${((used() - before) / 1000).toFixed(1).padStart(10)} kB`);
}

const WASM_FILES = fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url));

const clock = () => performance.now();
const print = ({ what, ms, floor }: Timing) =>
  console.log(
    `${what.padEnd(34)} ${ms.toFixed(3).padStart(10)} ms${floor === null ? '' : `   ${(ms / floor).toFixed(2)} x floor (${floor.toFixed(3)} ms)`}`,
  );

if (process.argv.includes('--help')) {
  console.log(
    'npm run bench:models: speed of prediction, ranking, online update and refit, beside the bare forward pass timed in the same run; heap growth; refits on every backend Node has. The same in a browser’s worker: npm run bench:client.',
  );
} else {
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`);
  await measureServing(clock, print);
  heapGrowth();
  await measureRefits(referenceLearner(), clock, print);
  for (const name of NODE_BACKENDS) await measureRefits(await startNodeBackend(name, WASM_FILES), clock, print);
}
