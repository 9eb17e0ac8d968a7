import type { PersonalGain } from './prequential.ts';
import type { Evaluation } from './run.ts';

/** The data sets of the report. */
export type SetName = 'ASSIST2009' | 'Statics' | 'Spanish';

/** One run of the report. */
export interface Measured extends Evaluation {
  readonly set: SetName;
  readonly model: string;
  readonly seed: number;
  readonly seconds: number;
}

/** Log loss of a tier on the inner split's held-out learners, by which the tier of a pack is chosen. */
export interface TierLoss {
  readonly model: string;
  readonly logLoss: number;
}

interface Target {
  readonly set: SetName;
  readonly what: string;
  readonly model: string;
  readonly of: (e: Evaluation) => number;
  readonly isAtLeast: boolean;
  readonly floor: number | null;
  readonly goal: number | null;
}

const SETS: readonly SetName[] = ['ASSIST2009', 'Statics', 'Spanish'];

const target = (
  set: SetName,
  what: string,
  model: string,
  of: Target['of'],
  isAtLeast: boolean,
  floor: number | null,
  goal: number | null = null,
) => ({
  set,
  what,
  model,
  of,
  isAtLeast,
  floor,
  goal,
});

const alone = (key: 'auc' | 'logLoss' | 'ece') => (e: Evaluation) => e.alone[key];
const served = (key: 'auc') => (e: Evaluation) => e.served[key];
const notWorse = (e: Evaluation) => e.long?.notWorse ?? Number.NaN;
const sureOf = (e: Evaluation) => e.selective?.coverage ?? Number.NaN;
const costOf = (gain: PersonalGain | null) => (gain ? gain.lossServed - gain.lossAlone : Number.NaN);
const saved = (e: Evaluation) => e.alone.logLoss - e.served.logLoss;
const offBy = (questions: number) => (e: Evaluation) =>
  Math.abs((e.ranges.find((r) => r.questions === questions)?.coverage ?? Number.NaN) - 0.8);

/** What is asked of both published sets alike. */
const personal = (set: SetName): readonly Target[] => [
  target(set, 'log loss, served less alone, under 100 answers', 'mlp', (e) => costOf(e.short), false, 0.0025, 0),
  target(set, 'log loss, served less alone, 100 and more', 'mlp', (e) => costOf(e.long), false, 0.0025, 0),
  target(set, 'the same, second tier', 'hybrid', (e) => costOf(e.long), false, 0.0025, 0),
  target(set, 'personalisation rate, first tier', 'mlp', notWorse, true, null, 0.85),
  target(set, 'personalisation rate, second tier', 'hybrid', notWorse, true, null, 0.85),
  target(set, '80 % ranges, exams of 20: coverage off by', 'mlp', offBy(20), false, 0.04),
  target(set, '80 % ranges, exams of 40: coverage off by', 'mlp', offBy(40), false, 0.04),
];

/** Floors and goals: published figures and the marks set for this model before it was built. */
export const TARGETS: readonly Target[] = [
  target('ASSIST2009', 'AUC, network alone', 'mlp', alone('auc'), true, 0.773),
  target('ASSIST2009', 'AUC, as served', 'mlp', served('auc'), true, 0.774),
  target('ASSIST2009', 'log loss', 'mlp', alone('logLoss'), false, 0.53),
  target('ASSIST2009', 'ECE', 'mlp', alone('ece'), false, 0.02),
  target('ASSIST2009', 'AUC, second tier', 'hybrid', alone('auc'), true, 0.773, 0.78),
  ...personal('ASSIST2009'),
  target('ASSIST2009', 'trained on Spanish: log loss as served', 'elsewhere', (e) => e.served.logLoss, false, null, 0.574),
  target('ASSIST2009', 'trained on Spanish: log loss saved by the layer', 'elsewhere', saved, true, null, 0.015),
  target('ASSIST2009', 'coverage at 92 % selective accuracy, second tier', 'hybrid', sureOf, true, null, 0.3),
  target('ASSIST2009', 'Best-LR, published .77', 'best-lr', (e) => Math.abs(e.alone.auc - 0.77), false, 0.01),
  target('Statics', 'AUC, network alone', 'mlp', alone('auc'), true, 0.827),
  target('Statics', 'AUC, as served', 'mlp', served('auc'), true, 0.827),
  target('Statics', 'log loss', 'mlp', alone('logLoss'), false, 0.405),
  target('Statics', 'ECE', 'mlp', alone('ece'), false, 0.02),
  target('Statics', 'AUC, second tier', 'hybrid', alone('auc'), true, 0.827, 0.832),
  ...personal('Statics'),
  target('Statics', 'trained on Spanish: log loss as served', 'elsewhere', (e) => e.served.logLoss, false, null, 0.435),
  target('Statics', 'trained on Spanish: log loss saved by the layer', 'elsewhere', saved, true, null, 0.007),
  target('Statics', 'coverage at 92 % selective accuracy, second tier', 'hybrid', sureOf, true, null, 0.65),
  target('Statics', 'Best-LR, published .82', 'best-lr', (e) => Math.abs(e.alone.auc - 0.82), false, 0.01),
  target('Spanish', 'AUC, network alone', 'mlp', alone('auc'), true, 0.855),
  target('Spanish', 'log loss', 'mlp', alone('logLoss'), false, 0.395),
  target('Spanish', 'ECE', 'mlp', alone('ece'), false, 0.03),
];

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const three = (x: number): string => x.toFixed(3);
const limit = (x: number): string => x.toFixed(4).replace(/0$/, '');
const rounded = (x: number): number => Math.round(x * 1000) / 1000;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const NAMES: Readonly<Record<string, string>> = {
  mlp: 'first tier (28-32-16-1)',
  hybrid: 'second tier (features and GRU)',
  'best-lr': 'Best-LR',
  pfa: 'PFA',
  irt: 'IRT',
  elo: 'Elo',
  elsewhere: 'first tier, trained on Spanish',
};

