import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { absorb } from '#models/difficulty/personal-model.ts';
import type { Question } from '#models/difficulty/question.ts';
import { keepsLimits, measureServing, measureTraining, speedQuestions, studiedModel, type Timing } from '#models/evaluation/speed.ts';
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
  const grown = used() - before;
  console.log(
    `${'heap growth over 10,000 updates'.padEnd(WIDTH)} ${(grown / 1000).toFixed(1).padStart(10)} kB   at most ${MOST_GROWTH / 1000} kB ${sign(grown <= MOST_GROWTH)}`,
  );
}

const WIDTH = 40;
/** What the collector itself moves by; a leak of one number an update is 80 kB. */
const MOST_GROWTH = 50_000;
let isKept = true;
function sign(isMet: boolean): string {
  isKept &&= isMet;
  return isMet ? '✓' : '✗';
}

const WASM_FILES = fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url));

const clock = () => performance.now();
function print(timing: Timing): void {
  const { what, ms, floor, mostMs, mostFloors } = timing;
  const asked = [mostMs === null ? [] : [`${mostMs} ms`], mostFloors === null ? [] : [`${mostFloors} x`]].flat().join(', ');
  const isMet = keepsLimits(timing);
  console.log(
    `${what.padEnd(WIDTH)} ${ms.toFixed(3).padStart(10)} ms${floor === null ? '' : `   ${(ms / floor).toFixed(2)} x floor (${floor.toFixed(3)} ms)`}${isMet === null ? '' : `   at most ${asked} ${sign(isMet)}`}`,
  );
}

if (process.argv.includes('--help')) {
  console.log(
    'npm run bench:models: speed of prediction, ranking, online update, refit and search, beside the bare forward pass timed in the same run; heap growth; training on every backend Node has; exit code 1 over a limit. The same in a browser’s worker: npm run bench:client.',
  );
} else {
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`);
  await measureServing(clock, print);
  heapGrowth();
  await measureTraining(referenceLearner(), clock, print);
  for (const name of NODE_BACKENDS) await measureTraining(await startNodeBackend(name, WASM_FILES), clock, print);
  process.exitCode = isKept ? 0 : 1;
}
