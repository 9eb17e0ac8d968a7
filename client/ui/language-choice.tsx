import { LANGUAGES, useSpeech } from '#client/i18n/language.tsx';
import { Segments } from './segments.tsx';

/** The language of app and questions, changed on the spot. */
export function LanguageChoice({ hideLegend = false }: { readonly hideLegend?: boolean }) {
  const { t, language, speak } = useSpeech();
  return (
    <Segments
      legend={t.welcome.language}
      hideLegend={hideLegend}
      name="language"
      value={language}
      choices={LANGUAGES.map((l) => ({ value: l.tag, label: l.name }))}
      onChange={speak}
    />
  );
}
