import { useState } from 'react';
import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useLog, useOnce } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import type { TutorState } from '#client/tutor/tutor-state.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { EXPLORE_RATE } from '#models/recommend/slate.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { Tables } from '#shared/tracking/rows.ts';

type Slate = Tables['slates'];
type Slot = Slate['slots'][number];

const SECONDS_A_QUESTION = 50;
const RECENT = 3;

/** Minutes a number of questions takes: at the learner's own median pace once there are ten answers. */
export function minutesFor(questions: number, state: TutorState): number {
  const times = state.answers
    .slice(-50)
    .map((a) => a.time_spent)
    .sort((a, b) => a - b);
  const median = times.length >= 10 ? Math.max(10, times[Math.floor(times.length / 2)] ?? SECONDS_A_QUESTION) : SECONDS_A_QUESTION;
  return Math.max(1, Math.round((questions * median) / 60));
}

function useReason(tutor: Tutor, state: TutorState): (slot: Slot) => string {
  const { t, language } = useSpeech();
  return ({ picks }) => {
    const [lead] = picks;
    const topicId = lead ? (tutor.course.items.get(lead.item_id)?.topics[0] ?? '') : '';
    const topicTitle = tutor.course.pack.manifest.topics.find((topic) => topic.id === topicId)?.title ?? {};
    const topic = inLanguage(topicTitle, language).text;
    switch (lead?.reason) {
      case 'due':
        return t.reason.due(topic);
      case 'weak': {
        const recent = state.answers.filter((a) => tutor.course.items.get(a.item_id)?.topics.includes(topicId)).slice(-RECENT);
        const wrong = recent.filter((a) => a.correct === 0).length;
        return wrong > 0 ? t.reason.weakSeen(topic, wrong, recent.length) : t.reason.weak(topic);
      }
      case 'fit':
        return t.reason.fit(t.common.percent(lead.p));
      case 'cold':
        return t.reason.cold;
      case 'unseen':
        return t.reason.unseen(topic);
      default:
        return t.reason.explore;
    }
  };
}

function Card({
  tutor,
  state,
  slate,
  slot,
}: {
  readonly tutor: Tutor;
  readonly state: TutorState;
  readonly slate: Slate;
  readonly slot: Slot;
}) {
  const { t, language } = useSpeech();
  const [, go] = useLocation();
  const reasonOf = useReason(tutor, state);
  const [isRated, setRated] = useState(false);
  const [lead] = slot.picks;
  const topicId = lead ? tutor.course.items.get(lead.item_id)?.topics[0] : undefined;
  const topic = tutor.course.pack.manifest.topics.find((candidate) => candidate.id === topicId);
  const title = topic ? inLanguage(topic.title, language).text : '';
  const start = async () => {
    const itemIds = slot.picks.map((pick) => pick.item_id);
    go(`/study/${await tutor.startSession({ mode: 'recommended', slateId: slate.slate_id, slot: slot.slot, itemIds })}`);
  };
  const rate = async (rating: 5 | 1) => {
    await tutor.note([{ kind: 'feedback.given', body: { about: 'slate', ref: `${slate.slate_id}#${slot.slot}`, rating } }]);
    setRated(true);
  };
  const dismiss = () => tutor.note([{ kind: 'slate.dismissed', body: { slate_id: slate.slate_id, slot: slot.slot } }]);
  return (
    <li className="card">
      <header>
        <h3>{title}</h3>
        <p className="quiet small number">{t.home.cardSize(slot.picks.length, minutesFor(slot.picks.length, state))}</p>
      </header>
      <p className="reason">{reasonOf(slot)}</p>
      <div className="row apart">
        <button type="button" className="button" onClick={() => void start()}>
          {t.home.begin}
        </button>
        <div className="row small" style={{ gap: 0 }}>
          {isRated ? (
            <p className="quiet small" role="status">
              {t.home.thanks}
            </p>
          ) : (
            <>
              <button type="button" className="button plain" onClick={() => void rate(5)}>
                {t.home.good}
              </button>
              <button type="button" className="button plain" onClick={() => void rate(1)}>
                {t.home.bad}
              </button>
            </>
          )}
          <button type="button" className="button plain" onClick={() => void dismiss()}>
            {t.home.notNow}
          </button>
        </div>
      </div>
    </li>
  );
}

/** The difficulty the learner wants to be asked at. */
function Difficulty({ tutor }: { readonly tutor: Tutor }) {
  const { t } = useSpeech();
  const key = `target.${tutor.packId}`;
  const setting = useLog((reader) => reader.get('settings', key), key);
  const value = (setting.kind === 'ready' && setting.value?.value) || 'balanced';
  return (
    <Segments
      legend={t.home.difficulty}
      name="difficulty"
      value={value as 'easier' | 'balanced' | 'harder'}
      choices={[
        { value: 'easier', label: t.home.easier },
        { value: 'balanced', label: t.home.balanced },
        { value: 'harder', label: t.home.harder },
      ]}
      onChange={(wanted) => void tutor.note([{ kind: 'setting.set', body: { key, value: wanted } }])}
    />
  );
}

/** Three things to do next, each with its reason. */
export function Recommendations({ tutor, state }: { readonly tutor: Tutor; readonly state: TutorState }) {
  const { t } = useSpeech();
  const dismissed = useLog(
    async (reader) => (await reader.list('slates', 'pack_id', tutor.packId)).findLast((s) => s.purpose === 'home')?.dismissed.length ?? 0,
    tutor.packId,
  );
  const slate = useOnce(
    () => tutor.recommend(),
    `${tutor.packId} ${state.answers.length} ${dismissed.kind === 'ready' ? dismissed.value : ''}`,
  );
  return (
    <section className="stack" aria-labelledby="recommended">
      <h2 id="recommended">{t.home.recommended}</h2>
      {slate.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {slate.kind === 'failed' && <Notice tone="bad">{storageWords(t, slate.fault)}</Notice>}
      {slate.kind === 'ready' && !slate.value && <p className="quiet">{t.home.recommendedEmpty}</p>}
      {slate.kind === 'ready' && slate.value && (
        <ul className="stack">
          {slate.value.slots
            .filter(({ slot }) => !slate.value?.dismissed.includes(slot))
            .map((slot) => (
              <Card key={`${slate.value?.slate_id} ${slot.slot}`} tutor={tutor} state={state} slate={slate.value as Slate} slot={slot} />
            ))}
        </ul>
      )}
      <details className="quiet">
        <summary>{t.home.why}</summary>
        <p>{t.home.whyText(Math.round(100 * ((slate.kind === 'ready' ? slate.value?.explore_rate : null) ?? EXPLORE_RATE)))}</p>
      </details>
      <Difficulty tutor={tutor} />
    </section>
  );
}
