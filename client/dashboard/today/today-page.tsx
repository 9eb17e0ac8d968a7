import type { Today } from '#client/ports/staff-api.ts';
import { Notice } from '#client/ui/states.tsx';
import { deltaText, epsilonText, moment, Read, StaffPage, useDesk, useReading } from '../frame.tsx';

function firstLine(words: ReturnType<typeof useDesk>['words'], today: Today): string {
  if (!today.helperReachable) return words.today.helperDown;
  return today.candidates > 0 ? words.today.candidate(today.candidates) : words.today.quiet;
}

function Numbers({ today }: { readonly today: Today }) {
  const { words, language } = useDesk();
  const { task, champion, epsilon } = today;
  if (!task) return <Notice>{words.today.noTask}</Notice>;
  const { holdout_log_loss: loss, holdout_auc: auc } = champion.metrics;
  return (
    <div className="tiles">
      <section className="card" aria-labelledby="slot">
        <h2 id="slot">{words.today.slot(today.isReleased ? task.slot + 1 : task.slot)}</h2>
        <p className="figure number">{words.today.buffer(today.held, task.k)}</p>
        <progress max={task.k} value={Math.min(today.held, task.k)} aria-label={words.today.bufferLabel} />
        {today.isReleased && <p className="small">{words.today.released(task.slot)}</p>}
        <p className="quiet small">
          {task.slotEnds === null || today.isReleased
            ? task.slotEnds === null
              ? words.today.noInterval
              : words.today.begins(moment(language, task.slotEnds))
            : words.today.ends(moment(language, task.slotEnds))}
        </p>
      </section>
      <section className="card" aria-labelledby="champion">
        <h2 id="champion">{words.today.champion}</h2>
        <p className="figure number">{words.today.version(champion.version)}</p>
        <p className="quiet small number">
          {loss !== undefined && auc !== undefined ? words.today.metrics(loss.toFixed(4), auc.toFixed(4)) : words.today.noMetrics}
        </p>
      </section>
      <section className="card" aria-labelledby="budget">
        <h2 id="budget">{words.today.budget}</h2>
        {epsilon ? (
          <>
            <progress max={epsilon.cap} value={epsilon.running} aria-label={words.today.budget} />
            <p className="number">
              {words.today.epsilon(epsilonText(epsilon.running), epsilonText(epsilon.cap), deltaText(epsilon.delta))}
            </p>
          </>
        ) : (
          <p>{words.today.noEpsilon}</p>
        )}
      </section>
      <section className="card" aria-labelledby="servers">
        <h2 id="servers">{words.today.helper}</h2>
        <p>{today.helperReachable ? words.today.up : words.today.down}</p>
        <h3>{words.today.devices}</h3>
        <p className="number">
          {today.devices === null ? words.today.fewDevices : today.devices === 0 ? words.today.noDevices : today.devices}
        </p>
      </section>
    </div>
  );
}

/** Is everything well, and what comes next? */
export function TodayPage() {
  const { api, words } = useDesk();
  const [reading, again] = useReading(api.today);
  return (
    <StaffPage first={reading.kind === 'ready' ? firstLine(words, reading.value) : words.nav.today}>
      <Read reading={reading} again={again}>
        {(today) => <Numbers today={today} />}
      </Read>
    </StaffPage>
  );
}
