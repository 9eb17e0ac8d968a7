import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import type { TopicArea } from '#client/tutor/insights.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { AREA_NEEDS } from '#models/patterns/areas.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import { DRILL_SIZE } from './graph.tsx';

/** The one topic that pays most, in one sentence. */
export function Focus({ focus, tutor }: { readonly focus: TopicArea | null; readonly tutor: Tutor }) {
  const w = useProgressWords();
  const { t, language } = useSpeech();
  const [, go] = useLocation();
  const title = focus ? inLanguage(focus.title, language).text : '';
  const drill = async (id: string) => go(`/study/${await tutor.startSession({ mode: 'drill', topics: [id], planned: DRILL_SIZE })}`);
  return (
    <section className="card" aria-labelledby="focus">
      <h2 id="focus">{w.focus}</h2>
      <p className="number">
        {focus ? w.focusSentence(title, t.common.percent(focus.right / focus.answers), t.common.percent(focus.weight)) : w.focusEarly}
      </p>
      {focus && (
        <button type="button" className="button" onClick={() => void drill(focus.id)}>
          {w.drill(title)}
        </button>
      )}
    </section>
  );
}

/** One topic's interval on a line from 0 to 100 %. */
function Interval({ area, label }: { readonly area: TopicArea; readonly label: string }) {
  const x = (share: number) => 2 + 96 * share;
  return (
    <svg className="chart interval" viewBox="0 0 100 12" role="img" aria-label={label} preserveAspectRatio="none">
      <line className="axis" x1="2" x2="98" y1="6" y2="6" />
      <rect className="band" x={x(area.low)} y="3" width={Math.max(1, x(area.high) - x(area.low))} height="6" rx="3" />
      <line className="mean" x1={x(area.share)} x2={x(area.share)} y1="1" y2="11" />
    </svg>
  );
}

/** Every topic with its share right, its interval, and what may be said of it. */
export function Areas({ areas }: { readonly areas: readonly TopicArea[] }) {
  const w = useProgressWords();
  const { t, language } = useSpeech();
  const { percent } = t.common;
  const sorted = [...areas].sort(
    (a, b) => Number(b.answers >= AREA_NEEDS.rank) - Number(a.answers >= AREA_NEEDS.rank) || a.share - b.share,
  );
  return (
    <section className="card" aria-labelledby="areas">
      <h2 id="areas">{w.areas}</h2>
      <p className="quiet small">{w.areasHint}</p>
      <ul className="areas">
        {sorted.map((area) => {
          const isRanked = area.answers >= AREA_NEEDS.rank;
          const words = area.answers < AREA_NEEDS.verdict ? w.tooFew(area.answers, AREA_NEEDS.verdict) : w.verdicts[area.verdict];
          return (
            <li key={area.id}>
              <p className="row apart">
                <span>{inLanguage(area.title, language).text}</span>
                <span className={`number small verdict-${area.verdict}`}>
                  {isRanked && `${percent(area.right / area.answers)} · `}
                  {words}
                </span>
              </p>
              {isRanked && <Interval area={area} label={`${w.interval}: ${percent(area.low)}–${percent(area.high)}`} />}
            </li>
          );
        })}
      </ul>
      <details className="small">
        <summary>{t.common.showTable}</summary>
        <div className="scroll-x">
          <table>
            <thead>
              <tr>
                <th>{w.topic}</th>
                <th className="number">{w.right}</th>
                <th className="number">{w.interval}</th>
                <th className="number">{w.answers}</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((area) => (
                <tr key={area.id}>
                  <td>{inLanguage(area.title, language).text}</td>
                  <td className="number">{area.answers > 0 ? percent(area.right / area.answers) : '–'}</td>
                  <td className="number">{area.answers >= AREA_NEEDS.rank ? `${percent(area.low)}–${percent(area.high)}` : '–'}</td>
                  <td className="number">{area.answers}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
