import { useState } from 'react';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { Segments } from '#client/ui/segments.tsx';
import type { PredictedScore } from '#models/patterns/predicted-score.ts';
import { parseTypedNumber } from '#shared/packs/grade.ts';
import type { Tables } from '#shared/tracking/rows.ts';

const PASSED = ['yes', 'no', 'unknown'] as const;
type Passed = (typeof PASSED)[number];

interface Props {
  readonly tutor: Tutor;
  readonly score: PredictedScore;
  readonly results: readonly Tables['exam_results'][];
}

/** The real exam's result, editable; compared with the range that stood before it was first told. */
export function RealExam({ tutor, score, results }: Props) {
  const w = useProgressWords();
  const { moment } = usePorts();
  const latest = [...results].sort((a, b) => b.at - a.at)[0];
  const { at, tz } = moment();
  const [date, setDate] = useState(latest?.date ?? new Date(at + tz * 60_000).toISOString().slice(0, 10));
  const [passed, setPassed] = useState<Passed>(latest?.passed == null ? 'unknown' : latest.passed ? 'yes' : 'no');
  const [points, setPoints] = useState(latest?.score == null ? '' : String(Math.round(100 * latest.score)));
  const [isKept, setKept] = useState(false);
  const typed = parseTypedNumber(points);
  const isBad = points.trim() !== '' && !(typed >= 0 && typed <= 100);
  const keep = async () => {
    const before = results.find((r) => r.date === date);
    const predicted = before ? before.predicted : score.kind === 'range' ? score.range : null;
    const body = {
      pack_id: tutor.packId,
      date,
      passed: passed === 'unknown' ? null : passed === 'yes',
      score: points.trim() === '' ? null : typed / 100,
      predicted,
    };
    await tutor.note([{ kind: 'exam.result', body }]);
    setKept(true);
  };
  return (
    <section className="card" aria-labelledby="real">
      <details open={latest !== undefined}>
        <summary id="real">{w.real}</summary>
        <div className="stack">
          <p className="quiet small">{w.realHint}</p>
          <label className="field">
            <span>{w.date}</span>
            <input type="date" required value={date} onChange={(event) => setDate(event.target.value)} />
          </label>
          <Segments
            legend={w.passed}
            name="passed"
            value={passed}
            choices={PASSED.map((value) => ({ value, label: w.passedWords[value] }))}
            onChange={setPassed}
          />
          <label className="field">
            <span>{w.points}</span>
            <input
              type="text"
              inputMode="decimal"
              autoComplete="off"
              value={points}
              aria-invalid={isBad}
              aria-describedby={isBad ? 'bad-points' : undefined}
              onChange={(event) => {
                setKept(false);
                setPoints(event.target.value);
              }}
            />
          </label>
          {isBad && (
            <p id="bad-points" role="alert" style={{ color: 'var(--wrong)' }}>
              {w.badPoints}
            </p>
          )}
          <button type="button" className="button" disabled={isBad || date === ''} onClick={() => void keep()}>
            {w.keep}
          </button>
          <p className="quiet small" role="status">
            {isKept && w.kept}
          </p>
        </div>
      </details>
    </section>
  );
}
