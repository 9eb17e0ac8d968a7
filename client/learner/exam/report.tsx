import { Check, Minus, X } from 'lucide-react';
import { Link } from 'wouter';
import { useExamWords } from '#client/i18n/exam-words.ts';
import { useSpeech } from '#client/i18n/language.tsx';
import { rangeRecords } from '#client/tutor/score.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { CheckedBody } from '#client/ui/question/question-body.tsx';
import { stemOf } from '#client/ui/question/typed.tsx';
import { Notice } from '#client/ui/states.tsx';
import { choiceFromList } from '#shared/packs/grade.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { AnswerRow, ExamRow } from '#shared/tracking/rows.ts';

interface Props {
  readonly tutor: Tutor;
  readonly exam: ExamRow;
  /** Answers recorded when it was handed in. */
  readonly answers: readonly AnswerRow[];
}

const hundred = (share: number): number => Math.round(100 * share);

function ByTopic({ tutor, exam, answers }: Props) {
  const w = useExamWords();
  const { language } = useSpeech();
  const topics = tutor.course.pack.manifest.topics.flatMap((topic) => {
    const own = exam.item_ids.filter((id) => tutor.course.items.get(id)?.topics[0] === topic.id);
    const given = answers.filter((a) => own.includes(a.item_id));
    if (own.length === 0) return [];
    const seconds = given.reduce((sum, a) => sum + a.time_spent, 0);
    return [
      {
        id: topic.id,
        title: inLanguage(topic.title, language).text,
        n: own.length,
        right: given.filter((a) => a.correct === 1).length,
        seconds,
      },
    ];
  });
  return (
    <section className="card" aria-labelledby="by-topic">
      <h2 id="by-topic">{w.byTopic}</h2>
      <table>
        <thead>
          <tr>
            <th>{w.topic}</th>
            <th className="number">{w.right}</th>
            <th className="number">{w.timeSpent}</th>
          </tr>
        </thead>
        <tbody>
          {topics.map((topic) => (
            <tr key={topic.id}>
              <td>{topic.title}</td>
              <td className="number">{w.of(topic.right, topic.n)}</td>
              <td className="number">{w.seconds(topic.seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function QuestionRow({ tutor, exam, answers, itemId, number }: Props & { readonly itemId: string; readonly number: number }) {
  const w = useExamWords();
  const { language } = useSpeech();
  const item = tutor.course.items.get(itemId);
  if (!item) return null;
  const answer = answers.find((a) => a.item_id === itemId);
  const verdict = !answer ? 'open' : answer.correct === 1 ? 'right' : 'wrong';
  const words = { open: w.isOpen, right: w.isRight, wrong: w.isWrong }[verdict];
  const Icon = { open: Minus, right: Check, wrong: X }[verdict];
  const stem = stemOf(item, language);
  return (
    <li style={{ borderTop: '1px solid var(--hairline)' }}>
      <details>
        <summary style={{ color: 'inherit' }}>
          <span>
            <span className="row small" style={{ color: verdict === 'open' ? 'var(--quiet)' : `var(--${verdict})`, gap: 4 }}>
              <Icon className="icon" size={14} strokeWidth={2.5} aria-hidden />
              {number}. {words}
              {answer && ` · ${w.seconds(answer.time_spent)}`}
              {exam.marks[itemId]?.flagged && ` · ⚑ ${w.flagged}`}
            </span>
            <span lang={stem.lang}>{stem.text}</span>
          </span>
        </summary>
        <CheckedBody item={item} choice={choiceFromList(item, answer?.choice ?? [])} />
      </details>
    </li>
  );
}

/** How a mock exam went: the score against the range given before, by topic, question by question. */
export function ExamReport(props: Props) {
  const w = useExamWords();
  const { exam, answers } = props;
  const [record] = rangeRecords([exam], []);
  return (
    <>
      <header>
        <p className="quiet">{w.title}</p>
        <h1 className="number">{w.score(exam.submitted?.correct ?? 0, exam.item_ids.length)}</h1>
      </header>
      {exam.submitted?.reason === 'time' && <Notice>{w.timeUp}</Notice>}
      <p className="number">
        {record ? w.range(hundred(record.low), hundred(record.high), hundred(record.score), record.isHit) : w.noRange}
      </p>
      <ByTopic {...props} />
      <section className="card" aria-labelledby="report">
        <h2 id="report">{w.report}</h2>
        <ol>
          {exam.item_ids.map((id, i) => (
            <QuestionRow key={id} {...props} itemId={id} number={i + 1} answers={answers} />
          ))}
        </ol>
      </section>
      <Link className="button primary wide" href="/progress">
        {w.done}
      </Link>
    </>
  );
}
