import * as z from 'zod/mini';

/** Highest pack format this code reads. */
export const PACK_SCHEMA_VERSION = 1;

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const text = z.string().check(z.trim(), z.minLength(1), z.maxLength(4000));

/** One text in every language the pack offers, by language tag. */
const localised = z.record(z.string().check(z.regex(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/)), text);

const topic = z.strictObject({
  id: z.string().check(z.regex(ID)),
  title: localised,
  /** Share of the exam; all weights sum to 1. */
  weight: z.number().check(z.gt(0), z.lte(1)),
  /** Topics that should come first. */
  requires: z.array(z.string()),
});

/** `manifest.json` of a pack. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.number().check(z.int(), z.gte(1)),
  id: z.uuid(),
  version: z.string().check(z.regex(/^\d+\.\d+\.\d+$/)),
  title: localised,
  description: localised,
  exam: z.strictObject({ questions: z.number().check(z.int(), z.gte(1)), minutes: z.number().check(z.int(), z.gte(1)) }),
  topics: z.array(topic).check(z.minLength(1), z.maxLength(200)),
  languages: z.array(z.string()).check(z.minLength(1)),
  licence: z.string().check(z.minLength(1)),
  attribution: text,
  authors: z.array(text),
  sources: z.array(text),
  minAppVersion: z.string(),
  itemCount: z.number().check(z.int(), z.gte(1), z.lte(5000)),
  /** SHA-256 of every other file of the pack, by path. */
  sha256: z.record(z.string(), z.string().check(z.regex(/^[0-9a-f]{64}$/))),
});

const option = z.strictObject({ id: z.string().check(z.regex(ID)), text: localised, correct: z.boolean(), why: localised });
const reference = z.strictObject({ title: text, locator: z.optional(text) });

const common = {
  id: z.string().check(z.regex(ID)),
  version: z.number().check(z.int(), z.gte(1)),
  topics: z.array(z.string()).check(z.minLength(1)),
  /** 0 nearly everybody knows it, 1 nearly nobody. */
  difficulty: z.number().check(z.gte(0), z.lte(1)),
  stem: localised,
  references: z.array(reference).check(z.minLength(1)),
  status: z.enum(['active', 'corrected', 'retired']),
  supersedes: z.optional(z.string()),
  licence: z.optional(z.string()),
};

const options = z.array(option).check(z.minLength(2), z.maxLength(8));
const accepted = z.array(z.string().check(z.trim(), z.minLength(1), z.maxLength(200))).check(z.minLength(1), z.maxLength(50));
const placeId = z.string().check(z.regex(ID));

/** One line of `items.jsonl`. */
export const itemSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...common, type: z.literal('single'), options }),
  z.strictObject({ ...common, type: z.literal('multiple'), options }),
  z.strictObject({ ...common, type: z.literal('truefalse'), options }),
  z.strictObject({
    ...common,
    type: z.literal('numeric'),
    answer: z.strictObject({ value: z.number(), tolerance: z.number().check(z.gte(0)), unit: z.optional(localised) }),
    why: localised,
  }),
  /** One typed term; any of the accepted spellings, in any language, is right. */
  z.strictObject({ ...common, type: z.literal('short'), answer: z.strictObject({ accepted }), why: localised }),
  /** Gaps stand in the stem as `{{id}}`. */
  z.strictObject({
    ...common,
    type: z.literal('cloze'),
    gaps: z.array(z.strictObject({ id: placeId, accepted })).check(z.minLength(1), z.maxLength(8)),
    why: localised,
  }),
  /** Steps in the right order; the app shuffles them. */
  z.strictObject({
    ...common,
    type: z.literal('order'),
    steps: z.array(z.strictObject({ id: placeId, text: localised, why: localised })).check(z.minLength(2), z.maxLength(8)),
  }),
  /** Pairs that belong together; the app shuffles the right-hand sides. */
  z.strictObject({
    ...common,
    type: z.literal('match'),
    pairs: z
      .array(z.strictObject({ id: placeId, left: localised, right: localised, why: localised }))
      .check(z.minLength(2), z.maxLength(8)),
  }),
]);

/** A pack's description. */
export type Manifest = z.infer<typeof manifestSchema>;
/** One question of a pack. */
export type Item = z.infer<typeof itemSchema>;
/** One topic of a pack's tree. */
export type Topic = z.infer<typeof topic>;
/** One choice of an item. */
export type Option = z.infer<typeof option>;
/** A question answered by tapping options. */
export type ChoiceItem = Extract<Item, { options: unknown }>;
/** A text per language. */
export type Localised = z.infer<typeof localised>;

/** A pack that passed the validator. */
export interface Pack {
  readonly manifest: Manifest;
  readonly items: readonly Item[];
}
