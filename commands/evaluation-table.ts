import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { calibrationPlot, coldStartPlot, selectivePlot } from '#models/evaluation/plots.ts';
import { type Measured, reportOf, type SetName } from '#models/evaluation/report.ts';
import type { Evaluation } from '#models/evaluation/run.ts';

const SETS: Readonly<Record<SetName, { readonly file: string; readonly split: string }>> = {
  ASSIST2009: { file: 'assist2009_gervet', split: 'gervet' },
  Statics: { file: 'statics2011_gervet', split: 'gervet' },
  Spanish: { file: 'spanish_gervet_testpart', split: 'folds' },
};
const SEEDS = [0, 1, 2, 3, 4];
const BASELINES = ['best-lr', 'pfa', 'irt', 'elo'] as const;
const TIERS = ['mlp', 'hybrid'] as const;

interface Result {
  readonly seconds: number;
  readonly runs: readonly [Evaluation];
}

/** One training and its scores, in a process of its own: as many at a time as there are cores. */
function evaluateApart(args: readonly string[]): Promise<Result> {
  const command = fileURLToPath(new URL('evaluate.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', command, ...args, '--json', '--full'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((done, failed) =>
    child.once('close', (code) => {
      if (code === 0) done(JSON.parse(text.trim().split('\n').at(-1) ?? '') as Result);
      else failed(new Error(`evaluate ${args.join(' ')} ended with ${code}`));
    }),
  );
}

/** Runs the jobs, a few at a time, in order; told of each that is done. */
async function inTurns<T>(jobs: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> {
  const results: T[] = [];
  let [next, done] = [0, 0];
  const worker = async () => {
    while (next < jobs.length) {
      const i = next++;
      results[i] = await (jobs[i] as () => Promise<T>)();
      done += 1;
      console.error(`${done} of ${jobs.length} done`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

interface Job {
  readonly set: SetName;
  /** `elsewhere`: the first tier trained on Spanish. */
  readonly model: (typeof TIERS)[number] | (typeof BASELINES)[number] | 'elsewhere';
  readonly seed: number;
  readonly isInner: boolean;
}

function jobsFor(set: SetName, hasSpanish: boolean): readonly Job[] {
  const seeds = set === 'Spanish' ? [0] : SEEDS;
  return [
    ...TIERS.flatMap((model) => seeds.map((seed): Job => ({ set, model, seed, isInner: false }))),
    ...BASELINES.map((model): Job => ({ set, model, seed: 0, isInner: false })),
    ...(hasSpanish && set !== 'Spanish' ? seeds.map((seed): Job => ({ set, model: 'elsewhere', seed, isInner: false })) : []),
  ];
}

/** Every model on every set, the report into docs/evaluation.md. @returns the exit code: 1 below a floor, 2 without the data */
export async function printTable(folder: string): Promise<number> {
  const sets = (Object.keys(SETS) as SetName[]).filter((set) => existsSync(`${folder}/${SETS[set].file}.csv.gz`));
  if (sets.length === 0) {
    console.error(
      `no data in ${folder}: the table needs ${Object.values(SETS)
        .map((s) => `${s.file}.csv.gz`)
        .join(', ')}`,
    );
    return 2;
  }
  const fileOf = (set: SetName, part = '') => `${folder}/${SETS[set].file}${part}.csv.gz`;
  const taus = new Map<string, Evaluation>();
  const run = ({ set, model, seed, isInner }: Job) => {
    const tau = taus.get(`${set} ${model}`)?.tau92;
    const split = isInner ? `inner:${SETS[set].split}` : SETS[set].split;
    return evaluateApart([
      '--data',
      fileOf(set),
      '--qmatrix',
      fileOf(set, '_qmatrix'),
      '--split',
      split,
      '--model',
      model === 'elsewhere' ? 'mlp' : model,
      '--seed',
      String(seed),
      ...(tau ? ['--tau', String(tau)] : []),
      ...(model === 'elsewhere' ? ['--elsewhere', fileOf('Spanish'), '--elsewhere-qmatrix', fileOf('Spanish', '_qmatrix')] : []),
    ]);
  };
  const inner = sets.filter((s) => s !== 'Spanish').flatMap((set) => TIERS.map((model): Job => ({ set, model, seed: 0, isInner: true })));
  const judged = await inTurns(
    inner.map((job) => () => run(job)),
    cpus().length,
  );
  inner.forEach(({ set, model }, i) => {
    taus.set(`${set} ${model}`, (judged[i] as Result).runs[0]);
  });
  const jobs = sets.flatMap((set) => jobsFor(set, sets.includes('Spanish')));
  const results = await inTurns(
    jobs.map((job) => () => run(job)),
    cpus().length,
  );
  const measured: Measured[] = jobs.map((job, i) => ({
    ...job,
    ...(results[i] as Result).runs[0],
    seconds: (results[i] as Result).seconds,
  }));
  const choice = (set: SetName) => TIERS.map((model) => ({ model, logLoss: taus.get(`${set} ${model}`)?.alone.logLoss ?? Number.NaN }));
  const report = reportOf(
    measured,
    new Map(sets.map((set) => [set, choice(set)])),
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`,
  );
  console.log(report.text);
  mkdirSync('docs/evaluation', { recursive: true });
  writeFileSync('docs/evaluation.md', report.text);
  for (const set of sets) {
    const of = (model: string) => measured.find((m) => m.set === set && m.model === model && m.seed === 0);
    const [mlp, hybrid] = [of('mlp'), of('hybrid')];
    if (!mlp || !hybrid) continue;
    const series = { 'first tier': mlp, 'second tier': hybrid };
    writeFileSync(`docs/evaluation/calibration-${set.toLowerCase()}.svg`, calibrationPlot(set, series));
    writeFileSync(`docs/evaluation/selective-${set.toLowerCase()}.svg`, selectivePlot(set, series));
    writeFileSync(`docs/evaluation/cold-start-${set.toLowerCase()}.svg`, coldStartPlot(set, series));
  }
  return report.isAboveFloors ? 0 : 1;
}
