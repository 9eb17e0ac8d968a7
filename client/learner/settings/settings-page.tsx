import { Check, Minus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { LANGUAGES, useSpeech } from '#client/i18n/language.tsx';
import { type Appearance, LOOKS, SPACINGS, TEXT_SIZES } from '#client/ports/look.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { Reminders, Studying } from './studying.tsx';

function Tick({ name, isDone }: { readonly name: string; readonly isDone: boolean }) {
  const { t } = useSpeech();
  return (
    <>
      <dt>{name}</dt>
      <dd className="row" style={{ flexWrap: 'nowrap', justifyContent: 'end', alignSelf: 'start' }}>
        {isDone ? (
          <Check className="icon" size={16} strokeWidth={2.5} aria-hidden />
        ) : (
          <Minus className="icon" size={16} strokeWidth={2} aria-hidden />
        )}
        {isDone ? t.settings.yes : t.settings.no}
      </dd>
    </>
  );
}

function OnThisPhone() {
  const { t } = useSpeech();
  const ports = usePorts();
  const [checks, setChecks] = useState(0);
  const [isRefused, setRefused] = useState(false);
  const [isFailed, setFailed] = useState(false);
  const ready = useOnce(
    async () => ({
      ...(await ports.readiness.check()),
      packs: (await ports.installedPacks()).length > 0,
      persisted: (await navigator.storage?.persisted?.()) ?? false,
    }),
    String(checks),
  );
  const counts = useLog(async (reader) => (await reader.list('answers')).filter((a) => a.superseded === 0).length, 'count');
  const head = useOnce(() => ports.log.head(), `${checks} ${counts.kind === 'ready' ? counts.value : ''}`);
  const protect = async () => {
    setRefused(!(await navigator.storage.persist()));
    setChecks((n) => n + 1);
  };
  const fetchEngine = async () => {
    setFailed(false);
    await ports.engine.fetch().catch(() => setFailed(true));
    setChecks((n) => n + 1);
  };
  const value = ready.kind === 'ready' ? ready.value : null;
  return (
    <section className="card" aria-labelledby="storage">
      <h2 id="storage">{t.settings.storage}</h2>
      {counts.kind === 'ready' && head.kind === 'ready' && <p className="number">{t.settings.counts(counts.value, head.value)}</p>}
      <h3>{t.settings.ready}</h3>
      <dl className="ticks">
        <Tick name={t.settings.app} isDone={value?.app ?? false} />
        <Tick name={t.settings.pack} isDone={value?.packs ?? false} />
        <Tick name={t.settings.engine} isDone={value?.engine ?? false} />
        <Tick name={t.settings.persisted} isDone={value?.persisted ?? false} />
      </dl>
      {value && !value.engine && (
        <button type="button" className="button" onClick={() => void fetchEngine()}>
          {t.settings.fetchEngine}
        </button>
      )}
      {isFailed && <Notice tone="bad">{t.model.lost.offline}</Notice>}
      {value && !value.persisted && (
        <button type="button" className="button" onClick={() => void protect()}>
          {t.settings.protect}
        </button>
      )}
      {isRefused && <Notice>{t.settings.refused}</Notice>}
    </section>
  );
}

/** Language, look, and what is kept on this device. */
export function SettingsPage({
  appearance,
  onAppearance,
}: {
  readonly appearance: Appearance;
  readonly onAppearance: (next: Appearance) => void;
}) {
  const { t } = useSpeech();
  const { install } = usePorts();
  const [isHint, setHint] = useState(false);
  const add = async () => {
    if (install.mayAsk()) await install.ask();
    else setHint(true);
  };
  return (
    <main className="page">
      <header>
        <h1>{t.settings.title}</h1>
      </header>
      <section className="card" aria-label={t.settings.look}>
        <Segments
          legend={t.settings.language}
          name="language"
          value={appearance.language}
          choices={LANGUAGES.map((l) => ({ value: l.tag, label: l.name }))}
          onChange={(language) => onAppearance({ ...appearance, language })}
        />
        <Segments
          legend={t.settings.look}
          name="look"
          value={appearance.look}
          choices={LOOKS.map((look) => ({ value: look, label: t.settings[look] }))}
          onChange={(look) => onAppearance({ ...appearance, look })}
        />
        <label className="field">
          <span className="quiet">{t.settings.textSize}</span>
          <select
            value={appearance.textSize}
            onChange={(event) => onAppearance({ ...appearance, textSize: event.target.value as Appearance['textSize'] })}
          >
            {TEXT_SIZES.map((size) => (
              <option key={size} value={size}>
                {size} %
              </option>
            ))}
          </select>
        </label>
        <Segments
          legend={t.settings.spacing}
          name="spacing"
          value={appearance.spacing}
          choices={SPACINGS.map((spacing) => ({ value: spacing, label: t.settings.spacings[spacing] }))}
          onChange={(spacing) => onAppearance({ ...appearance, spacing })}
        />
      </section>
      <section className="card" aria-labelledby="sharing">
        <h2 id="sharing">{t.settings.sharing}</h2>
        <p>{t.settings.sharingText}</p>
        <Link href="/sharing" className="button">
          {t.settings.sharingOpen}
        </Link>
      </section>
      <Studying />
      <Reminders />
      <OnThisPhone />
      <section className="card" aria-labelledby="safety">
        <h2 id="safety">{t.settings.safety}</h2>
        <p>{t.settings.safetyText}</p>
        <Link href="/storage" className="button">
          {t.settings.safetyOpen}
        </Link>
        {!install.isInstalled && (
          <>
            <button type="button" className="button" onClick={() => void add()}>
              {t.settings.install}
            </button>
            {isHint && <p className="quiet small">{t.done.installHint}</p>}
          </>
        )}
      </section>
      <section className="card" aria-labelledby="about">
        <h2 id="about">{t.settings.about}</h2>
        <p>{t.settings.aboutText}</p>
      </section>
    </main>
  );
}
