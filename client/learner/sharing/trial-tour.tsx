import { useSpeech } from '#client/i18n/language.tsx';
import { sharingWords } from '#client/i18n/sharing-words.ts';
import type { SharingView } from '#client/sharing/sharing.ts';
import { useLog } from '#client/tutor/learner-ports.tsx';

/** What a newcomer to a trial does and sees, with what is done already. */
export function TrialTour({ view }: { readonly view: SharingView }) {
  const words = sharingWords(useSpeech().language);
  const answers = useLog(async (reader) => (await reader.list('answers')).filter((a) => a.superseded === 0).length, 'answers');
  const landed = view.contributions.find((c) => c.versionStatus === 'released')?.version ?? null;
  const steps: readonly (readonly [string, boolean])[] = [
    [words.tourSteps.answer, answers.kind === 'ready' && answers.value >= 10],
    [words.tourSteps.agree, view.consents.training?.training ?? false],
    [words.tourSteps.send, view.contributions.some((c) => c.purpose !== 'analytics' && c.status !== 'sealed')],
    [words.tourSteps.land(landed), landed !== null],
  ];
  return (
    <section className="card" aria-labelledby="tour">
      <h2 id="tour">{words.tourTitle}</h2>
      <ol className="tour">
        {steps.map(([text, isDone]) => (
          <li key={text} {...(isDone ? { 'data-done': '' } : {})}>
            <span>
              {text} {isDone && <span className="only-spoken">{words.done}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
