import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { below } from '../maths/rng.ts';
import { forAll } from '../testing/for-all.ts';
import { packTexts, sampleManifest, samplePack } from '../testing/sample-pack.ts';
import { ankiText } from './anki-text.ts';
import { buildEgpack, EGPACK_LIMITS, readEgpack } from './egpack.ts';
import { choiceFromList, choiceToList, emptyChoice, grade, isComplete, parseTypedNumber, rightChoice, shuffled } from './grade.ts';
import type { Item, Pack } from './schema.ts';
import { validatePack } from './validate.ts';

function files(pack: Pack): Record<string, Uint8Array> {
  const { manifest, items } = packTexts(pack);
  return { 'manifest.json': strToU8(manifest), 'items.jsonl': strToU8(items), 'CHANGELOG.md': strToU8('# Changes') };
}

const problemsOf = (manifest: unknown, items: readonly unknown[]): string => {
  const result = validatePack(JSON.stringify(manifest), items.map((i) => JSON.stringify(i)).join('\n'));
  if (result.ok) return 'valid';
  return result.fault.kind === 'invalid' ? result.fault.problems.map((p) => `${p.place} ${p.message}`).join('\n') : result.fault.kind;
};

/** Fields of a tab-separated line whose fields are quoted, quotes doubled. */
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"]|"")*)"(?:\t|$)/g)].map(([, text]) => (text ?? '').replaceAll('""', '"'));

describe('a text file for Anki', () => {
  const [it] = ['it-fundamentals'].map((name): Pack => {
    const at = (file: string) => readFileSync(fileURLToPath(new URL(`../../public/packs/${name}/${file}`, import.meta.url)), 'utf8');
    return {
      manifest: JSON.parse(at('manifest.json')),
      items: at('items.jsonl')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    };
  }) as [Pack];

  test.each(['ko', 'en'])('holds every question once: question, key with its reason and the source, topic as tag (%s)', (language) => {
    const lines = ankiText(it, language, new Map()).trimEnd().split('\n');
    expect(lines.slice(0, 5)).toEqual([
      '#separator:tab',
      '#html:true',
      '#notetype:Basic',
      `#deck:${it.manifest.title[language]}`,
      '#tags column:3',
    ]);
    const notes = lines.slice(5).map(fieldsOf);
    expect(notes).toHaveLength(it.items.length);
    for (const [i, item] of it.items.entries()) {
      const [front, back, tags] = notes[i] as [string, string, string];
      expect(notes[i], item.id).toHaveLength(3);
      expect(tags.split(' ')).toContain(item.topics[0]);
      expect(back).toContain(it.manifest.licence);
      const key = 'options' in item ? item.options.find((o) => o.correct)?.text[language] : undefined;
      if (key) expect(back, item.id).toContain(`✓ <b>${key.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</b>`);
      if (item.type === 'cloze') expect(front.match(/\[ \d \]/g), item.id).toHaveLength(item.gaps.length);
    }
  });

  test('shows markup, tabs and quotes as they were written, and the learner’s own note last', () => {
    const pack = samplePack(2);
    const [first, ...rest] = pack.items as [Item, ...Item[]];
    const wild = { ...first, licence: 'CC-BY-SA-3.0', stem: { ko: '<b>"굵게"</b>\t&\n다음 줄', en: 'x' } };
    const line = ankiText({ ...pack, items: [wild, ...rest] }, 'ko', new Map([[first.id, '<내 메모>']])).split('\n')[5] ?? '';
    const [front, back] = fieldsOf(line) as [string, string];
    expect(front).toContain('&lt;b&gt;"굵게"&lt;/b&gt; &amp;<br>다음 줄');
    expect(back.indexOf('&lt;내 메모&gt;')).toBeGreaterThan(back.indexOf('Why'));
    expect(back).not.toContain('<내');
    expect(back).toContain('CC-BY-SA-3.0');
  });
});

