import type { Item, Manifest, Pack } from '../packs/schema.ts';

const both = (text: string) => ({ ko: `${text} (한국어)`, en: text });

/** A small synthetic pack: topics a and b (b requires a), `n` items in turn, most single choice, the key moving round. */
export function samplePack(n = 12): Pack {
  const items = Array.from({ length: n }, (_, i): Item => {
    const common = {
      id: `item-${i}`,
      version: 1,
      topics: [i % 2 === 0 ? 'a' : 'b'],
      difficulty: 0.2 + 0.7 * ((i * 7) % n) * (1 / n),
      stem: both(`Question ${i}?`),
      references: [{ title: 'RFC 791' }],
      status: 'active' as const,
    };
    if (i % 6 === 5) return { ...common, type: 'numeric', answer: { value: i, tolerance: 0 }, why: both('Because.') };
    const options = [0, 1, 2, 3].map((k) => ({
      id: 'abcd'[k] ?? 'a',
      text: both(`Option ${k}`),
      correct: k === i % 4,
      why: both(`Why ${k}.`),
    }));
    return { ...common, type: 'single', options };
  });
  return { manifest: sampleManifest(n), items };
}

/** The manifest of a synthetic pack with `n` items. */
export function sampleManifest(n: number): Manifest {
  return {
    schemaVersion: 1,
    id: '11111111-2222-4333-8444-555555555555',
    version: '1.2.3',
    title: both('Sample'),
    description: both('A sample.'),
    exam: { questions: 10, minutes: 10 },
    topics: [
      { id: 'a', title: both('Topic A'), weight: 0.6, requires: [] },
      { id: 'b', title: both('Topic B'), weight: 0.4, requires: ['a'] },
    ],
    languages: ['ko', 'en'],
    licence: 'CC-BY-4.0',
    attribution: 'Sample authors',
    authors: ['Sample authors'],
    sources: ['Made up'],
    minAppVersion: '0.1.0',
    itemCount: n,
    sha256: {},
  };
}

/** The two texts of a pack's folder. */
export function packTexts(pack: Pack): { readonly manifest: string; readonly items: string } {
  return { manifest: JSON.stringify(pack.manifest), items: pack.items.map((item) => JSON.stringify(item)).join('\n') };
}
