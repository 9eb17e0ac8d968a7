import { unreachable } from '../domain/result.ts';
import { inLanguage } from './localised.ts';
import type { Item, Localised, Pack } from './schema.ts';

type Speak = (texts: Localised) => string;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Text as HTML shows it; line ends stay. */
const shown = (text: string): string => text.replace(/[&<>]/g, (c) => ENTITIES[c] ?? c).replace(/\r?\n/g, '<br>');
const list = (kind: 'ul' | 'ol', entries: readonly string[]): string =>
  `<${kind}>${entries.map((e) => `<li>${e}</li>`).join('')}</${kind}>`;
/** A field that may hold anything: quoted, quotes doubled, tabs as spaces. */
const field = (html: string): string => `"${html.replaceAll('\t', ' ').replaceAll('"', '""')}"`;

function front(item: Item, say: Speak): string {
  const stem = shown(say(item.stem));
  switch (item.type) {
    case 'single':
    case 'multiple':
    case 'truefalse':
      return (
        stem +
        list(
          'ul',
          item.options.map((o) => shown(say(o.text))),
        )
      );
    case 'cloze':
      return item.gaps.reduce((text, gap, i) => text.replaceAll(`{{${gap.id}}}`, `[ ${i + 1} ]`), stem);
    case 'order':
      // by name: as given they would tell the answer
      return stem + list('ul', item.steps.map((s) => shown(say(s.text))).sort());
    case 'match':
      return (
        stem +
        list(
          'ul',
          item.pairs.map((p) => shown(say(p.left))),
        ) +
        list('ul', item.pairs.map((p) => shown(say(p.right))).sort())
      );
    case 'numeric':
    case 'short':
      return stem;
    default:
      return unreachable(item);
  }
}

/** The key, then why; for options, why of each. */
function back(item: Item, say: Speak): string {
  switch (item.type) {
    case 'single':
    case 'multiple':
    case 'truefalse':
      return list(
        'ul',
        item.options.map((o) => `${o.correct ? '✓' : '✗'} <b>${shown(say(o.text))}</b> ${shown(say(o.why))}`),
      );
    case 'cloze':
      return `${list(
        'ol',
        item.gaps.map((gap) => shown(gap.accepted[0] ?? '')),
      )}${shown(say(item.why))}`;
    case 'order':
      return list(
        'ol',
        item.steps.map((s) => `<b>${shown(say(s.text))}</b> ${shown(say(s.why))}`),
      );
    case 'match':
      return list(
        'ul',
        item.pairs.map((p) => `<b>${shown(say(p.left))} – ${shown(say(p.right))}</b> ${shown(say(p.why))}`),
      );
    case 'numeric':
      return `<b>${item.answer.value}${item.answer.unit ? ` ${shown(say(item.answer.unit))}` : ''}</b><br>${shown(say(item.why))}`;
    case 'short':
      return `<b>${shown(item.answer.accepted[0] ?? '')}</b><br>${shown(say(item.why))}`;
    default:
      return unreachable(item);
  }
}

/**
 * The questions of a pack as a text file that Anki imports: Basic notes of three fields (question, answer, tags), tab-separated, HTML.
 * Retired items are left out. Format: https://docs.ankiweb.net/importing/text-files.html
 *
 * @param language in which the pack speaks, where it has it
 * @param notes the learner's own note by item id: last on the back
 */
export function ankiText({ manifest, items }: Pack, language: string, notes: ReadonlyMap<string, string>): string {
  const say: Speak = (texts) => inLanguage(texts, language).text;
  const deck = say(manifest.title).replace(/\s+/g, ' ');
  const lines = items
    .filter((item) => item.status !== 'retired')
    .map((item) => {
      const note = notes.get(item.id);
      const source = `<small>${shown(manifest.attribution)} ${shown(item.licence ?? manifest.licence)}</small>`;
      const answer = [back(item, say), ...(note ? [`<p>${shown(note)}</p>`] : []), source].join('<br>');
      return [field(front(item, say)), field(answer), field([...item.topics, item.type].join(' '))].join('\t');
    });
  return ['#separator:tab', '#html:true', '#notetype:Basic', `#deck:${deck}`, '#tags column:3', ...lines, ''].join('\n');
}
