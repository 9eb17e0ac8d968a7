import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { priorlessAnswers } from '#models/difficulty/from-responses.ts';
import { MODELS, trainedElsewhere, trainPredictor } from '#models/evaluation/predictors.ts';
import { type Evaluation, evaluate, type Round } from '#models/evaluation/run.ts';
import { shuffledOutcomes, splitBy } from '#models/evaluation/splits.ts';
import { C_80 } from '#models/patterns/predicted-score.ts';
import { parseQMatrix, parseResponses } from '#shared/domain/response-data.ts';
import type { Result } from '#shared/domain/result.ts';
import { seededRng } from '#shared/maths/rng.ts';
import type { Scores } from '#shared/maths/scores.ts';
import { printTable } from './evaluation-table.ts';

const HELP = `Train on the training learners of a response data set and score on its test learners.

  npm run evaluate [-- --data-folder DIR]
      the table of floors and goals over all data sets there (default ../shared/data), docs/evaluation.md written anew;
      exit code 1 below a floor
  npm run evaluate -- --data FILE --qmatrix FILE --split SPLIT --model MODEL [--seed N | --seeds N] [--json]

  --data FILE      answers, CSV or gzipped CSV: learner, item, correct, and split or fold
  --qmatrix FILE   skills of each item, CSV or gzipped CSV: item, skills
  --split SPLIT    gervet: the file's own column "split"; akt:K: its column "fold" (test K, validation K+1, train the other three);
                   folds: five folds by learner, pooled; inner:SPLIT: its training learners split again
  --model MODEL    ${MODELS.join(', ')}
  --seed N         this seed (default 0); the baselines are deterministic
  --seeds N        average the scores over seeds 0 .. N-1
  --elsewhere FILE, --elsewhere-qmatrix FILE
                   the first tier trained on these answers instead, with the counts of the training learners: how a new exam begins
  --tau P          sureness from which on selective accuracy is told, chosen on other learners
  --shuffled       outcomes shuffled first: nothing must be learnt (AUC .5)
  --json           end with one JSON object on the last line: the shared model's scores
  --full           with --json: everything measured, each run apart
`;

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

function roundsOf(dataFile: string, qmatrixFile: string, split: string, isShuffled: boolean): readonly Round[] {
  const parsedLearners = parsed(dataFile, parseResponses(textOf(dataFile)));
  const learners = isShuffled ? shuffledOutcomes(parsedLearners, seededRng(1)) : parsedLearners;
  const skills = parsed(qmatrixFile, parseQMatrix(textOf(qmatrixFile)));
  const names = split === 'folds' ? [1, 2, 3, 4, 5].map((k) => `folds:${k}`) : [split];
  return names.map((name) => {
    const parts = splitBy(name, learners);
    if (!parts.ok) return stop(`${dataFile}: ${parts.fault}`);
    const [train, test] = [parts.value.train, parts.value.test].map((some) => priorlessAnswers(some, skills));
    return { train: train ?? [], test: test ?? [] };
  });
}

