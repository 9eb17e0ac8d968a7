import { type ComponentType, createElement, lazy, type ReactNode, useState } from 'react';

/** A screen whose code is fetched when it is first opened. */
export interface Page<Props> {
  (props: Props): ReactNode;
  /** Fetches the code ahead; a screen that has it is drawn at once, where React would show the waiting text for 300 ms. */
  fetch(): Promise<unknown>;
}

let ahead = 0;

/** Whether code is being read that no screen waits for. */
export const isReadingAhead = (): boolean => ahead > 0;

/** Fetches pages that may be opened later, one after another. @param rest waits until the page has nothing better to do */
export async function readAhead(pages: readonly Pick<Page<never>, 'fetch'>[], rest: () => Promise<void>): Promise<void> {
  for (const each of pages) {
    await rest();
    ahead += 1;
    try {
      await each.fetch();
    } finally {
      ahead -= 1;
    }
  }
}

type Code = <Props>() => ComponentType<Props>;

/** What its code was when it came on screen, as long as it is there: another type would be another screen, with nothing of its state. */
function Drawn({ code, given }: { readonly code: Code; readonly given: object }) {
  const [type] = useState(() => code());
  return createElement(type, given);
}

/** A page of its own chunk. */
export function page<Props extends object>(load: () => Promise<ComponentType<Props>>): Page<Props> {
  let loaded: ComponentType<Props> | null = null;
  const fetch = async () => {
    loaded ??= await load();
    return loaded;
  };
  const fetched = lazy(async () => ({ default: await fetch() }));
  const code: Code = () => (loaded ?? fetched) as never;
  return Object.assign((props: Props) => createElement(Drawn, { code, given: props }), { fetch });
}
