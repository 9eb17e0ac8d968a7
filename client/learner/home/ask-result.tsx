import { Link } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useLog, usePorts } from '#client/tutor/learner-ports.tsx';

const ASKED = 'exam.asked';
const DAYS_AFTER = 3;

/** Once, three days after the exam's date: how did it go? */
export function AskResult({ packId, examDate }: { readonly packId: string; readonly examDate: string | null }) {
  const { t } = useSpeech();
  const { log, moment } = usePorts();
  const due = useLog(async (reader) => {
    if (!examDate || moment().at < new Date(`${examDate}T00:00`).getTime() + DAYS_AFTER * 86_400_000) return false;
    const results = await reader.list('exam_results', 'pack_id', packId);
    const asked = (await reader.get('settings', ASKED))?.value;
    return asked !== examDate && results.every((r) => r.date < examDate);
  }, `${packId} ${examDate}`);
  if (!examDate || due.kind !== 'ready' || !due.value) return null;
  const asked = () => void log.append([{ kind: 'setting.set', body: { key: ASKED, value: examDate } }]);
  return (
    <section className="card" aria-labelledby="ask-result">
      <h2 id="ask-result">{t.home.askResult}</h2>
      <p className="row">
        <Link className="button" href="/progress" onClick={asked}>
          {t.home.askResultYes}
        </Link>
        <button type="button" className="button plain" onClick={asked}>
          {t.home.notNow}
        </button>
      </p>
    </section>
  );
}