describe('the validator', () => {
  const pack = samplePack(12);
  const [first] = pack.items as [Extract<Item, { type: 'single' }>];
  const broken = (change: object) => problemsOf(pack.manifest, [{ ...first, ...change }, ...pack.items.slice(1)]);

  test('accepts a pack that keeps every rule', () => {
    expect(problemsOf(pack.manifest, pack.items)).toBe('valid');
  });

  test.each([
    ['no key', { options: first.options.map((o) => ({ ...o, correct: false })) }, 'exactly one option must be correct, found 0'],
    ['two keys', { options: first.options.map((o) => ({ ...o, correct: true })) }, 'found 4'],
    ['an option without explanation', { options: first.options.map(({ why: _, ...o }) => o) }, 'options.0.why'],
    ['a missing language', { stem: { en: 'Only English?' } }, 'translated into ko'],
    ['an unknown topic', { topics: ['nowhere'] }, 'unknown topic "nowhere"'],
    ['a difficulty out of range', { difficulty: 1.5 }, 'difficulty'],
    ['no reference', { references: [] }, 'references'],
    ['a doubled option id', { options: first.options.map((o) => ({ ...o, id: 'a' })) }, 'share an id'],
    ['an unknown field', { script: 'alert(1)' }, 'script'],
    ['an unknown type', { type: 'essay' }, 'items.jsonl:1'],
  ])('names the place of %s', (_, change, words) => {
    expect(broken(change)).toContain(words);
    expect(broken(change)).toContain('items.jsonl:1');
  });

  test('two items may not share an id, and the count must be as declared', () => {
    expect(problemsOf(pack.manifest, [...pack.items, first])).toContain('used twice');
    expect(problemsOf(sampleManifest(13), pack.items)).toContain('itemCount says 13, items.jsonl holds 12');
  });

  test('topic weights sum to 1, and requirements exist', () => {
    const [a, b] = pack.manifest.topics;
    expect(problemsOf({ ...pack.manifest, topics: [a, { ...b, weight: 0.3 }] }, pack.items)).toContain('sum to 0.9');
    expect(problemsOf({ ...pack.manifest, topics: [a, { ...b, requires: ['z'] }] }, pack.items)).toContain('requires unknown "z"');
  });

  test('a format from the future is named as such, not as broken', () => {
    expect(problemsOf({ schemaVersion: 2, somethingNew: true }, [])).toBe('newer-format');
    expect(problemsOf('no object', [])).toContain('manifest.json');
  });
});

describe('an .egpack file', () => {
  const pack = samplePack(12);

  test('is read as it was written, and the same files give the same bytes', () => {
    const bytes = buildEgpack(files(pack));
    const read = readEgpack(bytes);
    expect(read.ok && read.value.items).toEqual(pack.items);
    expect(buildEgpack(files(pack))).toEqual(bytes);
  });

  test('is refused when a file has no checksum', () => {
    const bytes = zipSync({ 'manifest.json': strToU8(packTexts(pack).manifest), 'items.jsonl': strToU8(packTexts(pack).items) });
    expect(readEgpack(bytes)).toMatchObject({ ok: false, fault: { kind: 'not-a-pack', detail: 'items.jsonl has no checksum' } });
  });

  test('is refused when a file differs from its checksum', () => {
    const text = packTexts({ ...pack, manifest: { ...pack.manifest, sha256: { 'items.jsonl': '0'.repeat(64) } } });
    const bytes = zipSync({ 'manifest.json': strToU8(text.manifest), 'items.jsonl': strToU8(text.items) });
    expect(readEgpack(bytes)).toMatchObject({ ok: false, fault: { kind: 'not-a-pack', detail: expect.stringContaining('checksum') } });
  });

  test.each(['../evil.json', '/etc/passwd', 'media/../../x', 'media/a/b.png', 'run.exe', 'media\\x'])(
    'is refused for an entry named %s',
    (name) => {
      expect(readEgpack(zipSync({ ...files(pack), [name]: strToU8('x') }))).toMatchObject({ ok: false, fault: { kind: 'too-big' } });
    },
  );

  test('is refused when it would unpack to more than a hundred times itself', () => {
    const bomb = zipSync({ 'media/zeros.bin': new Uint8Array(30_000_000) });
    expect(bomb.length * EGPACK_LIMITS.ratio).toBeLessThan(30_000_000);
    expect(readEgpack(bomb)).toMatchObject({ ok: false, fault: { kind: 'too-big' } });
  });

  test('is refused with too many entries', () => {
    const many = Object.fromEntries(Array.from({ length: EGPACK_LIMITS.entries + 1 }, (_, i) => [`media/${i}`, new Uint8Array(1)]));
    expect(readEgpack(zipSync(many, { level: 0 }))).toMatchObject({ ok: false, fault: { kind: 'too-big' } });
  });

  forAll('cut or flipped bytes give a fault or a whole pack, never an exception', (rng) => {
    const bytes = buildEgpack(files(pack));
    const cut = bytes.slice(0, below(bytes.length, rng));
    const flipped = bytes.slice();
    const at = below(bytes.length, rng);
    flipped[at] = (flipped[at] ?? 0) ^ (1 + below(255, rng));
    expect(readEgpack(cut).ok).toBe(false);
    expect(readEgpack(flipped)).toBeDefined();
  });
});

