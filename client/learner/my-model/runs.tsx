import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { LogReader } from '#client/ports/experiment-log.ts';
import { useLog } from '#client/tutor/learner-ports.tsx';
import { LineChart } from '#client/ui/line-chart.tsx';
import { Waiting } from '#client/ui/states.tsx';
import type { Tables } from '#shared/tracking/rows.ts';

const FIRST_SHOWN = 8;

/** A run with what the list says of it. */
interface RunLine {
  readonly run: Tables['runs'];
  readonly experiment: string;
  readonly params: readonly Tables['params'][];
  readonly tags: readonly Tables['tags'][];
  readonly metrics: readonly Tables['latest_metrics'][];
  readonly artifacts: readonly Tables['artifact_entries'][];
}

async function readRuns(reader: LogReader): Promise<readonly RunLine[]> {
  const experiments = new Map((await reader.list('experiments')).map((e) => [e.experiment_id, e.name]));
  const runs = [...(await reader.list('runs'))].sort((a, b) => b.start_time - a.start_time);
  return Promise.all(
    runs.map(async (run) => ({
      run,
      experiment: experiments.get(run.experiment_id) ?? '',
      params: await reader.list('params', 'owner', run.run_id),
      tags: await reader.list('tags', 'owner', run.run_id),
      metrics: await reader.list('latest_metrics', 'run_id', run.run_id),
      artifacts: await reader.list('artifact_entries', 'run_id', run.run_id),
    })),
  );
}

const format = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(value < 1 && value > -1 ? 4 : 2));

function resultOf({ experiment, metrics, tags }: RunLine, gates: Readonly<Record<string, string>>): string {
  const metric = (key: string) => metrics.find((m) => m.key === key)?.value;
  if (experiment === 'training') {
    const loss = metric('log_loss');
    const gate = tags.find((tag) => tag.key === 'gate')?.value ?? '';
    return [loss === undefined ? '' : loss.toFixed(3), gates[gate] ?? gate].filter(Boolean).join(' · ');
  }
  const [accuracy, solved] = [metric('accuracy'), metric('questions_solved')];
  return solved === undefined ? '' : `${Number.isFinite(accuracy) ? `${Math.round(100 * (accuracy ?? 0))}% · ` : ''}n = ${solved}`;
}

function MetricChart({ line, metricKey }: { readonly line: RunLine; readonly metricKey: string }) {
  const { t } = useSpeech();
  const points = useLog(async (reader) => {
    const all = (await reader.list('metrics', 'run_id', line.run.run_id)).filter((m) => m.key === metricKey);
    const latest = new Map<number, Tables['metrics']>();
    for (const point of all) if ((latest.get(point.step)?.timestamp ?? -1) < point.timestamp) latest.set(point.step, point);
    return [...latest.values()].sort((a, b) => a.step - b.step).map((m) => m.value);
  }, `${line.run.run_id} ${metricKey}`);
  if (points.kind !== 'ready' || points.value.filter(Number.isFinite).length < 2) return null;
  return (
    <LineChart
      title={metricKey}
      series={[{ name: metricKey, values: points.value, colour: 1 }]}
      xName={t.model.step}
      format={format}
      tableTitle={t.common.showTable}
      height={90}
    />
  );
}

function Pairs({ title, rows }: { readonly title: string; readonly rows: readonly { readonly key: string; readonly value: string }[] }) {
  if (rows.length === 0) return null;
  return (
    <>
      <h3 className="small">{title}</h3>
      <dl className="facts small">
        {rows.map(({ key, value }) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function RunDetails({ line }: { readonly line: RunLine }) {
  const { t } = useSpeech();
  const charted = line.experiment === 'training' ? ['loss', 'val_loss'] : ['accuracy', 'predicted_p'];
  return (
    <div className="stack">
      {charted.map((key) => (
        <MetricChart key={key} line={line} metricKey={key} />
      ))}
      <Pairs
        title={t.model.metrics}
        rows={line.metrics.map((m) => ({ key: m.key, value: Number.isNaN(m.value) ? '–' : format(m.value) }))}
      />
      <Pairs title={t.model.params} rows={line.params} />
      <Pairs title={t.model.tags} rows={line.tags} />
      <Pairs title={t.model.artifacts} rows={line.artifacts.map((a) => ({ key: a.path, value: t.common.kilobytes(a.size) }))} />
      <p className="quiet small" style={{ overflowWrap: 'anywhere' }}>
        run_id {line.run.run_id}
      </p>
    </div>
  );
}

/** Every run of the log, newest first, each opening to its params, metrics, tags and artifacts. */
export function Runs() {
  const { t, language } = useSpeech();
  const [isAll, setAll] = useState(false);
  const runs = useLog(readRuns, 'runs');
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const lines = runs.kind === 'ready' ? runs.value : [];
  return (
    <section className="card" aria-labelledby="runs">
      <h2 id="runs">{t.model.runs}</h2>
      {runs.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {runs.kind === 'ready' && lines.length === 0 && <p className="quiet">{t.model.runsEmpty}</p>}
      <ul>
        {lines.slice(0, isAll ? lines.length : FIRST_SHOWN).map((line) => (
          <li key={line.run.run_id} style={{ borderTop: '1px solid var(--hairline)' }}>
            <details>
              <summary style={{ color: 'inherit' }}>
                <span style={{ flex: 1, display: 'grid' }}>
                  <span className="row apart" style={{ gap: 4 }}>
                    <span>{t.model.experiment[line.experiment] ?? line.experiment}</span>
                    <span className="quiet small number">{resultOf(line, t.model.gate)}</span>
                  </span>
                  <span className="quiet small number">
                    {when.format(line.run.start_time)} · {t.model.status[line.run.status]}
                  </span>
                </span>
              </summary>
              <RunDetails line={line} />
            </details>
          </li>
        ))}
      </ul>
      {lines.length > FIRST_SHOWN && !isAll && (
        <button type="button" className="button plain" onClick={() => setAll(true)}>
          {t.model.more(lines.length)}
        </button>
      )}
    </section>
  );
}
