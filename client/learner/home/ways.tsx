import { Link } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { readReviewPlan } from '#client/tutor/reviews.ts';
import type { Tutor } from '#client/tutor/tutor.ts';

/** Other ways to study: what is due, a mock exam (or the one running), topics of the own choice. */
export function Ways({ tutor, answers }: { readonly tutor: Tutor; readonly answers: number }) {
  const { t } = useSpeech();
  const { log, moment } = usePorts();
  const plan = useLog(readReviewPlan, 'review');
  const exam = useLog(
    async (reader) => (await reader.list('exams', 'pack_id', tutor.packId)).find((e) => !e.submitted) ?? null,
    tutor.packId,
  );
  const due = useOnce(
    async () => (await tutor.reviews(await readReviewPlan(log))).today.length,
    `${tutor.packId} ${answers} ${JSON.stringify(plan)}`,
  );
  const running = exam.kind === 'ready' ? exam.value : null;
  const minutesLeft = running?.deadline ? Math.max(0, Math.ceil((running.deadline - moment().at) / 60_000)) : null;
  return (
    <nav aria-label={t.home.ways} className="ways">
      <Link href="/review" className="button">
        <span>{t.home.review}</span>
        <span className="quiet small number">{due.kind === 'ready' ? t.home.due(due.value) : ''}</span>
      </Link>
      <Link href={running ? `/exam/${running.session_id}` : '/exam'} className="button">
        <span>{t.home.exam}</span>
        <span className="quiet small number">{running ? t.home.examRunning(minutesLeft) : t.home.examHint}</span>
      </Link>
      <Link href="/practice" className="button">
        <span>{t.home.practice}</span>
        <span className="quiet small">{t.home.practiceHint}</span>
      </Link>
    </nav>
  );
}
