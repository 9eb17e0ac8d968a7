import { Suspense } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { expect, test } from 'vitest';
import { isReadingAhead, page, readAhead } from './page.tsx';

test('a page whose code is there is drawn at once, without a fallback', async () => {
  const Hello = page(async () => ({ name }: { readonly name: string }) => <p>hello {name}</p>);
  await Hello.fetch();
  const container = document.createElement('div');
  const screen = (
    <Suspense fallback="waiting">
      <Hello name="you" />
    </Suspense>
  );
  flushSync(() => createRoot(container).render(screen));
  expect(container.innerHTML).toBe('<p>hello you</p>');
});

test('what is read ahead says so as long as it is read, also when it is missing, and comes one after another', async () => {
  const states: string[] = [];
  const pages = ['a', 'b'].map((name) => ({
    fetch: async () => {
      states.push(`${name} ${isReadingAhead()}`);
      if (name === 'b') throw new TypeError('Failed to fetch dynamically imported module');
    },
  }));
  await expect(readAhead(pages, async () => void states.push('rest'))).rejects.toThrow('Failed to fetch');
  expect(states).toEqual(['rest', 'a true', 'rest', 'b true']);
  expect(isReadingAhead()).toBe(false);
});
