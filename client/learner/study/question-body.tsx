import { Check, X } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { Choice } from '#shared/packs/grade.ts';
import { type Item, inLanguage, type Option } from '#shared/packs/schema.ts';

interface Props {
  readonly item: Item;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
  /** Shows keys and explanations, and takes no more input. */
  readonly isChecked: boolean;
  readonly fieldFault: string | null;
  readonly inputRef: RefObject<HTMLInputElement | null>;
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

function Options({ item, choice, onChoice, isChecked }: Props & { readonly item: Exclude<Item, { type: 'numeric' }> }) {
  const { t, language } = useSpeech();
  const chosen = choice.kind === 'options' ? choice.ids : [];
  const isMany = item.type === 'multiple';
  const marks =
    item.type === 'truefalse' ? item.options.map((_, i) => String(i + 1)) : item.options.map((_, i) => String.fromCharCode(65 + i));
  if (isChecked) {
    return (
      <ul className="options checked">
        {item.options.map((option, i) => (
          <CheckedOption key={option.id} option={option} isChosen={chosen.includes(option.id)} mark={marks[i] ?? ''} />
        ))}
      </ul>
    );
  }
  const toggle = (id: string) => {
    const rest = chosen.filter((other) => other !== id);
    onChoice({ kind: 'options', ids: isMany ? (rest.length < chosen.length ? rest : [...rest, id]) : [id] });
  };
  return (
    <fieldset>
      <legend className="quiet small" style={{ padding: 0, marginBottom: 8 }}>
        {isMany ? t.study.chooseMany : t.study.chooseOne}
      </legend>
      <div className="options">
        {item.options.map((option, i) => {
          const text = inLanguage(option.text, language);
          return (
            <label key={option.id} className={isMany ? 'option many' : 'option'}>
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
          );
        })}
      </div>
    </fieldset>
  );
}

function Typed({
  item,
  choice,
  onChoice,
  isChecked,
  fieldFault,
  inputRef,
}: Props & { readonly item: Extract<Item, { type: 'numeric' }> }): ReactNode {
  const { t, language } = useSpeech();
  const typed = choice.kind === 'text' ? choice.text : '';
  const unit = item.answer.unit ? inLanguage(item.answer.unit, language).text : '';
  if (isChecked) {
    const why = inLanguage(item.why, language);
    return (
      <div className="options checked">
        <div className="option key">
          <span className="mark" aria-hidden="true">
            <Check size={15} strokeWidth={2.5} />
          </span>
          <span className="number">{t.study.numberKey(`${item.answer.value} ${unit}`.trim())}</span>
          <p className="why number">{t.study.numberTyped(typed)}</p>
          <p className="why" lang={why.lang}>
            {why.text}
          </p>
        </div>
      </div>
    );
  }
  return (
    <div className="typed">
      <label htmlFor="typed" className="quiet small">
        {unit ? t.study.unit(unit) : t.study.typeNumber}
      </label>
      <input
        id="typed"
        ref={inputRef}
        inputMode="decimal"
        autoComplete="off"
        value={typed}
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

/** Stem's answers: options as native radio buttons or check boxes, or a text field; after checking, every explanation. */
export function QuestionBody(props: Props) {
  return props.item.type === 'numeric' ? <Typed {...props} item={props.item} /> : <Options {...props} item={props.item} />;
}
