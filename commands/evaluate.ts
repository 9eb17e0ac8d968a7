import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { priorlessAnswers } from '#models/difficulty/from-responses.ts';
import { tablesFrom } from '#models/difficulty/tables.ts';
import { countsOf, outOfFoldRows, rowsOf } from '#models/difficulty/training-rows.ts';
import { trainBestLr } from '#models/reference/best-lr.ts';
import { logitsOf } from '#models/reference/network.ts';
import { trainCentral } from '#models/reference/train-central.ts';
import { parseQMatrix, parseResponses, type Response } from '#shared/domain/response-data.ts';
import type { Result } from '#shared/domain/result.ts';
import { sigmoid } from '#shared/maths/logistic.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { type Scores, scores } from '#shared/maths/scores.ts';

const HELP = `Train on the training learners of a response data set and score on its test learners.

  npm run evaluate -- --data FILE --qmatrix FILE --split gervet --model best-lr|mlp [--seeds N] [--json]

  --data FILE      answers, CSV or gzipped CSV: learner, item, correct, split, ...
  --qmatrix FILE   skills of each item, CSV or gzipped CSV: item, skills
  --split gervet   the file's own column "split" (train or test)
  --model          best-lr: the logistic-regression baseline; mlp: the network the app runs
  --seeds N        average the scores over seeds 0 .. N-1 (default 1); best-lr is deterministic
  --json           end with one JSON object on the last line
`;

interface Data {
  readonly train: readonly (readonly Response[])[];
  readonly test: readonly (readonly Response[])[];
  readonly skills: ReadonlyMap<number, readonly string[]>;
}

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

function textOf(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    return stop(`${path}: cannot be read (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function parsed<T>(path: string, result: Result<T, { readonly line: number; readonly message: string }>): T {
  return result.ok ? result.value : stop(`${path}, line ${result.fault.line}: ${result.fault.message}`);
}

function load(dataFile: string, qmatrixFile: string): Data {
  const learners = parsed(dataFile, parseResponses(textOf(dataFile)));
  const skills = parsed(qmatrixFile, parseQMatrix(textOf(qmatrixFile)));
  const of = (split: string) => learners.filter((answers) => answers[0]?.split === split);
  const data = { train: of('train'), test: of('test'), skills };
  if (data.train.length === 0 || data.test.length === 0) {
    stop(`${dataFile}: the split "gervet" needs learners of both splits, found ${data.train.length} train and ${data.test.length} test`);
  }
  return data;
}

function scoreMlp({ train, test, skills }: Data, seed: number): Scores {
  const training = priorlessAnswers(train, skills);
  const rows = outOfFoldRows(training);
  const weights = trainCentral(rows, seededRng(seed), (epoch, loss) =>
    console.error(`seed ${seed} epoch ${epoch + 1}/10 loss ${loss.toFixed(4)}`),
  );
  const tables = tablesFrom(countsOf(training));
  const held = rowsOf(priorlessAnswers(test, skills), () => tables);
  return scores(logitsOf(weights, held.x).map(sigmoid), held.y);
}

function scoreBestLr({ train, test, skills }: Data): Scores {
  const skillIndex = new Map<string, number>();
  const indexed = (learners: Data['train']) =>
    learners.map((answers) =>
      answers.map(({ item, correct }) => ({
        item,
        y: correct,
        skills: (skills.get(item) ?? []).map((skill) => {
          if (!skillIndex.has(skill)) skillIndex.set(skill, skillIndex.size);
          return skillIndex.get(skill) ?? 0;
        }),
      })),
    );
  const [training, held] = [indexed(train), indexed(test)];
  const items = 1 + Math.max(...[...train, ...test].map((answers) => Math.max(...answers.map((a) => a.item))));
  const predict = trainBestLr(training, { items, skills: skillIndex.size }, (step, loss) => {
    if (step % 10 === 9) console.error(`step ${step + 1} loss ${loss.toFixed(4)}`);
  });
  return scores(
    held.flatMap((answers) => [...predict(answers)]),
    held.flatMap((answers) => answers.map((a) => a.y)),
  );
}

function meanScores(runs: readonly Scores[]): Scores {
  const mean = (key: keyof Scores) => runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
  return {
    auc: mean('auc'),
    accuracy: mean('accuracy'),
    majorityAccuracy: mean('majorityAccuracy'),
    logLoss: mean('logLoss'),
    brier: mean('brier'),
    ece: mean('ece'),
    n: mean('n'),
  };
}

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    qmatrix: { type: 'string' },
    split: { type: 'string', default: 'gervet' },
    model: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (!values.data || !values.qmatrix || !values.model) stop(`--data, --qmatrix and --model are needed\n\n${HELP}`);
if (values.split !== 'gervet') stop(`unknown split "${values.split}": only gervet is known yet`);
const score = { mlp: scoreMlp, 'best-lr': scoreBestLr }[values.model] ?? stop(`unknown model "${values.model}": use best-lr or mlp`);
const seeds = Number(values.seeds);
if (!Number.isInteger(seeds) || seeds < 1) stop(`--seeds must be a whole number from 1 on, got "${values.seeds}"`);

const started = performance.now();
const data = load(values.data, values.qmatrix);
const result = meanScores(Array.from({ length: values.model === 'best-lr' ? 1 : seeds }, (_, seed) => score(data, seed)));
const seconds = (performance.now() - started) / 1000;
console.log(`model              ${values.model}
seeds              ${seeds}
AUC                ${result.auc.toFixed(4)}
accuracy           ${result.accuracy.toFixed(4)}
majority accuracy  ${result.majorityAccuracy.toFixed(4)}
log loss           ${result.logLoss.toFixed(4)}
Brier              ${result.brier.toFixed(4)}
ECE                ${result.ece.toFixed(4)}
n                  ${result.n}
seconds            ${seconds.toFixed(1)}`);
if (values.json) console.log(JSON.stringify({ ...result, seconds }));
