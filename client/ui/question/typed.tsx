import { Check, X } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { type Choice, foldTerm } from '#shared/packs/grade.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { Item } from '#shared/packs/schema.ts';

type TypedItem = Extract<Item, { type: 'numeric' | 'short' | 'cloze' }>;

interface Props {
  readonly item: TypedItem;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
  readonly fieldFault: string | null;
  readonly inputRef: RefObject<HTMLInputElement | null>;
}

/** An item's question in a language, its gaps drawn as numbered blanks. */
export function stemOf(item: Item, language: string): { readonly text: string; readonly lang: string } {
  const { text, lang } = inLanguage(item.stem, language);
  if (item.type !== 'cloze') return { text, lang };
  const number = (id: string) => item.gaps.findIndex((gap) => gap.id === id) + 1;
  return { text: text.replace(/\{\{([^}]+)\}\}/g, (_, id: string) => `[${'\u2007'}${number(id)}${'\u2007'}]`), lang };
}

/** Fields to type an answer into: one, or one for each gap. */
export function Typed({ item, choice, onChoice, fieldFault, inputRef }: Props): ReactNode {
  const { t, language } = useSpeech();
  if (item.type === 'cloze') {
    const values = choice.kind === 'filled' ? choice.values : {};
    return (
      <div className="typed">
        {item.gaps.map((gap, i) => (
          <label key={gap.id} className="field">
            <span className="quiet small">{t.study.gap(i + 1)}</span>
            <input
              type="text"
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              value={values[gap.id] ?? ''}
              onChange={(event) => onChoice({ kind: 'filled', values: { ...values, [gap.id]: event.target.value } })}
            />
          </label>
        ))}
      </div>
    );
  }
  const unit = item.type === 'numeric' && item.answer.unit ? inLanguage(item.answer.unit, language).text : '';
  return (
    <div className="typed">
      <label htmlFor="typed" className="quiet small">
        {item.type === 'short' ? t.study.typeTerm : unit ? t.study.unit(unit) : t.study.typeNumber}
      </label>
      <input
        id="typed"
        ref={inputRef}
        type="text"
        inputMode={item.type === 'numeric' ? 'decimal' : 'text'}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        value={choice.kind === 'text' ? choice.text : ''}
        aria-invalid={fieldFault !== null}
        aria-describedby={fieldFault ? 'typed-fault' : undefined}
        onChange={(event) => onChoice({ kind: 'text', text: event.target.value })}
      />
      {fieldFault && (
        <p id="typed-fault" role="alert" style={{ color: 'var(--wrong)' }}>
          {fieldFault}
        </p>
      )}
    </div>
  );
}

function Row({
  isRight,
  head,
  typed,
  why,
}: {
  readonly isRight: boolean;
  readonly head: ReactNode;
  readonly typed: string;
  readonly why?: ReactNode;
}) {
  const { t } = useSpeech();
  return (
    <li className={isRight ? 'option key' : 'option missed'}>
      <span className="mark" aria-hidden="true">
        {isRight ? <Check size={15} strokeWidth={2.5} /> : <X size={15} strokeWidth={2.5} />}
      </span>
      <span className="number">{head}</span>
      <p className="why number">{typed === '' ? t.study.leftOpen : t.study.numberTyped(typed)}</p>
      {why}
    </li>
  );
}

const isAmong = (accepted: readonly string[], typed: string): boolean => accepted.some((a) => foldTerm(a) === foldTerm(typed));

/** What a typed answer should have been, and why. */
export function CheckedText({ item, choice }: { readonly item: TypedItem; readonly choice: Choice }) {
  const { t, language } = useSpeech();
  const { text, lang } = inLanguage(item.why, language);
  const why = (
    <p className="why" lang={lang}>
      {text}
    </p>
  );
  if (item.type === 'cloze') {
    const values = choice.kind === 'filled' ? choice.values : {};
    return (
      <>
        <ul className="options checked">
          {item.gaps.map((gap, i) => {
            const typed = values[gap.id] ?? '';
            return (
              <Row
                key={gap.id}
                isRight={isAmong(gap.accepted, typed)}
                head={<span translate="no">{`${i + 1}. ${accepted(gap.accepted, language)}`}</span>}
                typed={typed}
              />
            );
          })}
        </ul>
        <div className="explained">{why}</div>
      </>
    );
  }
  const typed = choice.kind === 'text' ? choice.text : '';
  const unit = item.type === 'numeric' && item.answer.unit ? inLanguage(item.answer.unit, language).text : '';
  const key = item.type === 'numeric' ? `${item.answer.value} ${unit}`.trim() : accepted(item.answer.accepted, language);
  return (
    <ul className="options checked">
      <Row isRight head={t.study.numberKey(key)} typed={typed} why={why} />
    </ul>
  );
}

const HANGUL = /[가-힣]/;

/** Up to two accepted spellings that differ in more than case or spaces, those in the reader's script first. */
function accepted(all: readonly string[], language: string): string {
  const seen = new Set<string>();
  const distinct = all.filter((a) => {
    const key = foldTerm(a).replaceAll(' ', '');
    return !seen.has(key) && seen.add(key);
  });
  const isOwn = (text: string) => HANGUL.test(text) === (language === 'ko');
  return [...distinct.filter(isOwn), ...distinct.filter((text) => !isOwn(text))].slice(0, 2).join(' · ');
}
