import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import {
  answersWithin,
  areasOf,
  calibrationOf,
  errorLog,
  focusOf,
  patternsOf,
  studyDays,
  TIME_RANGES,
  type TimeRange,
} from '#client/tutor/insights.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { rangeRecords } from '#client/tutor/score.ts';
import { standings } from '#client/tutor/summary.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import type { TutorState } from '#client/tutor/tutor-state.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { ReadPack } from '#client/ui/read.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { Areas, Focus } from './areas.tsx';
import { Calendar } from './calendar.tsx';
import { Calibration, Errors } from './errors.tsx';
import { Graph } from './graph.tsx';
import { Habits } from './habits.tsx';
import { RealExam } from './real-exam.tsx';
import { Score } from './score.tsx';

interface Ready {
  readonly tutor: Tutor;
  readonly state: TutorState;
}

async function read(tutor: Tutor, log: ReturnType<typeof usePorts>['log']) {
  const state = { ...(await tutor.state()) };
  const [exams, results, sessions, score, targetP] = await Promise.all([
    log.list('exams', 'pack_id', tutor.packId),
    log.list('exam_results', 'pack_id', tutor.packId),
    log.list('sessions', 'pack_id', tutor.packId),
    tutor.score(),
    tutor.targetChance(),
  ]);
  return { tutor, state, records: rangeRecords(exams, results), results, sessions, score, targetP };
}

function Loaded({ tutor, state, records, results, sessions, score, targetP }: Ready & Awaited<ReturnType<typeof read>>) {
  const w = useProgressWords();
  const { t } = useSpeech();
  const { moment } = usePorts();
  const [range, setRange] = useState<TimeRange>('all');
  const { at, tz } = moment();
  const answers = answersWithin(state.answers, range, at, tz);
  const areas = areasOf(tutor.course, answers);
  const right = answers.filter((a) => a.correct === 1).length;
  const minutes = Math.round(answers.reduce((sum, a) => sum + a.time_spent, 0) / 60);
  return (
    <>
      <Segments
        legend={w.range}
        hideLegend
        name="range"
        value={range}
        choices={(Object.keys(TIME_RANGES) as TimeRange[]).map((value) => ({ value, label: w.ranges[value] }))}
        onChange={setRange}
      />
      <p className="number" role="status">
        {answers.length === 0 ? w.nothing : w.summary(answers.length, t.common.percent(right / answers.length), minutes)}
      </p>
      <Graph tutor={tutor} topics={standings(tutor.course, state)} />
      <Focus focus={focusOf(areas)} tutor={tutor} />
      <Score score={score} records={records} areas={areasOf(tutor.course, state.answers)} standings={standings(tutor.course, state)} />
      <Areas areas={areas} />
      <Calibration rows={calibrationOf(answers)} />
      <Errors tutor={tutor} errors={errorLog(answers)} />
      <Calendar days={studyDays(state.answers)} />
      <Habits patterns={patternsOf(answers, sessions, targetP, state.answers)} targetP={targetP} />
      <RealExam tutor={tutor} score={score} results={results} />
    </>
  );
}

/** Where the learner stands: the graph, the score as a range, areas, errors, days and habits, each with its basis. */
export function ProgressPage({ packId }: { readonly packId: string }) {
  const w = useProgressWords();
  const ports = usePorts();
  const head = useLog((reader) => reader.head(), 'head');
  const loaded = useOnce(
    async () => {
      const tutor = await ports.tutorFor(packId);
      return tutor ? read(tutor, ports.log) : null;
    },
    `${packId} ${head.kind === 'ready' ? head.value : ''}`,
  );
  usePageTitle(w.title);
  return (
    <main className="page">
      <header>
        <h1>{w.title}</h1>
      </header>
      <ReadPack loaded={loaded}>{(value) => <Loaded {...value} />}</ReadPack>
    </main>
  );
}
