import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import type { Calibrated } from '#client/tutor/insights.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { CheckedBody } from '#client/ui/question/question-body.tsx';
import { stemOf } from '#client/ui/question/typed.tsx';
import { CONFIDENCE } from '#shared/domain/confidence.ts';
import { choiceFromList } from '#shared/packs/grade.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';

const SHOWN = 20;

/** How often a stated confidence was right. */
export function Calibration({ rows }: { readonly rows: readonly Calibrated[] }) {
  const w = useProgressWords();
  const { t } = useSpeech();
  return (
    <section className="card" aria-labelledby="calibration">
      <h2 id="calibration">{w.calibration}</h2>
      {rows.length === 0 && <p className="quiet">{w.calibrationEarly}</p>}
      <dl className="facts">
        {rows.map((row) => (
          <div key={row.confidence} style={{ display: 'contents' }}>
            <dt>{w.calibrationRow[row.confidence]}</dt>
            <dd>{w.calibrationShare(t.common.percent(row.right / row.n), row.n)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Questions last answered wrong, those the learner was sure of first. */
export function Errors({ tutor, errors }: { readonly tutor: Tutor; readonly errors: readonly AnswerRow[] }) {
  const w = useProgressWords();
  const { language } = useSpeech();
  const [, go] = useLocation();
  const practise = async () => {
    const itemIds = errors.slice(0, SHOWN).map((a) => a.item_id);
    go(`/study/${await tutor.startSession({ mode: 'custom', itemIds })}`);
  };
  return (
    <section className="card" aria-labelledby="errors">
      <h2 id="errors">{w.errors}</h2>
      <p className="quiet small">{errors.length === 0 ? w.errorsNone : w.errorsHint}</p>
      <ul>
        {errors.slice(0, SHOWN).map((answer) => {
          const item = tutor.course.items.get(answer.item_id);
          if (!item) return null;
          const stem = stemOf(item, language);
          return (
            <li key={answer.attempt_id} style={{ borderTop: '1px solid var(--hairline)' }}>
              <details>
                <summary style={{ color: 'inherit' }}>
                  <span>
                    <span lang={stem.lang}>{stem.text}</span>
                    <span className="row small quiet">
                      {answer.confidence === CONFIDENCE.sure && <span className="chip">{w.wasSure}</span>}
                      {answer.cause && <span className="chip">{w.causes[answer.cause]}</span>}
                    </span>
                  </span>
                </summary>
                <CheckedBody item={item} choice={choiceFromList(item, answer.choice)} />
              </details>
            </li>
          );
        })}
      </ul>
      {errors.length > 0 && (
        <button type="button" className="button" onClick={() => void practise()}>
          {w.practiseErrors}
        </button>
      )}
    </section>
  );
}