const ANCHORS = `| Published AUC | ASSIST2009 | Statics | Source |
| --- | --- | --- | --- |
| IRT, Best-LR, DKT, SAKT | .69, .77, .75, .75 | .79, .82, .83, .81 | Gervet, Koedinger, Schneider and Mitchell 2020, JEDM 12(3); the split used here |
| DKT, AKT (another split, not checked) | .754, .785 | .822, .831 | Liu et al. 2022, pyKT, NeurIPS Datasets and Benchmarks |
| DKT, AKT, StableKT (another split, not reviewed) | .760, .747, .777 | – | model cards of LEAP-KT |`;

function targetTable(of: (set: SetName, model: string) => readonly Measured[]): { readonly text: string; readonly isMet: boolean } {
  const rows = TARGETS.flatMap((t) => {
    const runs = of(t.set, t.model);
    if (runs.length === 0) return [];
    const value = rounded(mean(runs.map(t.of)));
    const isMet = t.floor === null || (t.isAtLeast ? value >= t.floor : value <= t.floor);
    const sign = t.isAtLeast ? '≥' : '≤';
    const isReached = t.goal !== null && (t.isAtLeast ? value >= t.goal : value <= t.goal);
    const goal = t.goal === null ? '–' : `${sign} ${limit(t.goal)} ${isReached ? '✓' : '✗'}`;
    const floor = t.floor === null ? '–' : `${sign} ${limit(t.floor)} ${isMet ? '✓' : '✗'}`;
    return [{ isMet, cells: [t.set, t.what, three(value), floor, goal] }];
  });
  return {
    text: table(
      ['set', 'measure', 'measured', 'floor', 'goal'],
      rows.map((r) => r.cells),
    ),
    isMet: rows.every((r) => r.isMet),
  };
}

function gainRow(set: string, model: string, who: string, gains: readonly (PersonalGain | null)[]): string[][] {
  const found = gains.flatMap((gain) => gain ?? []);
  const m = (key: keyof PersonalGain) => mean(found.map((gain) => gain[key]));
  if (found.length === 0) return [];
  return [
    [
      set,
      model,
      who,
      String(found[0]?.learners),
      `${m('aucAlone').toFixed(4)} → ${m('aucServed').toFixed(4)}`,
      `${m('lossAlone').toFixed(5)} → ${m('lossServed').toFixed(5)}`,
      percent(m('notWorse')),
      percent(m('helped')),
      percent(m('harmed')),
    ],
  ];
}

