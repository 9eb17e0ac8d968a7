import * as z from 'zod/mini';

/** Numbers that survive JSON and JavaScript: within ±(2^53 − 1). */
const isSafe = (n: number): boolean => Number.isSafeInteger(n);

/** An int64, sent as a number or as its digits. */
export const int64 = z.pipe(
  z.union([z.number().check(z.refine(isSafe)), z.string().check(z.regex(/^\s*[+-]?\d+\s*$/))]),
  z.pipe(z.transform(Number), z.number().check(z.refine(isSafe))),
);

const DOUBLES: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

const isNumberText = (text: string): boolean => text in DOUBLES || (text.trim() !== '' && Number.isFinite(Number(text)));

/** A double: a number, its digits, or "NaN", "Infinity", "-Infinity", which JSON has no numbers for. */
export const double = z.pipe(
  z.union([z.number(), z.string().check(z.refine(isNumberText))]),
  z.transform((sent) => (typeof sent === 'number' ? sent : (DOUBLES[sent] ?? Number(sent)))),
);

/** Any text, the empty one too. */
export const text = z.string();

/** A text that must be there and not be empty. */
export const named = z.string().check(z.minLength(1));

/** true or false; in a query their names. */
export const flag = z.boolean();

/** One of some names, sent by name or by its number in MLflow's protocol. */
export function choice<const Names extends readonly string[]>(names: Names, first = 0) {
  const byNumber = (n: number): Names[number] | undefined => names[n - first];
  return z.pipe(
    z.union([z.enum(names as unknown as readonly [Names[number], ...Names[number][]]), int64]),
    z.transform((sent, context): Names[number] => {
      const name = typeof sent === 'number' ? byNumber(sent) : sent;
      if (name === undefined) context.issues.push({ code: 'custom', input: sent, message: 'no such choice' });
      return name as Names[number];
    }),
  );
}

/** A run's life. */
export const runStatus = choice(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'], 1);

/** Which of the living and the deleted are searched. */
export const viewType = choice(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'], 1);

/** A key and its text. */
export const keyText = z.object({ key: named, value: z._default(text, '') });

/** One point of a metric; timestamp in ms. */
export const metricPoint = z.object({
  key: named,
  value: double,
  timestamp: int64,
  step: z._default(int64, 0),
  model_id: z.optional(text),
  dataset_name: z.optional(text),
  dataset_digest: z.optional(text),
});

/** A data set that a run read. */
export const datasetInput = z.object({
  tags: z._default(z.array(z.object({ key: text, value: text })), []),
  dataset: z.object({
    name: text,
    digest: text,
    source_type: z._default(text, ''),
    source: z._default(text, ''),
    schema: z.optional(text),
    profile: z.optional(text),
  }),
});
