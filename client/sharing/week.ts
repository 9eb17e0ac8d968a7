import type { LogReader } from '#client/ports/experiment-log.ts';
import type { FederationStore } from '#client/ports/federation-store.ts';
import type { WeekAnswer, WeekFacts } from '#shared/statistics/week.ts';
import type { Tables } from '#shared/tracking/rows.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const LOOKED_AT_MS = 28 * DAY_MS;

/** A pack's syllabus, for the cells of its topics. */
export interface Syllabus {
  readonly packId: string;
  /** Topic ids in order. */
  readonly topics: readonly string[];
  readonly questions: readonly { readonly id: string; readonly skills: readonly string[] }[];
}

type Answers = readonly Tables['answers'][];

function answersOf(all: Answers, now: number, syllabus: Syllabus | null): readonly WeekAnswer[] {
  const places = new Map(syllabus?.topics.map((id, place) => [id, place]));
  const topics = new Map(syllabus?.questions.map((q) => [q.id, q.skills.flatMap((id) => places.get(id) ?? [])]));
  const first = new Map<string, number>();
  const keyOf = (a: Answers[number]) => `${a.pack_id}/${a.item_id}`;
  for (const a of all) if (!first.has(keyOf(a))) first.set(keyOf(a), a.seq);
  return all
    .filter((a) => now - a.at < LOOKED_AT_MS)
    .map((a) => ({
      at: a.at,
      tz: a.tz,
      p: a.predicted_p,
      correct: a.correct,
      seconds: a.time_spent,
      isFirst: first.get(keyOf(a)) === a.seq,
      topics: a.pack_id === syllabus?.packId ? (topics.get(a.item_id) ?? []) : [],
    }));
}

const mean = (numbers: readonly number[]): number | null =>
  numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** Recommendations alone: what a session draws one by one is neither shown as such nor opened. */
function slatesOf(slates: readonly Tables['slates'][], answers: Answers): WeekFacts['slates'] {
  const picks = slates
    .filter((s) => s.purpose === 'home')
    .flatMap((s) =>
      s.slots.flatMap((slot) =>
        slot.picks.map((pick) => ({
          ...pick,
          slate: s.slate_id,
          isOpened: s.opened.includes(slot.slot),
          isGone: s.dismissed.includes(slot.slot),
        })),
      ),
    );
  const outcomes = new Map(answers.flatMap((a) => (a.slate_id === undefined ? [] : [[`${a.slate_id}/${a.item_id}`, a.correct] as const])));
  const gains = picks.flatMap((pick) => {
    const y = outcomes.get(`${pick.slate}/${pick.item_id}`);
    return pick.isOpened && y !== undefined ? [y - pick.p] : [];
  });
  return {
    shown: picks.length,
    opened: picks.filter((p) => p.isOpened).length,
    answered: gains.length,
    dismissed: picks.filter((p) => p.isGone).length,
    gain: mean(gains),
  };
}

async function refitsOf(log: LogReader, isOfLate: (row: { readonly at: number }) => boolean): Promise<WeekFacts['device']> {
  const training = (await log.list('experiments')).find((e) => e.name === 'training');
  const runs = training ? await log.list('runs', 'experiment_id', training.experiment_id) : [];
  const recent = runs.filter((run) => isOfLate({ at: run.start_time }));
  const kinds = await Promise.all(recent.map(async (run) => (await log.get('tags', [run.run_id, 'eg.kind']))?.value));
  // A search tries settings in runs of its own: those are no updates.
  const late = recent.filter((_, i) => kinds[i] === 'training');
  const promoted = await Promise.all(late.map(async (run) => (await log.get('tags', [run.run_id, 'promoted']))?.value === 'true'));
  return {
    registered: promoted.filter(Boolean).length,
    rejected: late.filter((run, i) => run.status === 'FINISHED' && !promoted[i]).length,
    failed: late.filter((run) => run.status === 'FAILED').length,
  };
}

/** Mean of y − p over the recommended items that were opened and answered; null without any. */
export const meanGain = (slates: readonly Tables['slates'][], answers: Answers): number | null => slatesOf(slates, answers).gain;

/** A learner's latest week, whatever the exam, as the cells of a report are made from. @param syllabus of the pack whose topics are told */
export async function weekFacts(
  log: LogReader & { readonly federation: FederationStore },
  now: number,
  syllabus: Syllabus | null,
): Promise<WeekFacts> {
  const isOfLate = ({ at }: { readonly at: number }) => now - at < WEEK_MS;
  const answers = (await log.list('answers')).filter((a) => a.superseded === 0).sort((a, b) => a.seq - b.seq);
  const feedback = (await log.list('feedback')).filter(isOfLate);
  const felt = feedback.flatMap((f) => (f.difficulty_felt ? [f.difficulty_felt === 'right' ? 1 : 0] : []));
  const latest = await log.federation.value('latest');
  const result = (await log.list('exam_results')).filter(isOfLate).sort((a, b) => b.at - a.at)[0];
  return {
    now,
    answers: answersOf(answers, now, syllabus),
    sessions: (await log.list('sessions')).filter(isOfLate).length,
    slates: slatesOf((await log.list('slates')).filter(isOfLate), answers),
    update: latest && latest.version > 0 && isOfLate(latest) ? (latest.isUsed ? 'kept' : 'refused') : null,
    feedback: { rating: mean(feedback.flatMap((f) => (f.rating === undefined ? [] : [f.rating]))), feltRight: mean(felt) ?? 0 },
    result: result ? { passed: result.passed, score: result.score, predicted: result.predicted } : null,
    device: await refitsOf(log, isOfLate),
  };
}
