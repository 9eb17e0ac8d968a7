import { useState } from 'react';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import { Notice } from '#client/ui/states.tsx';
import type { ReplyOf } from '#shared/tracking/endpoints.ts';
import { faultText, moment, Read, Table, useDesk, useReading } from '../frame.tsx';

type Model = NonNullable<ReplyOf<'searchModels'>['registered_models']>[number];

function PointAlias({ model, again }: { readonly model: Model; readonly again: () => void }) {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [alias, setAlias] = useState('challenger');
  const [version, setVersion] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const point = () => {
    setFault(null);
    return api.tracking.call('setAlias', { name: model.name, alias, version }).then(again, setFault);
  };
  return (
    <form
      className="row"
      aria-label={`${w.setAlias}: ${model.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void point();
      }}
    >
      <label className="field">
        {w.alias}
        <input value={alias} onChange={(e) => setAlias(e.target.value)} maxLength={255} required />
      </label>
      <label className="field">
        {w.version}
        <input value={version} onChange={(e) => setVersion(e.target.value)} inputMode="numeric" pattern="[0-9]+" required />
      </label>
      <button type="submit" className="button">
        {w.point}
      </button>
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
    </form>
  );
}

/** Registered models, their versions, and where their aliases point; an admin may move those that are not the service's own. */
export function Registry() {
  const { api, me, language } = useDesk();
  const w = trackingWords(language);
  const [reading, again] = useReading(() => api.tracking.call('searchModels', { max_results: 100 }));
  return (
    <section className="card" aria-labelledby="registry">
      <h2 id="registry">{w.registry}</h2>
      <Read reading={reading} again={again}>
        {({ registered_models: models = [] }) => (
          <>
            {models.length === 0 && <p className="quiet">{w.noModels}</p>}
            {models.map((model) => (
              <div key={model.name} className="stack">
                <h3>{model.name}</h3>
                {(model.aliases ?? []).length > 0 && (
                  <p>
                    {w.aliases}: {(model.aliases ?? []).map((a) => `${a.alias} → ${a.version}`).join(', ')}
                  </p>
                )}
                <Table
                  label={model.name}
                  head={[w.version, w.started, w.source]}
                  rows={(model.latest_versions ?? []).map((v) => [
                    v.version,
                    moment(language, v.creation_timestamp),
                    <code key={v.version}>{v.source}</code>,
                  ])}
                />
                {me.member?.role === 'admin' && !model.name.startsWith('examsgraph-') && <PointAlias model={model} again={again} />}
              </div>
            ))}
          </>
        )}
      </Read>
    </section>
  );
}
