import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { FEATURE_VERSION } from '#models/difficulty/features.ts';
import { priorlessAnswers } from '#models/difficulty/from-responses.ts';
import type { Question } from '#models/difficulty/question.ts';
import { noCounts, priorTables, tablesFrom } from '#models/difficulty/tables.ts';
import { countsOf, type LearnerAnswers, outOfFoldRows, rowsOf } from '#models/difficulty/training-rows.ts';
import { type Batch, weightsToBytes } from '#models/learner.ts';
import { logitsOf } from '#models/reference/network.ts';
import { trainCentral } from '#models/reference/train-central.ts';
import { type SyntheticExam, syntheticExam, syntheticLearner } from '#models/synthetic/learners.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { parseQMatrix, parseResponses } from '#shared/domain/response-data.ts';
import { sigmoid } from '#shared/maths/logistic.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { scores } from '#shared/maths/scores.ts';

const HELP = `Train the start weights that ship with the app, from synthetic learners and the Spanish data of Lindsey et al. 2014 alone.

  npm run train-start -- --spanish FILE --qmatrix FILE [--seed N] [--out FOLDER]

  --spanish, --qmatrix  the Spanish responses and their Q-matrix, in the format npm run evaluate reads
  --seed N              seed of synthetic learners and training (default 1)
  --out FOLDER          where start.bin and start.json go (default public/models)
`;

const EXAMS = 40;
const LEARNERS_AN_EXAM = 60;
const HOLD_OUT_EXAMS = 6;
const HOLD_OUT_SEED = 900_000;

const { values } = parseArgs({
  options: {
    spanish: { type: 'string' },
    qmatrix: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'public/models' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || !values.spanish || !values.qmatrix) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

function questionsOf(exam: SyntheticExam): readonly Question[] {
  return exam.items.map((item, i) => ({ id: String(i), skills: item.skills.map(String), prior: item.prior }));
}

/** Rows of one made-up exam as a new installation meets it: tables hold the authors' priors alone. */
function syntheticRows(seed: number): Batch {
  const rng = seededRng(seed);
  const exam = syntheticExam(60 + (rng() % 240), 6 + (rng() % 10), rng);
  const questions = questionsOf(exam);
  const learners = Array.from({ length: LEARNERS_AN_EXAM }, () =>
    syntheticLearner(exam, 30 + (rng() % 220), rng).map(({ item, y }) => ({ question: questions[item] as Question, y })),
  );
  const tables = priorTables(questions);
  return rowsOf(learners, () => tables);
}

function joined(batches: readonly Batch[]): Batch {
  const x = new Float32Array(batches.reduce((sum, b) => sum + b.x.length, 0));
  const y = new Float32Array(batches.reduce((sum, b) => sum + b.y.length, 0));
  let [xAt, yAt] = [0, 0];
  for (const batch of batches) {
    x.set(batch.x, xAt);
    y.set(batch.y, yAt);
    xAt += batch.x.length;
    yAt += batch.y.length;
  }
  return { x, y };
}

function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
}

function spanish(): readonly LearnerAnswers[] {
  const responses = parseResponses(textOf(values.spanish ?? ''));
  const skills = parseQMatrix(textOf(values.qmatrix ?? ''));
  if (!responses.ok || !skills.ok) throw new Error('the Spanish files cannot be read');
  const sorted = [...responses.value].sort((a, b) => (a[0]?.learner ?? 0) - (b[0]?.learner ?? 0));
  return priorlessAnswers(sorted, skills.value);
}

function score(name: string, weights: Float32Array, batch: Batch): Record<string, number> {
  const result = scores(logitsOf(weights, batch.x).map(sigmoid), batch.y);
  console.log(
    `${name.padEnd(24)} AUC ${result.auc.toFixed(4)}  log loss ${result.logLoss.toFixed(4)}  ECE ${result.ece.toFixed(4)}  n ${result.n}`,
  );
  return { auc: Number(result.auc.toFixed(4)), logLoss: Number(result.logLoss.toFixed(4)), n: result.n };
}

const seed = Number(values.seed);
const learners = spanish();
const kept = learners.filter((_, i) => i % 5 !== 0);
const held = learners.filter((_, i) => i % 5 === 0);
const bareTables = tablesFrom(noCounts(), 0.75);
const training = joined([
  ...Array.from({ length: EXAMS }, (_, i) => syntheticRows(seed * 1000 + i)),
  outOfFoldRows(kept),
  rowsOf(kept, () => bareTables),
]);
console.log(`training on ${training.y.length} rows`);
const weights = trainCentral(training, seededRng(seed), (epoch, loss) => console.log(`epoch ${epoch + 1}/10  loss ${loss.toFixed(4)}`));
const spanishTables = tablesFrom(countsOf(kept));
const holdOut = {
  synthetic: score(
    'hold-out, synthetic',
    weights,
    joined(Array.from({ length: HOLD_OUT_EXAMS }, (_, i) => syntheticRows(HOLD_OUT_SEED + i))),
  ),
  spanish: score(
    'hold-out, Spanish',
    weights,
    rowsOf(held, () => spanishTables),
  ),
  spanishWithoutTables: score(
    'the same, no tables',
    weights,
    rowsOf(held, () => bareTables),
  ),
};
const bytes = weightsToBytes(weights);
const description = {
  name: 'examsgraph-global',
  version: 1,
  featureVersion: FEATURE_VERSION,
  architecture: '28-32-16-1',
  sha256: sha256Hex(bytes),
  seed,
  trainedOn: [
    `${EXAMS} synthetic exams of ${LEARNERS_AN_EXAM} learners`,
    `Spanish vocabulary practice, ${kept.length} learners (Lindsey, Shroyer, Pashler and Mozer 2014, Psychological Science 25(3); MIT licence, robert-lindsey/WCRP)`,
  ],
  holdOut,
};
mkdirSync(values.out, { recursive: true });
writeFileSync(`${values.out}/start.bin`, bytes);
writeFileSync(`${values.out}/start.json`, `${JSON.stringify(description, null, 2)}\n`);
console.log(`${values.out}/start.bin  sha256 ${description.sha256}`);