/** All answers of a data set. */
function answersOf(dataFile: string, qmatrixFile: string) {
  return priorlessAnswers(parsed(dataFile, parseResponses(textOf(dataFile))), parsed(qmatrixFile, parseQMatrix(textOf(qmatrixFile))));
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

const row = (name: string, of: (s: Scores) => string, alone: Scores, served: Scores) =>
  console.log(`${name.padEnd(18)} ${of(alone).padStart(8)} ${of(served).padStart(8)}`);

function print(model: string, runs: readonly Evaluation[], seconds: number): Scores {
  const [alone, served] = [meanScores(runs.map((r) => r.alone)), meanScores(runs.map((r) => r.served))];
  const [first] = runs as [Evaluation];
  console.log(`model ${model}, ${first.parameters} parameters, ${runs.length} seed${runs.length === 1 ? '' : 's'}, ${alone.n} answers`);
  console.log(`${''.padEnd(18)}    alone   served`);
  row('AUC', (s) => s.auc.toFixed(4), alone, served);
  row('accuracy', (s) => s.accuracy.toFixed(4), alone, served);
  row('majority accuracy', (s) => s.majorityAccuracy.toFixed(4), alone, served);
  row('log loss', (s) => s.logLoss.toFixed(4), alone, served);
  row('Brier', (s) => s.brier.toFixed(4), alone, served);
  row('ECE', (s) => s.ece.toFixed(4), alone, served);
  for (const [name, gain] of [
    ['under 100 answers', first.short],
    ['100 and more', first.long],
  ] as const) {
    if (!gain) continue;
    console.log(
      `${name.padEnd(18)} ${gain.learners} learners: AUC ${gain.aucAlone.toFixed(4)} → ${gain.aucServed.toFixed(4)}, log loss ${gain.lossAlone.toFixed(4)} → ${gain.lossServed.toFixed(4)}; not worse ${(100 * gain.notWorse).toFixed(1)} %, helped ${(100 * gain.helped).toFixed(1)} %, harmed ${(100 * gain.harmed).toFixed(1)} %`,
    );
  }
  for (const r of first.ranges)
    console.log(
      `80 % range, ${r.questions} questions: covers ${(100 * r.coverage).toFixed(1)} % of ${r.exams}, width ${(100 * r.width).toFixed(1)} points (factor ${r.factor}); conformal ones cover ${(100 * r.conformal).toFixed(1)} %`,
    );
  if (first.selective)
    console.log(
      `selective accuracy ${first.selective.accuracy.toFixed(4)} on ${(100 * first.selective.coverage).toFixed(1)} % of the answers`,
    );
  console.log(`92 % from sureness ${first.tau92.toFixed(4)} on`);
  console.log(`seconds            ${seconds.toFixed(1)}`);
  return alone;
}

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    qmatrix: { type: 'string' },
    'data-folder': { type: 'string', default: '../shared/data' },
    split: { type: 'string', default: 'gervet' },
    model: { type: 'string' },
    seed: { type: 'string', default: '0' },
    seeds: { type: 'string' },
    tau: { type: 'string' },
    elsewhere: { type: 'string' },
    'elsewhere-qmatrix': { type: 'string' },
    shuffled: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (!values.data && !values.qmatrix && !values.model) process.exit(await printTable(values['data-folder']));
if (!values.data || !values.qmatrix || !values.model) stop(`--data, --qmatrix and --model are needed\n\n${HELP}`);
const model = MODELS.find((m) => m === values.model) ?? stop(`unknown model "${values.model}": use ${MODELS.join(', ')}`);
const wanted = Number(values.seeds ?? values.seed);
if (!Number.isInteger(wanted) || wanted < (values.seeds ? 1 : 0))
  stop(
    values.seeds
      ? `--seeds must be a whole number from 1 on, got "${values.seeds}"`
      : `--seed must be a whole number, got "${values.seed}"`,
  );
const tau = values.tau === undefined ? null : Number(values.tau);
if (values.elsewhere && (model !== 'mlp' || !values['elsewhere-qmatrix']))
  stop('--elsewhere goes with --model mlp and --elsewhere-qmatrix');
if (tau !== null && !(tau >= 0.5 && tau <= 1)) stop(`--tau must lie in [.5, 1], got "${values.tau}"`);

const started = performance.now();
const rounds = roundsOf(values.data, values.qmatrix, values.split, values.shuffled);
const isSeeded = model === 'mlp' || model === 'hybrid';
const seeds = values.seeds && isSeeded ? Array.from({ length: wanted }, (_, seed) => seed) : [values.seeds ? 0 : wanted];
const trained = values.elsewhere ? trainedElsewhere(answersOf(values.elsewhere, values['elsewhere-qmatrix'] ?? '')) : trainPredictor;
const told = (seed: number) => (done: string) => console.error(`${model} seed ${seed} ${done}`);
const runs = seeds.map((seed) => evaluate(model, rounds, seed, C_80, tau, told(seed), trained));
const seconds = (performance.now() - started) / 1000;
const alone = print(model, runs, seconds);
if (values.json) console.log(JSON.stringify(values.full ? { ...alone, seconds, runs } : { ...alone, seconds }));
