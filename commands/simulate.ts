import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { priorlessAnswers } from '#models/difficulty/from-responses.ts';
import { type DifficultyTables, noCounts, tablesFrom } from '#models/difficulty/tables.ts';
import { countsOf, type LearnerAnswers, latestRows, outOfFoldRows, rowsOf } from '#models/difficulty/training-rows.ts';
import { DEVICE_ANSWERS, deviceDelta } from '#models/federated/delta.ts';
import { type ReplayMode, type ReplayRules, replay, schedule } from '#models/federated/replay.ts';
import { type Batch, weightsFromBytes } from '#models/learner.ts';
import { logitsOf } from '#models/reference/network.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { trainCentral } from '#models/reference/train-central.ts';
import { GRID_STEPS, isPreset, type ModelConfig, PRESETS, type PresetName } from '#shared/aggregation/config.ts';
import { parseQMatrix, parseResponses, type Response } from '#shared/domain/response-data.ts';
import { sigmoid } from '#shared/maths/logistic.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { scores } from '#shared/maths/scores.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';
import { squaredNorm } from '#shared/privacy/sanitise.ts';
import { fastPrimitives } from '#sync-server/crypto/fast-primitives.ts';
import { secureRng } from '#sync-server/crypto/secure-rng.ts';
import { syntheticClass } from '#sync-server/federation/hold-out.ts';
import { fleet, inParallel } from '#sync-server/simulation/fleet.ts';
import { privateCounts } from '#sync-server/simulation/private-counts.ts';
import { type RunningInstallation, startInstallation } from '#sync-server/simulation/running.ts';
import { lineOf, type SlotLine } from '#sync-server/simulation/slot-line.ts';
import { type Air, fetchConfig, fetchModel, type VirtualDevice } from '#sync-server/simulation/virtual-device.ts';

const HELP = `Replay learners through leader and helper: real processes, real HTTP, real cryptography, on a test clock.

  npm run simulate -- --data FILE --qmatrix FILE --learners N --slots T --preset P [--table] [--seed N] [--json]
  npm run simulate -- --weeks W --learners N [--preset P] [--into FOLDER]

  --data, --qmatrix  answers and Q-matrix, as npm run evaluate reads them; training learners are replayed, test learners score
  --learners N       at most this many learners (default: all)
  --slots T          slots to go through (default 52)
  --preset P         production, production-large, pilot or demo (default production)
  --arms             the table of arms alone, without the protocol; without --data on --learners N synthetic learners
  --table            also print the table of arms: start, exact, clipped, noised, central; with tables from priors, private, clean
  --weeks W          without data: synthetic learners for W weekly slots, into an installation that is kept for looking at
  --into FOLDER      where that installation is kept (default .data-simulated)
  --seed N           who comes by when (default 1); noise and keys are never seeded in the protocol run
  --json             end with one JSON object on the last line
`;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    qmatrix: { type: 'string' },
    learners: { type: 'string' },
    slots: { type: 'string' },
    weeks: { type: 'string' },
    preset: { type: 'string', default: 'production' },
    into: { type: 'string', default: '.data-simulated' },
    seed: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
    arms: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function stop(message: string): never {
  console.error(message);
  process.exit(2);
}

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (!isPreset(values.preset)) stop(`There is no preset "${values.preset}": ${Object.keys(PRESETS).join(', ')}.`);
if (!values.arms && Boolean(values.data) === Boolean(values.weeks)) stop(`Give either --data or --weeks.\n\n${HELP}`);

const [WEEK_MS, HOUR_MS] = [7 * 86_400_000, 3_600_000];
const wholeNumber = (text: string | undefined, fallback: number, name: string): number => {
  const n = text === undefined ? fallback : Number(text);
  return Number.isInteger(n) && n >= 1 ? n : stop(`--${name} must be a whole number of at least 1, got "${text}".`);
};
const preset: PresetName = values.preset;
const slots = wholeNumber(values.weeks ?? values.slots, 52, values.weeks ? 'weeks' : 'slots');
const seed = wholeNumber(values.seed, 1, 'seed');
const start = weightsFromBytes(new Uint8Array(readFileSync('public/models/start.bin')));

interface Population {
  readonly train: readonly LearnerAnswers[];
  readonly test: readonly LearnerAnswers[];
  readonly priors: DifficultyTables;
}

function textOf(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    return stop(`${path}: cannot be read (${cause instanceof Error ? cause.message : String(cause)})`);
  }
}

