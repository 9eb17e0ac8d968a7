import { useSpeech } from '#client/i18n/language.tsx';
import { useSettingsWords } from '#client/i18n/settings-words.ts';
import { readSettings, UNREAD_SETTINGS, useLog, usePorts } from '#client/tutor/learner-ports.tsx';
import { dailyReminder } from '#client/ui/calendar-file.ts';
import { download } from '#client/ui/download.ts';
import { Segments } from '#client/ui/segments.tsx';

const MINUTES = [5, 10, 15, 20, 30, 45, 60];

/** How long to study a day, how the study screen behaves, and questions that are not asked any more. */
export function Studying() {
  const words = useSettingsWords();
  const { t } = useSpeech();
  const { log } = usePorts();
  const settings = useLog(readSettings, 'settings');
  const suspended = useLog(async (reader) => (await reader.list('items')).filter((i) => i.suspended), 'suspended');
  const { hasGuess, hasGrades, hasKeys, minutesADay } = settings.kind === 'ready' ? settings.value : UNREAD_SETTINGS;
  const set = (key: string, value: string) => void log.append([{ kind: 'setting.set', body: { key, value } }]);
  const choices = [
    { value: 'on', label: words.on },
    { value: 'off', label: words.off },
  ];
  const items = suspended.kind === 'ready' ? suspended.value : [];
  const unsuspend = () =>
    void log.append(items.map(({ pack_id, item_id }) => ({ kind: 'item.suspended', body: { pack_id, item_id, value: false } })));
  return (
    <section className="card" aria-labelledby="studying">
      <h2 id="studying">{words.studying}</h2>
      <label className="field">
        <span className="quiet">{t.start.minutes}</span>
        <select value={String(minutesADay)} onChange={(event) => set('minutes_a_day', event.target.value)}>
          {[...new Set([...MINUTES, minutesADay])]
            .sort((a, b) => a - b)
            .map((n) => (
              <option key={n} value={n}>
                {n}
              </option>
            ))}
        </select>
      </label>
      <Segments
        legend={words.guess}
        name="guess"
        value={hasGuess ? 'on' : 'off'}
        choices={choices}
        onChange={(v) => set('study.guess', v)}
      />
      <Segments
        legend={words.grades}
        name="grades"
        value={hasGrades ? 'on' : 'off'}
        choices={choices}
        onChange={(v) => set('study.grades', v)}
      />
      <Segments legend={words.keys} name="keys" value={hasKeys ? 'on' : 'off'} choices={choices} onChange={(v) => set('study.keys', v)} />
      {items.length > 0 && (
        <p className="row apart number">
          {words.suspended(items.length)}
          <button type="button" className="button" onClick={unsuspend}>
            {words.unsuspend}
          </button>
        </p>
      )}
    </section>
  );
}

/** A calendar file that reminds daily: no permission, no server. */
export function Reminders() {
  const words = useSettingsWords();
  const { moment } = usePorts();
  const save = () => {
    const { at, tz } = moment();
    const text = dailyReminder({
      title: words.remindersTitle,
      url: location.origin,
      firstDay: new Date(at + tz * 60_000).toISOString().slice(0, 10).replaceAll('-', ''),
      stamp: `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`,
      uid: `${at}@examsgraph`,
    });
    download(new File([text], 'examsgraph.ics', { type: 'text/calendar' }));
  };
  return (
    <section className="card" aria-labelledby="reminders">
      <h2 id="reminders">{words.reminders}</h2>
      <p>{words.remindersText}</p>
      <button type="button" className="button" onClick={save}>
        {words.remindersGet}
      </button>
    </section>
  );
}
