import type { Messages } from '#client/i18n/en.ts';
import { LanguageProvider, useSpeech } from '#client/i18n/language.tsx';
import type { Appearance } from '#client/ports/look.ts';
import { Notice } from '#client/ui/states.tsx';

type CannotKind = 'newer-version' | 'full' | 'interrupted' | 'blocked' | 'superseded' | 'unknown' | 'offline';

/** Shown when the app cannot open its own data: what happened, what is safe, what to do. */
export function CannotOpen({
  kind,
  language,
  messages,
}: {
  readonly kind: CannotKind;
  readonly language: Appearance['language'];
  readonly messages: Messages;
}) {
  return (
    <LanguageProvider language={language} t={messages}>
      <CannotOpenText kind={kind} />
    </LanguageProvider>
  );
}

function CannotOpenText({ kind }: { readonly kind: CannotKind }) {
  const { t } = useSpeech();
  return (
    <main className="page bare">
      <h1>{kind === 'offline' ? t.fault.title : kind === 'superseded' ? t.fault.elsewhere : t.storageFault.heading}</h1>
      <Notice tone="bad">{kind === 'offline' ? t.fault.offline : kind === 'superseded' ? t.fault.superseded : t.storageFault[kind]}</Notice>
      <button type="button" className="button primary" onClick={() => location.reload()}>
        {t.common.reload}
      </button>
    </main>
  );
}