function realLearners(file: string): Population {
  const responses = parseResponses(textOf(file));
  if (!responses.ok) return stop(`${file}, line ${responses.fault.line}: ${responses.fault.message}`);
  const qmatrix = values.qmatrix ? parseQMatrix(textOf(values.qmatrix)) : null;
  if (qmatrix && !qmatrix.ok) return stop(`${values.qmatrix}, line ${qmatrix.fault.line}: ${qmatrix.fault.message}`);
  const skills = qmatrix?.value ?? new Map<number, readonly string[]>();
  const of = (split: string) =>
    priorlessAnswers(
      responses.value.filter((a: readonly Response[]) => a[0]?.split === split),
      skills,
    );
  const [train, test] = [of('train'), of('test')];
  if (train.length === 0 || test.length === 0) return stop(`${file}: the column "split" must name train and test learners.`);
  return { train: train.slice(0, wholeNumber(values.learners, train.length, 'learners')), test, priors: tablesFrom(noCounts(), 0.65) };
}

function madeUpLearners(): Population {
  const n = wholeNumber(values.learners, 1200, 'learners');
  const { answers } = syntheticClass(seed, n + Math.ceil(n / 4));
  return { train: answers.slice(0, n), test: answers.slice(n), priors: tablesFrom(noCounts(), 0.65) };
}

const population = values.data ? realLearners(values.data) : madeUpLearners();
function score(weights: Float32Array, held: Batch): { readonly auc: number; readonly logLoss: number } {
  const { auc, logLoss } = scores(logitsOf(weights, held.x).map(sigmoid), held.y);
  return { auc, logLoss };
}

const rowsWith = (tables: DifficultyTables): readonly Batch[] =>
  population.train.map((a) =>
    latestRows(
      rowsOf([a], () => tables),
      DEVICE_ANSWERS,
    ),
  );
const heldWith = (tables: DifficultyTables): Batch => rowsOf(population.test, () => tables);
const rules: ReplayRules = { ...PRESETS[preset], grid_steps: GRID_STEPS, slots };
async function oneSlot(
  installation: RunningInstallation,
  air: Air,
  config: ModelConfig,
  deviceOf: (learner: number) => Promise<VirtualDevice>,
  slot: number,
  rows: readonly Batch[],
  chosen: readonly number[],
  held: Batch,
): Promise<SlotLine> {
  const from = performance.now();
  const model = await fetchModel(air, config);
  const clean = new Float64Array(config.dim);
  let bytes = model.served.length * 8;
  await inParallel(chosen, 8, async (n) => {
    const delta = await deviceDelta(referenceLearner(), model.base, rows[n] as Batch);
    const shrink = Math.min(1, config.clip_norm / Math.sqrt(squaredNorm(delta)));
    for (let i = 0; i < clean.length; i++) clean[i] = (clean[i] as number) + ((delta[i] as number) * shrink) / config.k;
    const report = (await deviceOf(n)).prepared(config, model, delta, slot);
    const status = await report.upload(air.leader);
    if (status !== 201) throw new Error(`slot ${slot}: a report was answered ${status}`);
    bytes += report.bytes.length;
  });
  const { gates, metrics, mean } = await installation.promote(slot);
  const next = await fetchModel(air, config);
  const [running, cap] = [metrics['rho_running'] ?? Number.NaN, metrics['rho_cap'] ?? Number.NaN];
  return {
    slot,
    ...score(next.served, held),
    noiseNorm: Math.sqrt(squaredNorm(mean.map((x, i) => x - (clean[i] as number)))),
    rhoRunning: running,
    rhoCap: cap,
    epsilonRunning: gaussianEpsilon(running, config.delta),
    epsilonCap: gaussianEpsilon(cap, config.delta),
    gatesPassed: gates.every((g) => g.isPassed),
    bytes,
    seconds: (performance.now() - from) / 1000,
  };
}

async function protocolRun(installation: RunningInstallation, plan: readonly (readonly number[])[]): Promise<readonly SlotLine[]> {
  const air: Air = { leader: installation.leader, crypto: await fastPrimitives(), rng: secureRng() };
  const config = await fetchConfig(air);
  const deviceOf = fleet(air);
  const rows = rowsWith(population.priors);
  const held = heldWith(population.priors);
  const lines: SlotLine[] = [];
  for (const [i, chosen] of plan.entries()) {
    const slot = i + 1;
    if (config.interval_ms > 0) await installation.setClock(config.epoch_ms + i * config.interval_ms + 1000);
    if (chosen.length === 0) {
      console.log(
        `slot ${String(slot).padStart(3)}  not filled: fewer than ${config.k} learners may contribute; nothing released, nothing spent`,
      );
      continue;
    }
    const line = await oneSlot(installation, air, config, deviceOf, config.interval_ms > 0 ? slot : lines.length + 1, rows, chosen, held);
    lines.push(line);
    console.log(lineOf(line, preset === 'demo'));
  }
  return lines;
}

