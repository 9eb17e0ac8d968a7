import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judgeDrift } from '#models/evaluation/drift-study.ts';
import { judgeEvenDraws } from '#models/evaluation/off-policy-study.ts';
import {
  compared,
  POLICIES,
  type PolicyName,
  SIMULATORS,
  type SimulatorName,
  type Way,
  wayOf,
} from '#models/evaluation/recommender-study.ts';
import { FORGETTERS, judgeSchedule } from '#models/evaluation/review-study.ts';
import { weightsFromBytes } from '#models/learner.ts';
import { networkOf } from '#models/reference/network.ts';

const HELP = `Try the teaching parts of the engine on simulated learners.

  npm run study [-- --learners N]

  --learners N   simulated learners a simulator and policy (default 100)
`;

const { values } = parseArgs({ options: { learners: { type: 'string', default: '100' }, help: { type: 'boolean', default: false } } });
const learners = Number(values.learners);
if (values.help || !Number.isInteger(learners) || learners < 2) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const network = networkOf(weightsFromBytes(new Uint8Array(readFileSync('public/models/start.bin'))));
const names = Object.keys(POLICIES) as PolicyName[];
const mean = (ways: readonly Way[], of: (way: Way) => number) => ways.reduce((sum, way) => sum + of(way), 0) / ways.length;
const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

for (const simulator of Object.keys(SIMULATORS) as SimulatorName[]) {
  const ways = new Map(
    names.map((policy) => [policy, Array.from({ length: learners }, (_, seed) => wayOf(simulator, policy, network, 7000 + seed))]),
  );
  console.log(`\n${simulator} (${learners} learners)`);
  const own = ways.get('ours') ?? [];
  for (const [policy, all] of ways) {
    const line = `  ${policy.padEnd(18)} answers to 80 % of the skills ${mean(all, (w) => w.toMastery)
      .toFixed(0)
      .padStart(
        5,
      )}   recall a week on ${percent(mean(all, (w) => w.recallAfterWeek))}   gain on items kept back ${percent(mean(all, (w) => w.unseenGain))}   right ${percent(mean(all, (w) => w.right))}`;
    if (policy === 'ours') {
      console.log(line);
      continue;
    }
    const base = mean(all, (w) => w.toMastery);
    const saved = compared(all.map((w, i) => (w.toMastery - (own[i] as Way).toMastery) / base));
    const recall = compared(all.map((w, i) => (own[i] as Way).recallAfterWeek - w.recallAfterWeek));
    const gain = compared(all.map((w, i) => (own[i] as Way).unseenGain - w.unseenGain));
    console.log(
      `${line}\n    ours needs ${percent(saved.mean)} fewer (95 %: ${percent(saved.low)} to ${percent(saved.high)}); recall ${percent(recall.mean)} higher (${percent(recall.low)} to ${percent(recall.high)}), gain on items kept back ${percent(gain.mean)} (${percent(gain.low)} to ${percent(gain.high)})`,
    );
  }
}

console.log('\nanother policy judged by our log: even draws from the same list, mean y − p of what it would ask');
for (const simulator of Object.keys(SIMULATORS) as SimulatorName[]) {
  const { value, truth } = judgeEvenDraws(simulator, network, Math.min(learners, 40), 150);
  const told =
    value.kind === 'too-few'
      ? 'too little evidence to tell'
      : `SNIPS ${value.snips.toFixed(4)}   doubly robust ${value.doublyRobust.toFixed(4)} ± ${(1.96 * value.standardError).toFixed(4)}`;
  console.log(
    `  ${simulator.padEnd(10)} truth ${truth.toFixed(4)}   ${told}   effective sample size ${value.effectiveSampleSize.toFixed(0)}`,
  );
}

console.log('\ndrift detector: answers until the alarm');
for (const shift of [0, 0.5, 1, 1.5, 2]) {
  const { answers, noticed } = judgeDrift(shift, Math.min(learners, 100), shift === 0 ? 40_000 : 2000);
  const what = shift === 0 ? 'nothing has changed: a false alarm every' : `${shift.toFixed(1)} logits worse than expected: noticed after`;
  console.log(`  ${what} ${answers.toFixed(0)} answers (${percent(noticed)} within ${shift === 0 ? '40,000' : '2,000'})`);
}

console.log('\nreview schedule: log loss and RMSE(bins) on the latest fifth of simulated reviews');
for (const forgetter of FORGETTERS) {
  const judged = Array.from({ length: Math.min(learners, 20) }, (_, seed) => judgeSchedule(forgetter, 300 + seed));
  const over = (of: (j: (typeof judged)[number]) => number) => (judged.reduce((sum, j) => sum + of(j), 0) / judged.length).toFixed(4);
  console.log(
    `  ${forgetter.padEnd(10)} defaults ${over((j) => j.defaults.logLoss)} / ${over((j) => j.defaults.rmseBins)}   after the gate ${over((j) => j.kept.logLoss)} / ${over((j) => j.kept.rmseBins)} (fit kept for ${judged.filter((j) => j.isKept).length} of ${judged.length})   mean alone ${over((j) => j.meanLogLoss)}`,
  );
}