describe('marking', () => {
  const single = samplePack(12).items[2] as Extract<Item, { type: 'single' }>;
  const multiple: Item = {
    ...single,
    type: 'multiple',
    options: single.options.map((o) => ({ ...o, correct: o.id === 'a' || o.id === 'c' })),
  };
  const numeric: Item = { ...(samplePack(12).items[5] as Extract<Item, { type: 'numeric' }>), answer: { value: 1024, tolerance: 0.5 } };
  const ids = (...chosen: string[]) => ({ kind: 'options' as const, ids: chosen });
  const typed = (text: string) => ({ kind: 'text' as const, text });

  test('a single choice is right for its key alone', () => {
    expect(grade(single, ids('c'))).toBe(1);
    expect(grade(single, ids('a'))).toBe(0);
    expect(isComplete(single, ids())).toBe(false);
  });

  test('a multiple choice needs exactly its keys', () => {
    expect(grade(multiple, ids('c', 'a'))).toBe(1);
    expect(grade(multiple, ids('a'))).toBe(0);
    expect(grade(multiple, ids('a', 'b', 'c'))).toBe(0);
  });

  test.each([
    ['1024', 1],
    ['1,024', 1],
    ['１０２４', 1],
    [' 1024.4 ', 1],
    ['1024,4', 1],
    ['1025', 0],
    ['−1024', 0],
  ])('a typed %j is marked %i', (text, mark) => {
    expect(grade(numeric, typed(text))).toBe(mark);
  });

  test('a bound is met where binary fractions would miss it', () => {
    expect(grade({ ...numeric, answer: { value: 0.3, tolerance: 0.1 } } as Item, typed('0.4'))).toBe(1);
  });

  test.each(['', 'abc', '1e3', '12 apples', '--1', '1.2.3'])('%j is no number', (text) => {
    expect(parseTypedNumber(text)).toBeNaN();
    expect(isComplete(numeric, typed(text))).toBe(false);
  });
});

describe('typed, filled and arranged answers', () => {
  const numeric = samplePack(12).items[5] as Extract<Item, { type: 'numeric' }>;
  const typed = (text: string) => ({ kind: 'text' as const, text });
  const texts = { ko: 'ㄱ', en: 'a' };
  const short = { ...numeric, type: 'short', answer: { accepted: ['Cache', '캐시'] } } as unknown as Item;
  const cloze = {
    ...numeric,
    type: 'cloze',
    stem: { ko: '{{one}} {{two}}', en: '{{one}} {{two}}' },
    gaps: [
      { id: 'one', accepted: ['TCP'] },
      { id: 'two', accepted: ['port', '포트'] },
    ],
  } as unknown as Item;
  const parts = ['p', 'q', 'r', 's'].map((id) => ({ id, text: texts, left: texts, right: texts, why: texts }));
  const order = { ...numeric, type: 'order', steps: parts } as unknown as Item;
  const match = { ...numeric, type: 'match', pairs: parts } as unknown as Item;
  const filled = (values: Record<string, string>) => ({ kind: 'filled', values }) as const;

  test.each(['cache', ' CACHE ', 'ｃａｃｈｅ', '캐시', '캐시.', '캐시'])(
    '%j is the term, whatever its case, width or composition',
    (text) => {
      expect(grade(short, typed(text))).toBe(1);
    },
  );

  test.each(['', 'cash', 'cache memory', '캐 시'])('%j is another term', (text) => {
    expect(grade(short, typed(text))).toBe(0);
  });

  test('every gap must be filled and right', () => {
    expect(grade(cloze, filled({ one: 'tcp', two: '포트' }))).toBe(1);
    expect(grade(cloze, filled({ one: 'tcp', two: 'socket' }))).toBe(0);
    expect(isComplete(cloze, filled({ one: 'tcp', two: ' ' }))).toBe(false);
    expect(isComplete(cloze, filled({ one: 'x', two: 'y' }))).toBe(true);
  });

  test('one order is right, and the app never shows it first', () => {
    expect(grade(order, { kind: 'options', ids: ['p', 'q', 'r', 's'] })).toBe(1);
    expect(grade(order, { kind: 'options', ids: ['q', 'p', 'r', 's'] })).toBe(0);
    for (let seed = 0; seed < 200; seed++) expect(shuffled(parts, `item-${seed}`).map((s) => s.id)).not.toEqual(['p', 'q', 'r', 's']);
    expect(shuffled(parts, 'x')).toEqual(shuffled(parts, 'x'));
  });

  test('each left side needs its own right side', () => {
    expect(grade(match, filled({ p: 'p', q: 'q', r: 'r', s: 's' }))).toBe(1);
    expect(grade(match, filled({ p: 'q', q: 'p', r: 'r', s: 's' }))).toBe(0);
    expect(isComplete(match, filled({ p: 'p' }))).toBe(false);
  });

  test('a gap that its text lacks, or an option id given twice, is refused', () => {
    const pack = samplePack();
    const broken = { ...cloze, id: 'item-0', topics: ['a'], stem: { ko: '{{one}}', en: '{{one}}' } } as unknown as Item;
    const twice = { ...order, id: 'item-0', topics: ['a'], steps: [parts[0], parts[0]] } as unknown as Item;
    for (const bad of [broken, twice]) {
      const { manifest, items } = packTexts({ ...pack, items: [bad, ...pack.items.slice(1)] });
      expect(validatePack(manifest, items).ok).toBe(false);
    }
  });
});

