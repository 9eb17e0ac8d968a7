import { invalid } from './fault.ts';

/** MLflow's limits, in characters unless a name says otherwise. */
export const LIMITS = {
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  experimentName: 500,
  experimentTagValue: 5000,
  artifactLocation: 2048,
  registryTagValue: 100_000,
  alias: 255,
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  entitiesPerBatch: 1000,
  datasetName: 500,
  datasetDigest: 36,
  datasetSource: 65_535,
  datasetSchema: 1_048_575,
  datasetProfile: 16_777_215,
  inputTagKey: 255,
  inputTagValue: 500,
} as const;

const NAME = /^[/\p{L}\p{N}\p{M}\p{Pc}.\- :]*$/u;
const CHARACTERS = 'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).';

/** The path a name would resolve to, as POSIX normalises it. */
export function normalPath(name: string): string {
  const isRooted = name.startsWith('/');
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !isRooted) parts.push(part);
  }
  const joined = parts.join('/');
  return isRooted ? `/${joined}` : joined === '' ? '.' : joined;
}

const isOwnPath = (name: string): boolean => {
  const normal = normalPath(name);
  return normal === name && normal !== '.' && !normal.startsWith('..') && !normal.startsWith('/');
};

const pathWords = (name: string): string =>
  `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normalPath(name)}'`;

/** Refuse a name that is no key of a metric, param or tag. @param path where it stands in the request @throws TrackingFault */
export function checkName(name: string, path: string): void {
  const echoed = `Invalid value ${JSON.stringify(name)} for parameter '${path}' supplied: `;
  if (!NAME.test(name)) throw invalid(echoed + CHARACTERS);
  if (!isOwnPath(name)) throw invalid(echoed + pathWords(name));
}

/** Refuse what is too long. @throws TrackingFault */
export function checkLength(what: string, limit: number, value: string): void {
  if ([...value].length > limit) throw invalid(`'${what}' exceeds the maximum length of ${limit} characters`);
}

/** The first `limit` characters: too long a value is cut, not refused. */
export function cut(value: string, limit: number): string {
  if (value.length <= limit) return value;
  const characters = [...value];
  return characters.length <= limit ? value : characters.slice(0, limit).join('');
}

/** Refuse more than MLflow takes in one batch. @throws TrackingFault */
export function checkBatch(metrics: number, params: number, tags: number): void {
  const check = (what: string, limit: number, count: number) => {
    if (count > limit) {
      throw invalid(
        `A batch logging request can contain at most ${limit} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
      );
    }
  };
  check('metrics', LIMITS.metricsPerBatch, metrics);
  check('params', LIMITS.paramsPerBatch, params);
  check('tags', LIMITS.tagsPerBatch, tags);
  check('metrics, params, and tags', LIMITS.entitiesPerBatch, metrics + params + tags);
}

/** Refuse a name that no registered model may have. @throws TrackingFault */
export function checkModelName(name: string): void {
  if (name.trim() === '') throw invalid("Missing value for required parameter 'name'.");
  if (/[/:]/.test(name)) throw invalid(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`);
  if (!isOwnPath(name)) throw invalid(`Invalid value ${JSON.stringify(name)} for parameter 'name' supplied: ${pathWords(name)}`);
}

/** Refuse an alias that could be mistaken for something else. @throws TrackingFault */
export function checkAlias(alias: string): void {
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias)) {
    throw invalid(`Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`);
  }
  checkLength('Registered model alias name', LIMITS.alias, alias);
}

/** Refuse to set an alias whose name is taken by what MLflow itself means. @throws TrackingFault */
export function checkAliasIsFree(alias: string): void {
  if (alias.toLowerCase() === 'latest') throw invalid("'latest' alias name (case insensitive) is reserved.");
  if (/^[vV]\d+$/.test(alias)) throw invalid(`Version alias name '${alias}' is reserved.`);
}