/** The whole report as Markdown. @param tiers both tiers' log loss on held-out learners of the training part, per set */
export function reportOf(
  measured: readonly Measured[],
  tiers: ReadonlyMap<SetName, readonly TierLoss[]>,
  machine: string,
): { readonly text: string; readonly isAboveFloors: boolean } {
  const of = (set: SetName, model: string) => measured.filter((m) => m.set === set && m.model === model);
  const models = [...new Set(measured.map((m) => m.model))];
  const pairs = SETS.flatMap((set) => models.map((model) => ({ set, model, runs: of(set, model) }))).filter((p) => p.runs.length > 0);
  const targets = targetTable(of);
  const scores = pairs.map(({ set, model, runs }) => {
    const m = (key: 'auc' | 'accuracy' | 'majorityAccuracy' | 'logLoss' | 'brier' | 'ece') => mean(runs.map((r) => r.alone[key]));
    const cells = [
      three(m('auc')),
      `${three(m('accuracy'))} (${three(m('majorityAccuracy'))})`,
      three(m('logLoss')),
      three(m('brier')),
      three(m('ece')),
    ];
    return [
      set,
      NAMES[model] ?? model,
      String(runs[0]?.parameters),
      ...cells,
      String(runs.length),
      mean(runs.map((r) => r.seconds)).toFixed(0),
    ];
  });
  const own = pairs.filter(({ model }) => model === 'mlp' || model === 'hybrid');
  const served = pairs.filter(({ model }) => model === 'mlp' || model === 'hybrid' || model === 'elsewhere');
  const gains = served.flatMap(({ set, model, runs }) => [
    ...gainRow(
      set,
      NAMES[model] ?? model,
      'under 100 answers',
      runs.map((r) => r.short),
    ),
    ...gainRow(
      set,
      NAMES[model] ?? model,
      '100 and more',
      runs.map((r) => r.long),
    ),
  ]);
  const selective = own.flatMap(({ set, model, runs }) => {
    const points = runs.flatMap((r) => (r.selective ? [r.selective] : []));
    if (points.length === 0) return [];
    return [[set, NAMES[model] ?? model, percent(mean(points.map((p) => p.accuracy))), percent(mean(points.map((p) => p.coverage)))]];
  });
  const ranges = own.flatMap(({ set, runs }) =>
    [20, 40].flatMap((questions) => {
      const found = runs.flatMap((r) => r.ranges.filter((x) => x.questions === questions));
      if (found.length === 0) return [];
      return [
        [
          set,
          String(questions),
          String(found[0]?.exams),
          percent(mean(found.map((x) => x.coverage))),
          `${(100 * mean(found.map((x) => x.width))).toFixed(1)} points`,
          percent(mean(found.map((x) => x.conformal))),
        ],
      ];
    }),
  );
  const judged = [...tiers].filter(([, losses]) => losses.every((l) => Number.isFinite(l.logLoss)));
  const chosen = judged.map(([set, losses]) => {
    const [mlp, hybrid] = [losses.find((l) => l.model === 'mlp'), losses.find((l) => l.model === 'hybrid')];
    const gain = (mlp?.logLoss ?? Number.NaN) - (hybrid?.logLoss ?? Number.NaN);
    const pick = gain >= 0.005 ? 'second' : 'first';
    return [set, mlp?.logLoss.toFixed(4) ?? '–', hybrid?.logLoss.toFixed(4) ?? '–', pick];
  });
  const cold = own.map(({ set, model, runs }) => [
    set,
    NAMES[model] ?? model,
    ...(runs[0]?.coldStart ?? []).map(
      (s, i) => `${s.from}${s.to === null ? '+' : `–${s.to}`}: ${three(mean(runs.map((r) => r.coldStart[i]?.auc ?? Number.NaN)))}`,
    ),
  ]);
  const text = `# Evaluation of the learner model

Written by \`npm run evaluate\`, which trains every model anew and ends with 1 if a floor is missed. Learners are split, never answers; the test
learners are used for nothing but these figures. Means over the seeds given, plots of the first; Spanish: five folds by learner, pooled. Machine: ${machine}.

## Floors and goals

${targets.text}

## All models, shared part alone

${table(['set', 'model', 'parameters', 'AUC', 'accuracy (majority)', 'log loss', 'Brier', 'ECE', 'seeds', 'seconds'], scores)}

${ANCHORS}

## Which tier serves a pack

The second tier serves where its log loss on held-out learners of the training part is lower by .005 nats or more.

${table(['set', 'first tier', 'second tier', 'serves'], chosen)}

## The personal layer on learners it has never seen

Answer by answer, the shared model frozen. Trained on Spanish: how a new exam begins, with the training learners' counts as its tables. Helped and harmed: log loss lower or higher by .005 nats or more. The last three columns for learners
with 100 answers and more are the personalisation rate.

${table(['set', 'shared model', 'learners', 'n', 'AUC', 'log loss', 'not worse', 'helped', 'harmed'], gains)}

## Selective accuracy

Accuracy on the answers the model is sure enough of, always with their share; how sure is chosen for 92 % on learners of the training part.

${table(['set', 'model', 'accuracy', 'coverage'], selective)}

${
  own.length > 0
    ? SETS.filter((set) => of(set, 'mlp').length > 0)
        .map(
          (set) =>
            `![Selective accuracy, ${set}](evaluation/selective-${set.toLowerCase()}.svg) ![Calibration, ${set}](evaluation/calibration-${set.toLowerCase()}.svg) ![From the first answer on, ${set}](evaluation/cold-start-${set.toLowerCase()}.svg)`,
        )
        .join('\n')
    : ''
}

## Predicted score

80 % ranges on pseudo-exams: every stretch of 20 or 40 answers after a learner's first 30, predicted from the state before it. The last column: ranges by the
conformal factor, each learner's by the factor of the other half of the learners.

${table(['set', 'questions', 'exams', 'covered', 'mean width', 'covered, conformal'], ranges)}

## From the first answer on

AUC by a learner's answer number.

${cold.map((cells) => `- ${cells.join(', ')}`).join('\n')}
`;
  return { text, isAboveFloors: targets.isMet };
}
