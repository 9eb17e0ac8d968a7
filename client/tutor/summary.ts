import type { GlobalModel } from '#client/ports/global-model.ts';
import { predict } from '#models/difficulty/personal-model.ts';
import { type ModelStage, modelStage } from '#models/difficulty/stage.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';
import { accuracyOf, type Figure } from './predictions.ts';
import { type Course, personalizationLevel, questionOf, type TutorState } from './tutor-state.ts';

/** Share of predictions that were right, with its basis and the answers it rests on. */
export interface PredictionRecord extends Figure {
  readonly n: number;
}

/** What the model card says. */
export interface ModelSummary {
  readonly stage: ModelStage;
  readonly version: { readonly kind: 'global'; readonly label: string } | { readonly kind: 'personal'; readonly version: number };
  readonly dataPoints: number;
  readonly level: number;
  /** Predictions made before each of the latest answers, held against what happened; null below 10. */
  readonly record: PredictionRecord | null;
  /** Epoch ms of the latest answer or registration; null before the first. */
  readonly updatedAt: number | null;
}

const RECORD_WINDOW = 200;

function recordOf(answers: readonly AnswerRow[]): PredictionRecord | null {
  const latest = answers.slice(-RECORD_WINDOW);
  const record = accuracyOf(latest);
  return record && { ...record, n: latest.length };
}

const latestOf = (...times: readonly (number | undefined)[]): number | null => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? null : Math.max(...known);
};

/** Fold of the state into the model card. */
export function summarise(state: TutorState, global: GlobalModel): ModelSummary {
  return {
    stage: modelStage(state.model.layer, state.champion !== null),
    version: state.champion
      ? { kind: 'personal', version: state.champion.version }
      : { kind: 'global', label: global.label.split('/')[1] ?? '' },
    dataPoints: state.answers.length,
    level: personalizationLevel(state),
    record: recordOf(state.answers),
    updatedAt: latestOf(state.answers.at(-1)?.at, state.champion?.registeredAt),
  };
}

/** Where a topic stands now. */
export interface TopicStanding {
  readonly id: string;
  readonly title: Readonly<Record<string, string>>;
  readonly requires: readonly string[];
  /** Mean expected P(correct) over the topic's questions. */
  readonly strength: number;
  readonly answers: number;
  /** Moment of the latest answer, epoch ms; null before the first. */
  readonly lastAt: number | null;
}

/** Expected share right per topic, and the answers behind it. */
export function standings(course: Course, state: TutorState): readonly TopicStanding[] {
  const sums = new Map<string, { p: number; n: number }>();
  for (const item of course.pack.items) {
    const p = predict(state.model, questionOf(course, item.id)).p;
    for (const topic of item.topics) {
      const sum = sums.get(topic) ?? { p: 0, n: 0 };
      sums.set(topic, { p: sum.p + p, n: sum.n + 1 });
    }
  }
  return course.pack.manifest.topics.map(({ id, title, requires }) => {
    const sum = sums.get(id) ?? { p: 0, n: 0 };
    const own = state.answers.filter((a) => questionOf(course, a.item_id).skills.includes(id));
    return { id, title, requires, strength: sum.n === 0 ? 0 : sum.p / sum.n, answers: own.length, lastAt: own.at(-1)?.at ?? null };
  });
}
