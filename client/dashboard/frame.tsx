import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';
import { enStaff, type StaffWords } from '#client/i18n/en-staff.ts';
import { koStaff } from '#client/i18n/ko-staff.ts';
import type { LanguageTag } from '#client/i18n/language.tsx';
import { type Me, type StaffApi, StaffFault } from '#client/ports/staff-api.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { remembered } from '#shared/domain/remembered.ts';

/** What every staff page is given. */
export interface Desk {
  readonly api: StaffApi;
  readonly me: Me;
  readonly language: LanguageTag;
  readonly words: StaffWords;
  /** Ask anew who is signed in. */
  readonly refresh: () => void;
}

const DeskContext = createContext<Desk | null>(null);

/** Gives the pages their desk. */
export const DeskProvider = DeskContext.Provider;

/** The desk of a page. @throws Error outside a DeskProvider */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('useDesk needs a DeskProvider');
  return desk;
}

/** Texts of the staff pages in a language. */
export const staffWords = (language: LanguageTag): StaffWords => (language === 'ko' ? koStaff : enStaff);

/** What a fault means to the person who met it. */
export function faultText(words: StaffWords, fault: unknown): string {
  const kind = fault instanceof StaffFault ? fault.kind : 'unknown';
  const known = (words.fault as Readonly<Record<string, unknown>>)[kind];
  return typeof known === 'string' ? known : words.fault.other(kind);
}

/** Something read from the server: waiting, there, or failed. */
export type Reading<T> =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'ready'; readonly value: T; readonly fault?: unknown }
  | { readonly kind: 'failed'; readonly fault: unknown };

/** Read now, and again at every event of the server and every half minute. @returns the reading, and what reads anew */
export function useReading<T>(read: () => Promise<T>): readonly [Reading<T>, () => void] {
  const { api, refresh } = useDesk();
  const [reading, setReading] = useState<Reading<T>>({ kind: 'waiting' });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page reads one thing for as long as it is open
  const again = useCallback(() => {
    read().then(
      (value) => setReading({ kind: 'ready', value }),
      (fault: unknown) => {
        if (fault instanceof StaffFault && fault.kind === 'session') refresh();
        // What was read stays on screen, with what is typed there, when a later look fails.
        setReading((before) => (before.kind === 'ready' ? { ...before, fault } : { kind: 'failed', fault }));
      },
    );
  }, [api]);
  useEffect(() => {
    again();
    const stop = api.listen(again);
    const timer = setInterval(again, 30_000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [api, again]);
  return [reading, again];
}

/** Draws a reading in each of its states. */
export function Read<T>({
  reading,
  again,
  children,
}: {
  readonly reading: Reading<T>;
  readonly again: () => void;
  readonly children: (value: T) => ReactNode;
}) {
  const { words } = useDesk();
  if (reading.kind === 'waiting') return <Waiting text={words.loading} />;
  if (reading.kind === 'failed') {
    return (
      <Notice tone="bad">
        <p>{faultText(words, reading.fault)}</p>
        <button type="button" className="button" onClick={again}>
          {words.retry}
        </button>
      </Notice>
    );
  }
  return (
    <>
      {reading.fault !== undefined && <Notice tone="bad">{faultText(words, reading.fault)}</Notice>}
      {children(reading.value)}
    </>
  );
}

/** A page whose first line answers its question. */
export function StaffPage({
  first,
  lead,
  children,
}: {
  readonly first: string;
  readonly lead?: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <main className="staff-page">
      <header>
        <h1>{first}</h1>
        {lead && <p className="quiet">{lead}</p>}
      </header>
      {children}
    </main>
  );
}

/** A table that scrolls by itself on narrow screens. */
export function Table({
  label,
  head,
  rows,
}: {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly ReactNode[])[];
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="wide-table" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((text, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move, and two may bear one name
              <th key={i} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity of their own and never move
            <tr key={i}>
              {cells.map((cell, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <td key={j}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Copies a text, and says whether it could. */
export function CopyButton({ text }: { readonly text: string }) {
  const { words } = useDesk();
  const [said, setSaid] = useState<'copy' | 'copied' | 'notCopied'>('copy');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('copied');
    } catch {
      setSaid('notCopied');
    }
  };
  return (
    <>
      <button type="button" className="button" onClick={() => void copy()}>
        {said === 'copied' ? words.copied : words.copy}
      </button>
      <span role="status">{said === 'notCopied' && words.notCopied}</span>
    </>
  );
}

/** To make one takes longer than to draw a row. */
const formats = new Map<LanguageTag, Intl.DateTimeFormat>();

/** A date and time in the reader's language. */
export const moment = (language: LanguageTag, at: number): string =>
  remembered(formats, language, () => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })).format(at);

/** ε rounded up at the third decimal, never down. */
export const epsilonText = (epsilon: number): string => (Math.ceil(epsilon * 1000 - 1e-9) / 1000).toFixed(3);

/** δ as people write it: 1e-6. */
export const deltaText = (delta: number): string => delta.toExponential();
