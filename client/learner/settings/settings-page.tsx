import { Check, Minus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { useDoneWords } from '#client/i18n/done-words.ts';
import { useModelWords } from '#client/i18n/model-words.ts';
import { useSettingsWords } from '#client/i18n/settings-words.ts';
import { type Appearance, LOOKS, SPACINGS, TEXT_SIZES } from '#client/ports/look.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { LanguageChoice } from '#client/ui/language-choice.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { Reminders, Studying } from './studying.tsx';

function Tick({ name, isDone }: { readonly name: string; readonly isDone: boolean }) {
  const words = useSettingsWords();
  return (
    <>
      <dt>{name}</dt>
      <dd className="row" style={{ flexWrap: 'nowrap', justifyContent: 'end', alignSelf: 'start' }}>
        {isDone ? (
          <Check className="icon" size={16} strokeWidth={2.5} aria-hidden />
        ) : (
          <Minus className="icon" size={16} strokeWidth={2} aria-hidden />
        )}
        {isDone ? words.yes : words.no}
      </dd>
    </>
  );
}

function OnThisPhone() {
  const model = useModelWords();
  const words = useSettingsWords();
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
      <h2 id="storage">{words.storage}</h2>
      {counts.kind === 'ready' && head.kind === 'ready' && <p className="number">{words.counts(counts.value, head.value)}</p>}
      <h3>{words.ready}</h3>
      <dl className="ticks">
        <Tick name={words.app} isDone={value?.app ?? false} />
        <Tick name={words.pack} isDone={value?.packs ?? false} />
        <Tick name={words.engine} isDone={value?.engine ?? false} />
        <Tick name={words.persisted} isDone={value?.persisted ?? false} />
      </dl>
      {value && !value.engine && (
        <button type="button" className="button" onClick={() => void fetchEngine()}>
          {words.fetchEngine}
        </button>
      )}
      {isFailed && <Notice tone="bad">{model.lost.offline}</Notice>}
      {value && !value.persisted && (
        <button type="button" className="button" onClick={() => void protect()}>
          {words.protect}
        </button>
      )}
      {isRefused && <Notice>{words.refused}</Notice>}
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
  const words = useSettingsWords();
  const done = useDoneWords();
  const { install } = usePorts();
  usePageTitle(words.title);
  const [isHint, setHint] = useState(false);
  const add = async () => {
    if (install.mayAsk()) await install.ask();
    else setHint(true);
  };
  return (
    <main className="page">
      <header>
        <h1>{words.title}</h1>
      </header>
      <section className="card" aria-label={words.look}>
        <LanguageChoice />
        <Segments
          legend={words.look}
          name="look"
          value={appearance.look}
          choices={LOOKS.map((look) => ({ value: look, label: words[look] }))}
          onChange={(look) => onAppearance({ ...appearance, look })}
        />
        <label className="field">
          <span className="quiet">{words.textSize}</span>
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
          legend={words.spacing}
          name="spacing"
          value={appearance.spacing}
          choices={SPACINGS.map((spacing) => ({ value: spacing, label: words.spacings[spacing] }))}
          onChange={(spacing) => onAppearance({ ...appearance, spacing })}
        />
      </section>
      <section className="card" aria-labelledby="sharing">
        <h2 id="sharing">{words.sharing}</h2>
        <p>{words.sharingText}</p>
        <Link href="/sharing" className="button">
          {words.sharingOpen}
        </Link>
      </section>
      <Studying />
      <Reminders />
      <OnThisPhone />
      <section className="card" aria-labelledby="safety">
        <h2 id="safety">{words.safety}</h2>
        <p>{words.safetyText}</p>
        <Link href="/storage" className="button">
          {words.safetyOpen}
        </Link>
        {!install.isInstalled && (
          <>
            <button type="button" className="button" onClick={() => void add()}>
              {words.install}
            </button>
            {isHint && <p className="quiet small">{done.installHint}</p>}
          </>
        )}
      </section>
      <section className="card" aria-labelledby="about">
        <h2 id="about">{words.about}</h2>
        <p>{words.aboutText}</p>
        <Link href="/about" className="button">
          {words.aboutOpen}
        </Link>
      </section>
    </main>
  );
}