/** How far below central training the noised sum may end, AUC: with replayed learners, and with as many made-up ones as one likes. */
const MOST_BELOW = values.data ? 0.015 : 0.005;

const centralScore = (training: Batch, held: Batch) =>
  score(
    trainCentral(training, seededRng(0), () => undefined),
    held,
  );

async function tableOfArms(plan: readonly (readonly number[])[]) {
  const clean = countsOf(population.train);
  const kinds: readonly (readonly [string, DifficultyTables])[] = [
    ['priors', population.priors],
    ['private', tablesFrom(privateCounts(population.train, plan, seededRng(seed + 2)), 0.65)],
    ['clean', tablesFrom(clean)],
  ];
  const cells: Record<string, Record<string, { readonly auc: number; readonly logLoss: number }>> = {};
  for (const [name, tables] of kinds) {
    console.log(`tables: ${name}`);
    const [rows, held] = [rowsWith(tables), heldWith(tables)];
    const arm = async (mode: ReplayMode) =>
      score(await replay(referenceLearner(), start, rows, plan, rules, mode, seededRng(seed + 1)), held);
    const training = name === 'clean' ? outOfFoldRows(population.train) : rowsOf(population.train, () => tables);
    cells[name] = {
      start: score(start, held),
      exact: await arm('exact'),
      clipped: await arm('clipped'),
      noised: await arm('noised'),
      central: centralScore(training, held),
    };
    const central = cells[name]?.['central']?.auc ?? Number.NaN;
    for (const [key, { auc, logLoss }] of Object.entries(cells[name] ?? {})) {
      const below = central - auc;
      const verdict =
        key === 'noised' ? `  ${below.toFixed(4)} below central, at most ${MOST_BELOW} ${below <= MOST_BELOW ? '✓' : '✗'}` : '';
      console.log(`  ${key.padEnd(10)} AUC ${auc.toFixed(4)}  log loss ${logLoss.toFixed(4)}${verdict}`);
    }
  }
  return cells;
}

const normsOnStart = () =>
  Promise.all(rowsWith(population.priors).map(async (r) => Math.sqrt(squaredNorm(await deviceDelta(referenceLearner(), start, r)))));
const at = (sorted: readonly number[], q: number): string => (sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN).toFixed(3);

async function main(): Promise<void> {
  const plan = schedule(population.train.length, rules, seededRng(seed));
  if (values.arms) return void (await tableOfArms(plan));
  const isKept = values.weeks !== undefined;
  const folder = isKept ? resolve(values.into) : mkdtempSync(join(tmpdir(), 'examsgraph-simulate-'));
  if (!isKept) chmodSync(folder, 0o755);
  else {
    mkdirSync(folder, { recursive: true });
    // Whoever looks at this installation is told that its learners are made up.
    writeFileSync(join(folder, 'simulated'), '');
  }
  const held = heldWith(population.priors);
  const first = score(start, held);
  console.log(
    `${population.train.length} learners, ${population.test.length} held out, preset ${preset}, ${slots} slots\n` +
      `start      AUC ${first.auc.toFixed(4)}  log loss ${first.logLoss.toFixed(4)}`,
  );
  const sorted = (await normsOnStart()).sort((a, b) => a - b);
  console.log(`norm of the updates on the start weights: median ${at(sorted, 0.5)}, 70 % quantile ${at(sorted, 0.7)}`);
  // Kept weeks end now, so that the pages show a present to look at.
  const installation = await startInstallation(preset, folder, isKept ? -(slots - 1) * WEEK_MS - HOUR_MS : 0);
  const end = async () => {
    await installation.stop();
    if (!isKept) rmSync(folder, { recursive: true, force: true });
  };
  process.on('SIGINT', () => void end().then(() => process.exit(130)));
  try {
    const lines = await protocolRun(installation, plan);
    const last = lines.at(-1);
    if (last)
      console.log(`end        AUC ${last.auc.toFixed(4)}  log loss ${last.logLoss.toFixed(4)}, ${lines.length} of ${slots} slots filled`);
    const table = values.table ? await tableOfArms(plan) : null;
    if (isKept) console.log(`kept in ${values.into}; to look at it: EG_PRESET=${preset} EG_DATA_DIR=${values.into} npm start`);
    if (values.json) console.log(JSON.stringify({ preset, learners: population.train.length, start: first, slots: lines, table }));
  } finally {
    await end();
  }
}

await main();
