import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { sharingWords } from '#client/i18n/sharing-words.ts';
import type { Consent } from '#client/ports/federation-store.ts';
import type { Proposal, Sharing } from '#client/sharing/sharing.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import { contributionRho } from '#shared/aggregation/config.ts';
import { reportBytes } from '#shared/aggregation/report.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';

/** ε is rounded up at the third decimal, never down. */
export const epsilonText = (epsilon: number): string => (Math.ceil(epsilon * 1000 - 1e-9) / 1000).toFixed(3);

type Words = ReturnType<typeof sharingWords>;
type Part = readonly [heading: string, sentences: readonly string[]];

/** What is asked, in the words that are hashed into the consent. */
export function consentParts(all: Words, proposal: Proposal, isTrial: boolean, language: string): readonly Part[] {
  const { purpose, config, capEpsilon, togetherEpsilon } = proposal;
  const words = purpose === 'training' ? all : { ...all, ...all.analytics };
  const bytes = words.kilobytes(reportBytes(config.dim));
  const fold = Math.ceil(Math.exp(capEpsilon)).toLocaleString(language);
  const twoYears = gaussianEpsilon(2 * config.max_contributions * contributionRho(config), config.delta);
  const isOne = config.leader.operator === config.helper.operator;
  return [
    [
      words.whatLeaves,
      [
        words.purpose,
        ...(purpose === 'analytics' ? [all.analytics.tests] : []),
        isTrial ? words.size(bytes) : words.sizeMost(bytes, config.max_contributions),
      ],
    ],
    [
      words.protection,
      [
        words.sum(config.k),
        isTrial ? words.trialOdds : words.odds(epsilonText(capEpsilon), config.delta.toExponential(), fold, epsilonText(twoYears)),
        ...(isTrial || togetherEpsilon === null ? [] : [words.both(epsilonText(togetherEpsilon))]),
        words.servers(config.leader.operator, config.helper.operator),
        ...(config.leader_noise ? [] : [words.helperAlone(config.k)]),
        isOne ? words.oneOperator : words.together,
      ],
    ],
    [words.notProtected, [words.unprotected]],
    [words.stopping, [isTrial ? words.stop : words.stopSpent]],
  ];
}

type Age = 'under' | Consent['ageBand'];
type Place = 'korea' | 'elsewhere';

function AgeQuestion({ onAnswer }: { readonly onAnswer: (age: Consent['ageBand'] | null) => void }) {
  const words = sharingWords(useSpeech().language);
  const [age, setAge] = useState<Age | ''>('');
  const [place, setPlace] = useState<Place | ''>('');
  const answer = (nextAge: Age | '', nextPlace: Place | '') => {
    setAge(nextAge);
    setPlace(nextPlace);
    const mayDecide = nextAge === '16+' || (nextAge === '14-15' && nextPlace === 'korea');
    onAnswer(mayDecide ? (nextAge as Consent['ageBand']) : null);
  };
  return (
    <>
      <Segments
        legend={words.age}
        name="age"
        value={age}
        choices={[
          { value: 'under', label: words.under14 },
          { value: '14-15', label: words.from14 },
          { value: '16+', label: words.from16 },
        ]}
        onChange={(next: Age | '') => answer(next, place)}
      />
      {age === '14-15' && (
        <Segments
          legend={words.where}
          name="place"
          value={place}
          choices={[
            { value: 'korea', label: words.korea },
            { value: 'elsewhere', label: words.elsewhere },
          ]}
          onChange={(next: Place | '') => answer(age, next)}
        />
      )}
      {age === 'under' && <Notice>{words.tooYoung}</Notice>}
      {age === '14-15' && place === 'elsewhere' && <Notice>{words.youngElsewhere}</Notice>}
    </>
  );
}

/** The question itself: everything it means, the age it depends on, and two answers of equal weight. */
export function ConsentCard({
  sharing,
  proposal,
  knownAge,
  onChanged,
}: {
  readonly sharing: Sharing;
  readonly proposal: Proposal;
  /** Given with another consent; null: asked for. */
  readonly knownAge: Consent['ageBand'] | null;
  readonly onChanged: () => void;
}) {
  const { language } = useSpeech();
  const words = sharingWords(language);
  const [told, setAge] = useState<Consent['ageBand'] | null>(null);
  // it may become known while this card stands: by the answer to the other one
  const age = knownAge ?? told;
  const [said, setSaid] = useState<'nothing' | 'no' | 'failed' | 'changed'>('nothing');
  const parts = consentParts(words, proposal, sharing.isTrial, language);
  const agree = async () => {
    if (age === null) return;
    try {
      const text = parts.flatMap(([heading, sentences]) => [heading, ...sentences]).join('\n');
      if (await sharing.agree({ proposal, ageBand: age, text, language })) return;
      setSaid('changed');
      onChanged();
    } catch {
      setSaid('failed');
    }
  };
  return (
    <section className="card" aria-labelledby={proposal.purpose}>
      <h2 id={proposal.purpose}>{proposal.purpose === 'training' ? words.heading : words.analytics.heading}</h2>
      {said === 'changed' && <Notice tone="bad">{words.changed}</Notice>}
      {parts.map(([heading, sentences]) => (
        <div key={heading} className="stack" style={{ gap: 6 }}>
          <h3>{heading}</h3>
          {sentences.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      ))}
      {knownAge === null && <AgeQuestion onAnswer={setAge} />}
      {said === 'no' && <Notice>{words.declined}</Notice>}
      {said === 'failed' && <Notice tone="bad">{words.failed}</Notice>}
      {age === null && (
        <p id="age-first" className="quiet small">
          {words.ageFirst}
        </p>
      )}
      <div className="pair">
        <button
          type="button"
          className="button"
          disabled={age === null}
          aria-describedby={age === null ? 'age-first' : undefined}
          onClick={() => void agree()}
        >
          {words.agree}
        </button>
        <button type="button" className="button" onClick={() => setSaid('no')}>
          {words.decline}
        </button>
      </div>
    </section>
  );
}
