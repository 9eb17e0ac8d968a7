import { Link } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import type { TopicArea } from '#client/tutor/insights.ts';
import type { RangeRecord } from '#client/tutor/score.ts';
import type { TopicStanding } from '#client/tutor/summary.ts';
import { type PredictedScore, SCORE_NEEDS } from '#models/patterns/predicted-score.ts';
import { inLanguage } from '#shared/packs/localised.ts';

const hundred = (share: number): number => Math.round(100 * share);

interface Props {
  readonly score: PredictedScore;
  readonly records: readonly RangeRecord[];
  readonly areas: readonly TopicArea[];
  readonly standings: readonly TopicStanding[];
}

/** Points of the exam each topic could still bring, the most first. */
function movers(areas: readonly TopicArea[], standings: readonly TopicStanding[]) {
  return areas
    .map((area) => ({ area, points: hundred(area.weight * (1 - (standings.find((s) => s.id === area.id)?.strength ?? 0))) }))
    .sort((a, b) => b.points - a.points)
    .slice(0, 3);
}

/** The exam's score as a range, what it rests on, what would move it, and how earlier ranges fared. */
export function Score({ score, records, areas, standings }: Props) {
  const w = useProgressWords();
  const { t, language } = useSpeech();
  const { percent } = t.common;
  const hits = records.filter((r) => r.isHit).length;
  return (
    <section className="card" aria-labelledby="score">
      <h2 id="score">{w.score}</h2>
      {score.kind === 'range' && (
        <>
          <p className="number big">{w.scoreRange(hundred(score.range.low), hundred(score.range.high))}</p>
          <p className="quiet">{w.scoreBasis(score.range.answers)}</p>
          <h3>{w.movers}</h3>
          <ul>
            {movers(areas, standings).map(({ area, points }) => (
              <li key={area.id} className="number">
                {w.mover(inLanguage(area.title, language).text, points)}
              </li>
            ))}
          </ul>
        </>
      )}
      {score.kind === 'early' && (
        <p className="number">{w.scoreEarly(score.answers, SCORE_NEEDS.answers, percent(score.coverage), percent(SCORE_NEEDS.coverage))}</p>
      )}
      {score.kind === 'unsettled' && <p>{w.scoreUnsettled}</p>}
      {score.kind === 'stale' && <p className="number">{w.scoreStale(score.days)}</p>}
      <p className="quiet number">{records.length === 0 ? w.recordNone : w.record(hits, records.length)}</p>
      <ul>
        {records.map((r) => (
          <li key={`${r.kind} ${r.at}`} className="number small">
            {w.recordRow(
              new Date(r.at).toLocaleDateString(language),
              w.kinds[r.kind],
              hundred(r.low),
              hundred(r.high),
              hundred(r.score),
              r.isHit,
            )}
          </li>
        ))}
      </ul>
      <Link className="button" href="/exam">
        {w.mock}
      </Link>
    </section>
  );
}
