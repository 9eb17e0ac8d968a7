import type * as z from 'zod/mini';
import { fail, type Result, succeed } from '../domain/result.ts';
import { type Item, itemSchema, type Localised, type Manifest, manifestSchema, PACK_SCHEMA_VERSION, type Pack } from './schema.ts';

/** What is wrong with a pack: the first faults found, each with its place. */
export type PackFault =
  | { readonly kind: 'not-a-pack'; readonly detail: string }
  | { readonly kind: 'too-big'; readonly detail: string }
  | { readonly kind: 'newer-format'; readonly schemaVersion: number }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** One fault at one place, in plain English for the pack's author. */
export interface Problem {
  /** `manifest.json` or `items.jsonl:LINE`. */
  readonly place: string;
  readonly message: string;
}

const MAX_PROBLEMS = 50;

/** What an issue says, in words that need no message catalogue. */
function inWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown field ${issue.keys.join(', ')}`;
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'invalid_union':
      return 'is of no known kind';
    default:
      return issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : `has the wrong form`;
  }
}

function zodProblems(place: string, error: z.core.$ZodError): Problem[] {
  return error.issues.map((issue) => ({ place, message: `${issue.path.join('.') || 'value'}: ${inWords(issue)}` }));
}

function jsonOf(text: string): Result<unknown, string> {
  try {
    return succeed(JSON.parse(text));
  } catch (cause) {
    return fail(cause instanceof Error ? cause.message : String(cause));
  }
}

function untranslated(texts: Localised, languages: readonly string[]): string[] {
  return languages.filter((language) => texts[language] === undefined);
}

function gapProblem(item: Extract<Item, { type: 'cloze' }>): string | null {
  for (const [language, stem] of Object.entries(item.stem)) {
    const found = [...stem.matchAll(/\{\{([^}]*)\}\}/g)].map((m) => m[1] ?? '').sort();
    const wanted = item.gaps.map((g) => g.id).sort();
    if (found.join() !== wanted.join())
      return `the gaps of the stem in ${language} are {${found.join(', ')}}, declared are {${wanted.join(', ')}}`;
  }
  return null;
}

function keyProblem(item: Item): string | null {
  if (item.type === 'numeric') return Number.isFinite(item.answer.value) ? null : 'the answer is not a number';
  if (item.type === 'cloze') return gapProblem(item);
  if (!('options' in item)) return null;
  const keys = item.options.filter((o) => o.correct).length;
  if (item.type === 'multiple') return keys >= 1 ? null : 'no option is correct';
  if (item.type === 'truefalse' && item.options.length !== 2) return 'a true/false item has exactly two options';
  return keys === 1 ? null : `exactly one option must be correct, found ${keys}`;
}

/** The parts of an item that have an id: options, gaps, steps or pairs. */
function partsOf(item: Item): readonly { readonly id: string }[] {
  if ('options' in item) return item.options;
  if (item.type === 'cloze') return item.gaps;
  if (item.type === 'order') return item.steps;
  return item.type === 'match' ? item.pairs : [];
}

function textsOf(item: Item): Localised[] {
  if ('options' in item) return item.options.flatMap((o) => [o.text, o.why]);
  if (item.type === 'order') return item.steps.flatMap((s) => [s.text, s.why]);
  if (item.type === 'match') return item.pairs.flatMap((p) => [p.left, p.right, p.why]);
  return [item.why];
}

function itemProblems(item: Item, manifest: Manifest, topics: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const key = keyProblem(item);
  if (key) problems.push(key);
  for (const topic of item.topics) if (!topics.has(topic)) problems.push(`unknown topic "${topic}"`);
  const missing = new Set([item.stem, ...textsOf(item)].flatMap((t) => untranslated(t, manifest.languages)));
  if (missing.size > 0) problems.push(`not everywhere translated into ${[...missing].join(', ')}`);
  const ids = partsOf(item).map((part) => part.id);
  if (new Set(ids).size !== ids.length) problems.push('two options share an id');
  return problems;
}

function manifestProblems(manifest: Manifest): string[] {
  const problems: string[] = [];
  const weight = manifest.topics.reduce((sum, topic) => sum + topic.weight, 0);
  if (Math.abs(weight - 1) > 1e-6) problems.push(`topic weights must sum to 1, they sum to ${weight.toFixed(4)}`);
  const ids = new Set(manifest.topics.map((t) => t.id));
  if (ids.size !== manifest.topics.length) problems.push('two topics share an id');
  for (const topic of manifest.topics) {
    for (const required of topic.requires) if (!ids.has(required)) problems.push(`topic "${topic.id}" requires unknown "${required}"`);
  }
  for (const texts of [manifest.title, manifest.description, ...manifest.topics.map((t) => t.title)]) {
    const missing = untranslated(texts, manifest.languages);
    if (missing.length > 0) problems.push(`a title or description lacks ${missing.join(', ')}`);
  }
  return problems;
}

function parseManifest(text: string): Result<Manifest, PackFault> {
  const json = jsonOf(text);
  if (!json.ok) return fail({ kind: 'not-a-pack', detail: `manifest.json: ${json.fault}` });
  const declared =
    typeof json.value === 'object' && json.value !== null && 'schemaVersion' in json.value ? json.value.schemaVersion : undefined;
  if (typeof declared === 'number' && declared > PACK_SCHEMA_VERSION) return fail({ kind: 'newer-format', schemaVersion: declared });
  const parsed = manifestSchema.safeParse(json.value);
  if (!parsed.success) return fail({ kind: 'invalid', problems: zodProblems('manifest.json', parsed.error) });
  const problems = manifestProblems(parsed.data);
  return problems.length > 0
    ? fail({ kind: 'invalid', problems: problems.map((message) => ({ place: 'manifest.json', message })) })
    : succeed(parsed.data);
}

function parseItem(line: string, place: string, manifest: Manifest, topics: ReadonlySet<string>): Result<Item, readonly Problem[]> {
  const json = jsonOf(line);
  if (!json.ok) return fail([{ place, message: json.fault }]);
  const parsed = itemSchema.safeParse(json.value);
  if (!parsed.success) return fail(zodProblems(place, parsed.error));
  const problems = itemProblems(parsed.data, manifest, topics);
  return problems.length > 0 ? fail(problems.map((message) => ({ place, message }))) : succeed(parsed.data);
}

/**
 * Read and check a pack's two texts: every rule a learner relies on (one key, an explanation per option, every language complete,
 * topics known, weights summing to 1, unique ids, the count as declared).
 */
export function validatePack(manifestText: string, itemsText: string): Result<Pack, PackFault> {
  const manifest = parseManifest(manifestText);
  if (!manifest.ok) return manifest;
  const topics = new Set(manifest.value.topics.map((t) => t.id));
  const items: Item[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  itemsText.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || problems.length >= MAX_PROBLEMS) return;
    const place = `items.jsonl:${i + 1}`;
    const item = parseItem(line, place, manifest.value, topics);
    if (!item.ok) problems.push(...item.fault);
    else if (seen.has(item.value.id)) problems.push({ place, message: `id "${item.value.id}" is used twice` });
    else {
      seen.add(item.value.id);
      items.push(item.value);
    }
  });
  if (problems.length === 0 && items.length !== manifest.value.itemCount) {
    problems.push({ place: 'manifest.json', message: `itemCount says ${manifest.value.itemCount}, items.jsonl holds ${items.length}` });
  }
  return problems.length > 0
    ? fail({ kind: 'invalid', problems: problems.slice(0, MAX_PROBLEMS) })
    : succeed({ manifest: manifest.value, items });
}
