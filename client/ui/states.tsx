import type { ReactNode } from 'react';

/** Something is on its way. */
export function Waiting({ text }: { readonly text: string }) {
  return (
    <p className="waiting" role="status">
      {text}
    </p>
  );
}

/** Something the learner should know; `bad` for what went wrong. */
export function Notice({ tone = 'quiet', children }: { readonly tone?: 'quiet' | 'bad'; readonly children: ReactNode }) {
  return (
    <div className={tone === 'bad' ? 'notice bad' : 'notice'} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}
