import type * as z from 'zod/mini';
import { echoOf } from './echo.ts';
import type { Endpoint } from './endpoint.ts';
import { invalid, TrackingFault } from './fault.ts';

const SEE = 'See the API docs for more information about request parameters.';

/** "Missing value …", as MLflow words it. */
export const missingValue = (path: string): TrackingFault => invalid(`Missing value for required parameter '${path}'. ${SEE}`);

/** "Invalid value …" with the type that came, as MLflow words it. @param json the body or query as it was sent */
export function invalidValue(json: string, path: readonly PropertyKey[]): TrackingFault {
  const { json: value, type } = echoOf(json, path);
  return invalid(`Invalid value ${value} for parameter '${pathText(path)}' supplied:  Hint: Value was of type '${type}'. ${SEE}`);
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? String(step) : `.${String(step)}`)).join('');

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const step of path) here = typeof here === 'object' && here !== null ? (here as Record<PropertyKey, unknown>)[step] : undefined;
  return here;
}

/** `null` stands for absent, at every depth. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, v]) => (v === null ? [] : [[key, withoutNulls(v)]])));
}

/** What is sent, as an object: a JSON text within JSON is decoded twice, no body is an empty one. @throws TrackingFault */
export function decoded(body: string): Readonly<Record<string, unknown>> {
  if (body.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(body);
    if (typeof value === 'string') value = JSON.parse(value);
  } catch {
    throw new TrackingFault('BAD_REQUEST', 'The body is not JSON.');
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new TrackingFault('BAD_REQUEST', 'The body is not a JSON object.');
  return (body.includes('null') ? withoutNulls(value) : value) as Readonly<Record<string, unknown>>;
}

const innermost = (schema: z.ZodMiniType): z.ZodMiniType => {
  const { def } = schema._zod as unknown as { def: { type: string; innerType?: z.ZodMiniType } };
  return def.innerType ? innermost(def.innerType) : schema;
};

/** The part of URLSearchParams that is needed. */
export interface QueryText {
  keys(): Iterable<string>;
  get(key: string): string | null;
  getAll(key: string): string[];
}

/** What is sent as a query: repeated keys are lists, booleans are `true` and `false` alone. @throws TrackingFault */
export function fromQuery({ request }: Pick<Endpoint, 'request'>, query: QueryText): Readonly<Record<string, unknown>> {
  const sent: Record<string, unknown> = {};
  for (const key of new Set(query.keys())) {
    const field = request.shape[key] as z.ZodMiniType | undefined;
    const type = field && innermost(field)._zod.def.type;
    const value = query.get(key) ?? '';
    if (type === 'array') sent[key] = query.getAll(key);
    else if (type !== 'boolean') sent[key] = value;
    else if (/^(true|false)$/i.test(value)) sent[key] = value.toLowerCase() === 'true';
    else throw invalid(`Invalid boolean value: ${value}, must be 'true' or 'false'.`);
  }
  return sent;
}

/**
 * A request as its schema has it, or a refusal in MLflow's words.
 *
 * @param sent  the decoded body or query; `run_uuid` stands for `run_id`; fields we do not know are ignored
 * @param json  the same as it was written, for the wording of a refusal alone
 * @throws TrackingFault INVALID_PARAMETER_VALUE, naming the first field that does not fit
 */
export function understand<E extends Pick<Endpoint, 'request'>>(
  endpoint: E,
  sent: Readonly<Record<string, unknown>>,
  json: () => string,
): z.infer<E['request']> {
  const value = isEmpty(sent['run_id']) && !isEmpty(sent['run_uuid']) ? { ...sent, run_id: sent['run_uuid'] } : sent;
  const parsed = endpoint.request.safeParse(value);
  if (parsed.success) return parsed.data as z.infer<E['request']>;
  const path = parsed.error.issues[0]?.path ?? [];
  if (isEmpty(at(value, path))) throw missingValue(pathText(path));
  throw invalidValue(json(), path);
}
