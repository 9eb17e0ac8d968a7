import { useEffect, useState } from 'react';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import type { ReplyOf } from '#shared/tracking/endpoints.ts';
import { proxiedPath } from '#shared/tracking/proxied-path.ts';
import { faultText, Table, useDesk } from '../frame.tsx';
import { MetricPlot } from './metric-plot.tsx';
import { cellOf, columnsOf, namesOf } from './runs-table.tsx';
import type { Run } from './use-runs.ts';

type Files = NonNullable<ReplyOf<'listArtifacts'>['files']>;

/** Where a file of a run is fetched by a signed-in member of staff. */
const fileAddress = (root: string, path: string): string =>
  `/ajax-api/2.0/mlflow-artifacts/artifacts/${`${proxiedPath(root) ?? ''}/${path}`.split('/').filter(Boolean).map(encodeURIComponent).join('/')}`;

function Artifacts({ run }: { readonly run: Run }) {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [folder, setFolder] = useState('');
  const [files, setFiles] = useState<Files | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let isCurrent = true;
    setFiles(null);
    setFault(null);
    api.tracking.call('listArtifacts', { run_id: run.info.run_id, path: folder }).then(
      (reply) => isCurrent && setFiles(reply.files ?? []),
      (cause: unknown) => isCurrent && setFault(cause),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, run, folder]);
  if (fault !== null) return <Notice tone="bad">{faultText(words, fault)}</Notice>;
  if (!files) return <Waiting text={words.loading} />;
  return (
    <>
      <h3>
        {w.artifacts} {folder && <code>{folder}</code>}
      </h3>
      {files.length === 0 && <p className="quiet">{w.noArtifacts}</p>}
      <ul>
        {folder !== '' && (
          <li>
            <button type="button" className="button plain" onClick={() => setFolder(folder.split('/').slice(0, -1).join('/'))}>
              ..
            </button>
          </li>
        )}
        {files.map((file) => (
          <li key={file.path}>
            {file.is_dir ? (
              <button type="button" className="button plain" onClick={() => setFolder(file.path)}>
                {file.path.split('/').at(-1)}/
              </button>
            ) : (
              <a href={fileAddress(run.info.artifact_uri, file.path)} download>
                {file.path.split('/').at(-1)}
              </a>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Pairs({ title, pairs }: { readonly title: string; readonly pairs: readonly { key: string; value: string }[] | undefined }) {
  if (!pairs || pairs.length === 0) return null;
  return <Table label={title} head={[title, '']} rows={pairs.map((p) => [<code key={p.key}>{p.key}</code>, p.value])} />;
}

/** One run whole, or some beside one another: figures, a chart, parameters, tags, files. */
export function RunDetails({ runs, onClose }: { readonly runs: readonly Run[]; readonly onClose: () => void }) {
  const { language } = useDesk();
  const w = trackingWords(language);
  const columns = columnsOf(runs);
  const metrics = columns.filter((c) => c.startsWith('metrics.')).map((c) => c.slice('metrics.'.length));
  const [metric, setMetric] = useState<string | null>(null);
  const shown = metric !== null && metrics.includes(metric) ? metric : metrics[0];
  const [only] = runs;
  const isOne = runs.length === 1 && only !== undefined;
  return (
    <section className="card" aria-labelledby="details">
      <h2 id="details">{isOne ? only.info.run_name : w.compared}</h2>
      {isOne && <code>{only.info.run_id}</code>}
      {shown !== undefined && (
        <>
          <label className="field">
            {w.pickMetric}
            <select value={shown} onChange={(e) => setMetric(e.target.value)}>
              {metrics.map((m) => (
                <option key={m}>{m}</option>
              ))}
            </select>
          </label>
          <MetricPlot runs={runs} metric={shown} />
        </>
      )}
      <Table
        label={isOne ? only.info.run_name : w.compared}
        head={['', ...namesOf(runs)]}
        rows={columns.map((c) => [<code key={c}>{c}</code>, ...runs.map((r) => cellOf(r, c))])}
      />
      {isOne && <Pairs title={w.tags} pairs={only.data.tags} />}
      {isOne && <Artifacts key={only.info.run_id} run={only} />}
      <button type="button" className="button" onClick={onClose}>
        {w.close}
      </button>
    </section>
  );
}
