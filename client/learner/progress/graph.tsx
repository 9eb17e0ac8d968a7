import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import type { TopicStanding } from '#client/tutor/summary.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { TopicGraph } from '#client/ui/topic-graph.tsx';
import { studyDay } from '#shared/domain/time.ts';
import { inLanguage } from '#shared/packs/localised.ts';

/** Questions of a drill. */
export const DRILL_SIZE = 10;

/** The exam as a picture and a table, each topic a way into a drill. */
export function Graph({ tutor, topics }: { readonly tutor: Tutor; readonly topics: readonly TopicStanding[] }) {
  const w = useProgressWords();
  const { t, language } = useSpeech();
  const { moment } = usePorts();
  const [, go] = useLocation();
  const { at, tz } = moment();
  const today = studyDay(at, tz);
  const drill = async (id: string) => go(`/study/${await tutor.startSession({ mode: 'drill', topics: [id], planned: DRILL_SIZE })}`);
  const nodes = topics.map((topic) => ({
    ...topic,
    title: inLanguage(topic.title, language).text,
    isToday: topic.lastAt !== null && studyDay(topic.lastAt, tz) === today,
  }));
  return (
    <section className="card" aria-labelledby="graph">
      <h2 id="graph">{w.graph}</h2>
      <p className="quiet small">{w.graphHint}</p>
      <TopicGraph nodes={nodes} words={t.graph} percent={t.common.percent} size="large" onTopic={(id) => void drill(id)} />
      <details className="small">
        <summary>{t.common.showTable}</summary>
        <table>
          <thead>
            <tr>
              <th>{t.graph.topic}</th>
              <th className="number">{t.graph.expected}</th>
              <th className="number">{t.graph.answers}</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <tr key={node.id}>
                <td>
                  <button type="button" className="button plain" aria-label={w.drill(node.title)} onClick={() => void drill(node.id)}>
                    {node.title}
                  </button>
                </td>
                <td className="number">{node.answers > 0 ? t.common.percent(node.strength) : '–'}</td>
                <td className="number">{node.answers}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}
