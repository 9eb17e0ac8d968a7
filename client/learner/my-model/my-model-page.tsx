import { useSpeech } from '#client/i18n/language.tsx';
import { useModelWords } from '#client/i18n/model-words.ts';
import { useRunsWords } from '#client/i18n/runs-words.ts';
import type { LogReader } from '#client/ports/experiment-log.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { summarise } from '#client/tutor/summary.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { learnableAnswers, personalName } from '#client/tutor/tutor-state.ts';
import { ModelFacts } from '#client/ui/model-facts.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Read, ReadPack } from '#client/ui/read.tsx';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import type { SessionRow, Tables } from '#shared/tracking/rows.ts';
import { Manage } from './manage.tsx';
import { Predictions } from './predictions.tsx';
import { Runs } from './runs.tsx';
import { TrainingPanel } from './training-panel.tsx';
import { Tuning } from './tuning.tsx';

function Versions({ tutor }: { readonly tutor: Tutor }) {
  const w = useRunsWords();
  const model = useModelWords();
  const { language } = useSpeech();
  const name = personalName(tutor.packId);
  const loaded = useLog(
    async (reader) => ({
      versions: await reader.list('model_versions', 'name', name),
      champion: (await reader.get('aliases', [name, 'champion']))?.version,
    }),
    name,
  );
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <section className="card" aria-labelledby="versions">
      <h2 id="versions">{model.versions}</h2>
      <Read loaded={loaded}>
        {({ versions, champion }) =>
          versions.length === 0 ? (
            <p className="quiet">{model.versionsEmpty}</p>
          ) : (
            <ul>
              {[...versions].reverse().map((v) => (
                <li key={v.version} className="row apart" style={{ borderTop: '1px solid var(--hairline)', minHeight: 48 }}>
                  <span className="number">
                    {v.version}. {v.version === champion && <strong>{model.champion}</strong>}{' '}
                    {v.tags.some((tag) => tag.key === 'early' && tag.value === 'true') && model.earlyTag}{' '}
                    <span className="quiet small">{when.format(v.creation_time)}</span>
                  </span>
                  {v.version !== champion && (
                    <button type="button" className="button plain" onClick={() => void tutor.rollBack(v.version)}>
                      {w.rollBack(v.version)}
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Read>
    </section>
  );
}

interface BackendUse {
  readonly backend: string;
  readonly trainMs: number;
  readonly passedOver: readonly Tables['tags'][];
}

async function latestBackend(reader: LogReader): Promise<BackendUse | null> {
  const runs = [...(await reader.list('runs', 'status', 'FINISHED'))].sort((a, b) => b.start_time - a.start_time);
  for (const { run_id } of runs) {
    const backend = await reader.get('params', [run_id, 'backend']);
    if (!backend) continue;
    const trainMs = (await reader.get('run_metrics', run_id))?.latest.find((m) => m.key === 'train_ms')?.value ?? 0;
    const passedOver = (await reader.list('tags', 'owner', run_id)).filter((tag) => tag.key.startsWith('backend.'));
    return { backend: backend.value, trainMs, passedOver };
  }
  return null;
}

function Backend({ parameters }: { readonly parameters: number }) {
  const model = useModelWords();
  const { t } = useSpeech();
  const use = useLog(latestBackend, 'backend');
  return (
    <section className="card" aria-labelledby="backend">
      <h2 id="backend">{model.backend}</h2>
      <Read loaded={use}>
        {(used) =>
          used ? (
            <>
              <p className="number">{model.backendUsed(used.backend, t.common.seconds(used.trainMs / 1000))}</p>
              {used.passedOver.map((tag) => (
                <p key={tag.key} className="quiet small">
                  {model.backendPassed(tag.key.slice('backend.'.length), model.passedOver[tag.value] ?? tag.value)}
                </p>
              ))}
            </>
          ) : (
            <p className="quiet">{model.backendEmpty}</p>
          )
        }
      </Read>
      <p className="quiet small number">{model.size(parameters, t.common.kilobytes(4 * parameters))}</p>
    </section>
  );
}

function Totals() {
  const model = useModelWords();
  const { t } = useSpeech();
  const totals = useLog(async (reader) => {
    const sessions = await reader.list('sessions');
    const sum = (of: (s: SessionRow) => number) => sessions.reduce((total, s) => total + of(s), 0);
    const answered = sum((s) => s.totals.answered);
    return {
      runs: (await reader.list('runs')).length,
      minutes: Math.round(sum((s) => s.totals.studyTimeS) / 60),
      accuracy: answered > 0 ? t.common.percent(sum((s) => s.totals.correct) / answered) : null,
      versions: (await reader.list('model_versions')).length,
    };
  }, 'totals');
  return (
    <Read loaded={totals} waiting={null}>
      {(value) => <p className="quiet number">{model.totals(value)}</p>}
    </Read>
  );
}

function Loaded({ tutor }: { readonly tutor: Tutor }) {
  const model = useModelWords();
  const { t } = useSpeech();
  const marker = useLog((reader) => reader.head(), 'head');
  const state = useOnce(async () => ({ ...(await tutor.state()) }), marker.kind === 'ready' ? String(marker.value) : '');
  if (state.kind === 'failed') return <Notice tone="bad">{storageWords(t, state.fault)}</Notice>;
  if (state.kind === 'waiting') return <Waiting text={t.common.loading} />;
  const { record: _, ...summary } = summarise(state.value, tutor.global);
  return (
    <>
      <section className="card" aria-label={model.title}>
        <h2>{model.stage[summary.stage]}</h2>
        <ModelFacts {...summary} />
      </section>
      <Predictions tutor={tutor} answers={state.value.answers} />
      <TrainingPanel tutor={tutor} answers={learnableAnswers(state.value)} version={state.value.champion?.version ?? 0} />
      <Versions tutor={tutor} />
      <Backend parameters={tutor.global.weights.length} />
      <Tuning tutor={tutor} answers={learnableAnswers(state.value)} />
      <Manage tutor={tutor} />
      <Runs />
    </>
  );
}

/** The learner's experiment log, as they understand it and a data scientist recognises it. */
export function MyModelPage({ packId }: { readonly packId: string }) {
  const model = useModelWords();
  usePageTitle(model.title);
  const ports = usePorts();
  const tutor = useOnce(() => ports.tutorFor(packId), packId);
  return (
    <main className="page">
      <header>
        <h1>{model.title}</h1>
        <p className="quiet">{model.lead}</p>
        <Totals />
      </header>
      <ReadPack loaded={tutor}>{(opened) => <Loaded tutor={opened} />}</ReadPack>
    </main>
  );
}
