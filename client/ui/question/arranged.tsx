import { ArrowDown, ArrowUp, Check, X } from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { type Choice, shuffled } from '#shared/packs/grade.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { Item } from '#shared/packs/schema.ts';

type OrderItem = Extract<Item, { type: 'order' }>;
type MatchItem = Extract<Item, { type: 'match' }>;

interface Props<T> {
  readonly item: T;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
}

function Order({ item, choice, onChoice }: Props<OrderItem>) {
  const { t, language } = useSpeech();
  const ids = choice.kind === 'options' ? choice.ids : [];
  const move = (from: number, by: 1 | -1) => {
    const next = [...ids];
    next.splice(from + by, 0, ...next.splice(from, 1));
    onChoice({ kind: 'options', ids: next });
  };
  return (
    <fieldset>
      <legend className="quiet small" style={{ padding: 0, marginBottom: 8 }}>
        {t.study.putInOrder}
      </legend>
      <ol className="options">
        {ids.map((id, i) => {
          const step = item.steps.find((s) => s.id === id);
          if (!step) return null;
          const { text, lang } = inLanguage(step.text, language);
          return (
            <li key={id} className="choice">
              <span className="option" style={{ cursor: 'default' }}>
                <span className="mark" aria-hidden="true">
                  {i + 1}
                </span>
                <span lang={lang}>{text}</span>
              </span>
              <span className="movers">
                <button
                  type="button"
                  className="button plain strike"
                  aria-label={`${t.study.moveUp}: ${text}`}
                  disabled={i === 0}
                  onClick={() => move(i, -1)}
                >
                  <ArrowUp size={18} strokeWidth={1.75} aria-hidden />
                </button>
                <button
                  type="button"
                  className="button plain strike"
                  aria-label={`${t.study.moveDown}: ${text}`}
                  disabled={i === ids.length - 1}
                  onClick={() => move(i, 1)}
                >
                  <ArrowDown size={18} strokeWidth={1.75} aria-hidden />
                </button>
              </span>
            </li>
          );
        })}
      </ol>
    </fieldset>
  );
}

function Match({ item, choice, onChoice }: Props<MatchItem>) {
  const { t, language } = useSpeech();
  const values = choice.kind === 'filled' ? choice.values : {};
  const rights = shuffled(item.pairs, `${item.id}/right`);
  return (
    <fieldset>
      <legend className="quiet small" style={{ padding: 0, marginBottom: 8 }}>
        {t.study.matchPairs}
      </legend>
      <div className="options">
        {item.pairs.map((pair) => {
          const left = inLanguage(pair.left, language);
          return (
            <label key={pair.id} className="field pairing">
              <span lang={left.lang}>{left.text}</span>
              <select
                value={values[pair.id] ?? ''}
                onChange={(event) => onChoice({ kind: 'filled', values: { ...values, [pair.id]: event.target.value } })}
              >
                <option value="">{t.study.pick}</option>
                {rights.map((right) => (
                  <option key={right.id} value={right.id}>
                    {inLanguage(right.right, language).text}
                  </option>
                ))}
              </select>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** Steps to put in order with up and down buttons, or pairs to match with lists to choose from. */
export function Arranged({ item, ...rest }: Props<OrderItem | MatchItem>): ReactNode {
  return item.type === 'order' ? <Order item={item} {...rest} /> : <Match item={item} {...rest} />;
}

interface Checked {
  readonly id: string;
  readonly isRight: boolean;
  /** One part of a step; the two sides of a pair. */
  readonly parts: readonly { readonly text: string; readonly lang: string }[];
  readonly instead: string | null;
  readonly why: { readonly text: string; readonly lang: string };
}

function checkedParts(item: OrderItem | MatchItem, choice: Choice, language: string): readonly Checked[] {
  if (item.type === 'order') {
    const ids = choice.kind === 'options' ? choice.ids : [];
    return item.steps.map((step, i): Checked => {
      const place = ids.indexOf(step.id);
      const instead = place >= 0 && place !== i ? String(place + 1) : null;
      return {
        id: step.id,
        isRight: place === i,
        parts: [inLanguage(step.text, language)],
        instead,
        why: inLanguage(step.why, language),
      };
    });
  }
  const values = choice.kind === 'filled' ? choice.values : {};
  return item.pairs.map((pair): Checked => {
    const chosen = item.pairs.find((p) => p.id === values[pair.id]);
    const isRight = chosen?.id === pair.id;
    return {
      id: pair.id,
      isRight,
      parts: [inLanguage(pair.left, language), inLanguage(pair.right, language)],
      instead: chosen && !isRight ? inLanguage(chosen.right, language).text : null,
      why: inLanguage(pair.why, language),
    };
  });
}

/** The right order or pairs, what was put instead, and why. */
export function CheckedSteps({ item, choice }: { readonly item: OrderItem | MatchItem; readonly choice: Choice }) {
  const { t, language } = useSpeech();
  return (
    <ol className="options checked">
      {checkedParts(item, choice, language).map(({ id, isRight, parts, instead, why }, i) => (
        <li key={id} className={isRight ? 'option key' : 'option missed'}>
          <span className="mark" aria-hidden="true">
            {isRight ? <Check size={15} strokeWidth={2.5} /> : <X size={15} strokeWidth={2.5} />}
          </span>
          <span>
            {item.type === 'order' && `${i + 1}. `}
            {parts.map(({ text, lang }, k) => (
              <Fragment key={lang + text}>
                {k > 0 && ' → '}
                <span lang={lang}>{text}</span>
              </Fragment>
            ))}
          </span>
          {instead && <span className="verdict">{item.type === 'order' ? t.study.youPlaced(instead) : t.study.youChose(instead)}</span>}
          <p className="why" lang={why.lang}>
            {why.text}
          </p>
        </li>
      ))}
    </ol>
  );
}
