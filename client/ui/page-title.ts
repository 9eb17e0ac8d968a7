import { useEffect } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';

/** The page's title while this screen is open, in the language in use. @param title of the screen; null: the app's name alone */
export function usePageTitle(title: string | null): void {
  const { t } = useSpeech();
  useEffect(() => {
    document.title = title === null ? t.name : `${title} · ${t.name}`;
  }, [title, t]);
}