describe('the starter pack', () => {
  const folder = fileURLToPath(new URL('../../public/packs/it-fundamentals/', import.meta.url));
  const result = validatePack(readFileSync(`${folder}manifest.json`, 'utf8'), readFileSync(`${folder}items.jsonl`, 'utf8'));
  const items = result.ok ? result.value.items : [];
  const singles = items.filter((i) => i.type === 'single');

  test('keeps every rule of the validator: 240 items, 30 a topic, each text in Korean and English', () => {
    expect(result.ok).toBe(true);
    expect(items).toHaveLength(240);
    const perTopic = (id: string) => items.filter((i) => i.topics[0] === id).length;
    expect(result.ok && result.value.manifest.topics.map((t) => perTopic(t.id))).toEqual(Array.from({ length: 8 }, () => 30));
    expect(result.ok && result.value.manifest.languages).toEqual(['ko', 'en']);
  });

  test('spreads difficulty over 0.2 to 0.9 in every topic', () => {
    for (const topic of new Set(items.map((i) => i.topics[0]))) {
      const own = items.filter((i) => i.topics[0] === topic).map((i) => i.difficulty);
      expect([Math.min(...own) <= 0.3, Math.max(...own) >= 0.75], topic).toEqual([true, true]);
      expect([Math.min(...own) >= 0.2, Math.max(...own) <= 0.9], topic).toEqual([true, true]);
    }
    for (const [low, high] of [
      [0.2, 0.4],
      [0.4, 0.6],
      [0.6, 0.91],
    ] as const)
      expect(items.filter((i) => i.difficulty >= low && i.difficulty < high).length).toBeGreaterThanOrEqual(48);
  });

  test('asks in all eight ways', () => {
    for (const type of ['single', 'multiple', 'truefalse', 'numeric', 'short', 'cloze', 'order', 'match'])
      expect(items.filter((i) => i.type === type).length, type).toBeGreaterThanOrEqual(8);
  });

  test('has no question twice, and none with two options alike', () => {
    for (const language of ['ko', 'en']) {
      expect(new Set(items.map((i) => i.stem[language])).size).toBe(items.length);
      for (const i of singles) expect(new Set(i.options.map((o) => o.text[language])).size, i.id).toBe(i.options.length);
    }
  });

  test('holds true as often as false', () => {
    const pairs = items.filter((i) => i.type === 'truefalse');
    const isTrue = pairs.filter((i) => i.options.find((o) => o.id === 'true')?.correct).length;
    expect(Math.abs(isTrue / pairs.length - 0.5)).toBeLessThan(0.2);
  });

  test('gives a right answer full marks and an empty one none, whatever the kind', () => {
    for (const item of items) {
      expect(grade(item, rightChoice(item)), item.id).toBe(1);
      expect(grade(item, choiceFromList(item, choiceToList(rightChoice(item)))), item.id).toBe(1);
      expect(grade(item, emptyChoice(item)), item.id).toBe(0);
    }
  });

  test('gives no key away by its position', () => {
    const counts = [0, 1, 2, 3].map((k) => singles.filter((i) => i.options.findIndex((o) => o.correct) === k).length);
    for (const count of counts) expect(Math.abs(count / singles.length - 0.25)).toBeLessThan(0.08);
  });

  test.each(['ko', 'en'])(
    'gives no key away by its length: where one option is the longest, it is the key neither more nor less than others (%s)',
    (language) => {
      const told = singles.flatMap((i) => {
        const lengths = i.options.map((o) => (o.text[language] ?? '').length);
        const most = Math.max(...lengths);
        return lengths.filter((l) => l === most).length === 1 ? [i.options[lengths.indexOf(most)]?.correct === true] : [];
      });
      const share = told.filter(Boolean).length / told.length;
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.35);
    },
  );
});
