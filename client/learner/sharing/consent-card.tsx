import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { sharingWords } from '#client/i18n/sharing-words.ts';
import type { Consent } from '#client/ports/federation-store.ts';
import type { Proposal, Sharing } from '#client/sharing/sharing.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { reportBytes } from '#shared/aggregation/report.ts';

/** ε is rounded up at the third decimal, never down. */
export const epsilonText = (epsilon: number): string => (Math.ceil(epsilon * 1000) / 1000).toFixed(3);

type Age = 'under' | Consent['ageBand'];

/** What is asked, in the words that are hashed into the consent. */
export function consentSentences(words: ReturnType<typeof sharingWords>, { config, capEpsilon }: Proposal, isTrial: boolean) {
  const fold = Math.exp(capEpsilon);
  return [
    words.purpose,
    words.sum(config.k),
    words.size(words.kilobytes(reportBytes(config.dim)), config.max_contributions),
    isTrial
      ? words.trialOdds
      : words.odds(epsilonText(capEpsilon), config.delta.toExponential(), fold < 100 ? fold.toFixed(0) : fold.toPrecision(2)),
    words.servers(config.leader.operator, config.helper.operator),
    ...(config.leader.operator === config.helper.operator ? [words.oneOperator] : []),
    words.unprotected,
    words.spent,
  ];
}

interface Props {
  readonly sharing: Sharing;
  readonly proposal: Proposal;
  readonly onAgreed: () => void;
}

/** The question itself: everything it means, the age it depends on, and two answers of equal weight. */
export function ConsentCard({ sharing, proposal, onAgreed }: Props) {
  const { language } = useSpeech();
  const words = sharingWords(language);
  const [age, setAge] = useState<Age | ''>('');
  const [said, setSaid] = useState<'nothing' | 'no' | 'failed'>('nothing');
  const sentences = consentSentences(words, proposal, sharing.isTrial);
  const agree = async () => {
    if (age === '' || age === 'under') return;
    try {
      await sharing.agree({ ageBand: age, text: sentences.join('\n'), language });
      onAgreed();
    } catch {
      setSaid('failed');
    }
  };
  return (
    <section className="card" aria-labelledby="training">
      <h2 id="training">{words.training}</h2>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <Segments
        legend={words.age}
        name="age"
        value={age}
        choices={[
          { value: 'under', label: words.under14 },
          { value: '14-15', label: words.from14 },
          { value: '16+', label: words.from16 },
        ]}
        onChange={(next: Age | '') => setAge(next)}
      />
      {age === 'under' && <Notice>{words.tooYoung}</Notice>}
      {age === '14-15' && <Notice>{words.youngEu}</Notice>}
      {said === 'no' && <Notice>{words.declined}</Notice>}
      {said === 'failed' && <Notice tone="bad">{words.failed}</Notice>}
      <div className="pair">
        <button type="button" className="button" disabled={age === '' || age === 'under'} onClick={() => void agree()}>
          {words.agree}
        </button>
        <button type="button" className="button" onClick={() => setSaid('no')}>
          {words.decline}
        </button>
      </div>
    </section>
  );
}
