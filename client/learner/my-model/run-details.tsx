import { useEffect, useRef } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useRunsWords } from '#client/i18n/runs-words.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import type { RunView } from '#client/tutor/run-search.ts';
import { download } from '#client/ui/download.ts';
import { formatNumber, MetricChart } from './metric-chart.tsx';

function Facts({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, string])[] }) {
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="facts small" translate="no">
        {rows.map(([key, value]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Artifacts({ run, artifacts }: RunView) {
  const w = useRunsWords();
  const { t } = useSpeech();
  const { log } = usePorts();
  if (artifacts.length === 0) return null;
  const save = async (path: string) => {
    const bytes = await log.artifact(run.run_id, path);
    if (bytes) download(new File([bytes as Uint8Array<ArrayBuffer>], path.split('/').at(-1) ?? 'artifact'));
  };
  return (
    <section>
      <h3>{w.artifacts}</h3>
      <ul translate="no">
        {artifacts.map((a) => (
          <li key={a.path}>
            <button type="button" className="button plain" aria-label={w.saveArtifact(a.path)} onClick={() => void save(a.path)}>
              {a.path} · {t.common.kilobytes(a.size)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One run whole, or up to three side by side. */
export function RunDetails({ runs, onClose }: { readonly runs: readonly RunView[]; readonly onClose: () => void }) {
  const w = useRunsWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const [only] = runs;
  const keysOf = (field: 'params' | 'metrics' | 'tags') => [...new Set(runs.flatMap((r) => [...r[field].keys()]))].sort();
  const text = (run: RunView, field: 'params' | 'metrics', key: string): string => {
    if (field === 'params') return run.params.get(key) ?? '–';
    const value = run.metrics.get(key);
    return value === undefined ? '–' : formatNumber(value);
  };
  return (
    <dialog ref={dialog} className="sheet" onClose={onClose} aria-labelledby="run">
      <div className="stack">
        <h2 id="run" className="number" translate="no">
          {runs.length === 1 ? only?.run.run_name : w.compare(runs.length)}
        </h2>
        {keysOf('metrics').length > 0 && <MetricChart runs={runs} keys={keysOf('metrics')} />}
        {runs.length === 1 && only ? (
          <>
            <Facts title={w.metrics} rows={keysOf('metrics').map((key) => [key, text(only, 'metrics', key)])} />
            <Facts title={w.params} rows={[...only.params]} />
            <Facts title={w.tags} rows={[...only.tags]} />
            <Artifacts {...only} />
            <p className="quiet small" style={{ overflowWrap: 'anywhere' }} translate="no">
              run_id {only.run.run_id}
            </p>
          </>
        ) : (
          (['metrics', 'params'] as const).map((field) => (
            <div key={field} className="scroll-x">
              <table>
                <thead>
                  <tr>
                    <th>{w[field]}</th>
                    {runs.map((r) => (
                      <th key={r.run.run_id} className="number" translate="no">
                        {r.run.run_name}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody translate="no">
                  {keysOf(field).map((key) => {
                    const values = runs.map((r) => text(r, field, key));
                    const isSame = values.every((v) => v === values[0]);
                    return (
                      <tr key={key} className={isSame ? 'quiet' : undefined}>
                        <td>{key}</td>
                        {values.map((value, i) => (
                          <td key={runs[i]?.run.run_id} className="number" style={isSame ? undefined : { fontWeight: 600 }}>
                            {value}
                          </td>
                        ))}
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          ))
        )}
        <button type="button" className="button primary wide" onClick={() => dialog.current?.close()}>
          {w.close}
        </button>
      </div>
    </dialog>
  );
}
