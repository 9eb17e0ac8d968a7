import { useEffect, useRef, useState } from 'react';
import { useQuestionWords } from '#client/i18n/question-words.ts';
import { useLog } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { useAttempt } from '#client/ui/attempt.tsx';
import { LanguageChoice } from '#client/ui/language-choice.tsx';
import { Segments } from '#client/ui/segments.tsx';
import type { Item } from '#shared/packs/schema.ts';

type Attempt = ReturnType<typeof useAttempt>['attempt'];

interface Props {
  readonly tutor: Tutor;
  readonly item: Item;
  readonly onClose: () => void;
  readonly onSuspended: () => void;
}

const FAULTS = ['wrongKey', 'unclear', 'typo', 'other'] as const;

function Note({
  tutor,
  item,
  note,
  attempt,
}: {
  readonly tutor: Tutor;
  readonly item: Item;
  readonly note: string;
  readonly attempt: Attempt;
}) {
  const w = useQuestionWords();
  const [text, setText] = useState(note);
  const [isSaved, setSaved] = useState(false);
  const save = async () => {
    if (await attempt(() => tutor.overlay({ kind: 'item.noted', itemId: item.id, value: text.trim() }))) setSaved(true);
  };
  return (
    <div className="stack">
      <label className="field">
        <span>{w.note}</span>
        <textarea
          rows={3}
          maxLength={4000}
          value={text}
          onChange={(event) => {
            setSaved(false);
            setText(event.target.value);
          }}
        />
      </label>
      <p className="quiet small" role="status">
        {isSaved ? w.saved : w.noteHint}
      </p>
      <button type="button" className="button" disabled={text.trim() === note && !isSaved} onClick={() => void save()}>
        {w.saveNote}
      </button>
    </div>
  );
}

function Felt({ tutor, item, attempt }: { readonly tutor: Tutor; readonly item: Item; readonly attempt: Attempt }) {
  const w = useQuestionWords();
  const [felt, setFelt] = useState<'easy' | 'right' | 'hard' | null>(null);
  const [rating, setRating] = useState<string | null>(null);
  const give = (more: { readonly rating?: number; readonly difficulty_felt?: 'easy' | 'right' | 'hard' }) =>
    void attempt(() => tutor.note([{ kind: 'feedback.given', body: { about: 'item', ref: item.id, ...more } }]));
  return (
    <>
      <Segments
        legend={w.felt}
        name="item-felt"
        value={felt}
        choices={(['easy', 'right', 'hard'] as const).map((value) => ({ value, label: w[value] }))}
        onChange={(value) => {
          setFelt(value);
          give({ difficulty_felt: value });
        }}
      />
      <Segments
        legend={w.rate}
        name="item-rating"
        value={rating}
        choices={['1', '2', '3', '4', '5'].map((value) => ({ value, label: value }))}
        onChange={(value) => {
          setRating(value);
          give({ rating: Number(value) });
        }}
      />
    </>
  );
}

function Report({ tutor, item, attempt }: { readonly tutor: Tutor; readonly item: Item; readonly attempt: Attempt }) {
  const w = useQuestionWords();
  const [fault, setFault] = useState<(typeof FAULTS)[number]>('wrongKey');
  const [more, setMore] = useState('');
  const [isKept, setKept] = useState(false);
  const keep = async () => {
    const value = more.trim() ? `${fault}: ${more.trim()}` : fault;
    if (await attempt(() => tutor.overlay({ kind: 'item.reported', itemId: item.id, value }))) setKept(true);
  };
  if (isKept) {
    return (
      <p className="quiet" role="status">
        {w.reported}
      </p>
    );
  }
  return (
    <details>
      <summary>{w.report}</summary>
      <div className="stack">
        <label className="field">
          <span>{w.reportKind}</span>
          <select value={fault} onChange={(event) => setFault(event.target.value as (typeof FAULTS)[number])}>
            {FAULTS.map((f) => (
              <option key={f} value={f}>
                {w[f]}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{w.reportMore}</span>
          <textarea rows={2} maxLength={1000} value={more} onChange={(event) => setMore(event.target.value)} />
        </label>
        <button type="button" className="button" onClick={() => void keep()}>
          {w.send}
        </button>
      </div>
    </details>
  );
}

/** What can be said about a question, apart from answering it. */
export function QuestionMenu({ tutor, item, onClose, onSuspended }: Props) {
  const w = useQuestionWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const { attempt, told } = useAttempt();
  const row = useLog((reader) => reader.get('items', [tutor.packId, item.id]), `${tutor.packId} ${item.id}`);
  useEffect(() => dialog.current?.showModal(), []);
  const mine = row.kind === 'ready' ? row.value : undefined;
  const isBookmarked = mine?.bookmarked ?? false;
  const suspend = async () => {
    if (await attempt(() => tutor.overlay({ kind: 'item.suspended', itemId: item.id, value: true }))) onSuspended();
  };
  return (
    <dialog ref={dialog} className="sheet" onClose={onClose} aria-labelledby="question-menu">
      <div className="stack">
        <h2 id="question-menu">{w.title}</h2>
        {told && <div className="told">{told}</div>}
        <button
          type="button"
          className="button wide"
          aria-pressed={isBookmarked}
          onClick={() => void attempt(() => tutor.overlay({ kind: 'item.bookmarked', itemId: item.id, value: !isBookmarked }))}
        >
          {isBookmarked ? w.unbookmark : w.bookmark}
        </button>
        <Felt tutor={tutor} item={item} attempt={attempt} />
        {row.kind === 'ready' && <Note key={item.id} tutor={tutor} item={item} note={mine?.note ?? ''} attempt={attempt} />}
        <Report tutor={tutor} item={item} attempt={attempt} />
        <button type="button" className="button wide" onClick={() => void suspend()}>
          {w.suspend}
        </button>
        <p className="quiet small">{w.suspendHint}</p>
        <LanguageChoice />
        <p className="quiet small">
          {w.licence}: {item.licence ?? tutor.course.pack.manifest.licence}. {tutor.course.pack.manifest.attribution}
        </p>
        <p className="quiet small">{w.confidence}</p>
        <p className="keys quiet small">{w.keys}</p>
        <button type="button" className="button primary wide" onClick={() => dialog.current?.close()}>
          {w.close}
        </button>
      </div>
    </dialog>
  );
}
