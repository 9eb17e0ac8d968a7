import './question.css';
import { Check, RotateCcw, X } from 'lucide-react';
import { memo, type RefObject } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { Choice } from '#shared/packs/grade.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { ChoiceItem, Item, Option } from '#shared/packs/schema.ts';
import { Arranged, CheckedSteps } from './arranged.tsx';
import { CheckedText, Typed } from './typed.tsx';

interface Props {
  readonly item: Item;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
  readonly fieldFault: string | null;
  readonly inputRef: RefObject<HTMLInputElement | null>;
  /** Options the learner has ruled out; absent where that is not offered. */
  readonly struck?: ReadonlySet<string>;
  readonly onStrike?: (optionId: string) => void;
}

function verdictOf(option: Option, isChosen: boolean): 'key' | 'missed' | null {
  if (option.correct) return 'key';
  return isChosen ? 'missed' : null;
}

function CheckedOption({ option, isChosen, mark }: { readonly option: Option; readonly isChosen: boolean; readonly mark: string }) {
  const { t, language } = useSpeech();
  const verdict = verdictOf(option, isChosen);
  const words = verdict === 'missed' ? t.study.chosenWrong : isChosen ? t.study.chosenRight : t.study.key;
  const text = inLanguage(option.text, language);
  const why = inLanguage(option.why, language);
  return (
    <li className={`option ${verdict ?? ''}`}>
      <span className="mark" aria-hidden="true">
        {verdict === 'key' ? <Check size={15} strokeWidth={2.5} /> : verdict === 'missed' ? <X size={15} strokeWidth={2.5} /> : mark}
      </span>
      <span lang={text.lang}>{text.text}</span>
      {verdict && <span className="verdict">{words}</span>}
      <p className="why" lang={why.lang}>
        {why.text}
      </p>
    </li>
  );
}

const marksOf = (item: ChoiceItem): readonly string[] =>
  item.options.map((_, i) => (item.type === 'truefalse' ? String(i + 1) : String.fromCharCode(65 + i)));

function Options({ item, choice, onChoice, struck, onStrike }: Props & { readonly item: ChoiceItem }) {
  const { t, language } = useSpeech();
  const chosen = choice.kind === 'options' ? choice.ids : [];
  const isMany = item.type === 'multiple';
  const marks = marksOf(item);
  const toggle = (id: string) => {
    const rest = chosen.filter((other) => other !== id);
    if (struck?.has(id)) onStrike?.(id);
    onChoice({ kind: 'options', ids: isMany ? (rest.length < chosen.length ? rest : [...rest, id]) : [id] });
  };
  const strike = (id: string) => {
    if (chosen.includes(id)) onChoice({ kind: 'options', ids: chosen.filter((other) => other !== id) });
    onStrike?.(id);
  };
  return (
    <fieldset>
      <legend className="quiet small" style={{ padding: 0, marginBottom: 8 }}>
        {isMany ? t.study.chooseMany : t.study.chooseOne}
      </legend>
      <div className="options">
        {item.options.map((option, i) => {
          const text = inLanguage(option.text, language);
          const isStruck = struck?.has(option.id) ?? false;
          return (
            <div key={option.id} className="choice" data-struck={isStruck || undefined}>
              <label className={isMany ? 'option many' : 'option'}>
                <input
                  type={isMany ? 'checkbox' : 'radio'}
                  name={item.id}
                  checked={chosen.includes(option.id)}
                  onChange={() => toggle(option.id)}
                />
                <span className="mark" aria-hidden="true">
                  {marks[i]}
                </span>
                <span lang={text.lang}>{text.text}</span>
              </label>
              {onStrike && item.type !== 'truefalse' && (
                <button
                  type="button"
                  className="button plain strike"
                  aria-pressed={isStruck}
                  aria-label={`${isStruck ? t.study.unstrike : t.study.strike}: ${text.text}`}
                  onClick={() => strike(option.id)}
                >
                  {isStruck ? <RotateCcw size={16} strokeWidth={1.75} aria-hidden /> : <X size={16} strokeWidth={1.75} aria-hidden />}
                </button>
              )}
            </div>
          );
        })}
      </div>
    </fieldset>
  );
}

/** The key and every explanation, beside what was answered. */
export const CheckedBody = memo(({ item, choice }: { readonly item: Item; readonly choice: Choice }) => {
  if (!('options' in item)) {
    return item.type === 'order' || item.type === 'match' ? (
      <CheckedSteps item={item} choice={choice} />
    ) : (
      <CheckedText item={item} choice={choice} />
    );
  }
  const chosen = choice.kind === 'options' ? choice.ids : [];
  const marks = marksOf(item);
  return (
    <ul className="options checked">
      {item.options.map((option, i) => (
        <CheckedOption key={option.id} option={option} isChosen={chosen.includes(option.id)} mark={marks[i] ?? ''} />
      ))}
    </ul>
  );
});

/** Where a question is answered: native radio buttons or check boxes, fields, lists to order, pairs to match. */
export function QuestionBody(props: Props) {
  const { item } = props;
  if ('options' in item) return <Options {...props} item={item} />;
  if (item.type === 'order' || item.type === 'match') return <Arranged item={item} choice={props.choice} onChoice={props.onChoice} />;
  return <Typed item={item} choice={props.choice} onChoice={props.onChoice} fieldFault={props.fieldFault} inputRef={props.inputRef} />;
}
