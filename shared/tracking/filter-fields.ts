/** What may be searched. */
export type FilterTarget = 'runs' | 'experiments' | 'registered_models' | 'model_versions' | 'logged_models';

/** Where a field's value is found. */
export type Source = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset';

/** What may be asked of a field. */
export interface FieldKind {
  readonly isNumber: boolean;
  readonly mayBeNull: boolean;
  readonly mayBeIn: boolean;
}

/** A field by its one name. */
export interface Field {
  readonly source: Source;
  readonly key: string;
  readonly kind: FieldKind;
}

const NUMBER: FieldKind = { isNumber: true, mayBeNull: false, mayBeIn: false };
const TEXT: FieldKind = { isNumber: false, mayBeNull: false, mayBeIn: false };
const LISTED: FieldKind = { ...TEXT, mayBeIn: true };
const FREE: FieldKind = { ...TEXT, mayBeNull: true };

const ENTITIES: Readonly<Record<string, Source>> = {
  metrics: 'metric',
  metric: 'metric',
  params: 'param',
  param: 'param',
  parameters: 'param',
  parameter: 'param',
  tags: 'tag',
  tag: 'tag',
  attributes: 'attribute',
  attribute: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  datasets: 'dataset',
  dataset: 'dataset',
};

const SYNONYMS: Readonly<Record<string, string>> = {
  created: 'start_time',
  Created: 'start_time',
  'run name': 'run_name',
  'Run name': 'run_name',
  'Run Name': 'run_name',
};

const ATTRIBUTES: Readonly<Record<FilterTarget, Readonly<Record<string, FieldKind>>>> = {
  runs: {
    start_time: NUMBER,
    end_time: NUMBER,
    run_id: LISTED,
    run_name: TEXT,
    user_id: TEXT,
    status: TEXT,
    artifact_uri: TEXT,
  },
  experiments: { name: TEXT, experiment_id: TEXT, creation_time: NUMBER, last_update_time: NUMBER },
  registered_models: { name: TEXT, last_updated_timestamp: NUMBER },
  model_versions: {
    name: TEXT,
    run_id: LISTED,
    source_path: TEXT,
    version_number: NUMBER,
    creation_timestamp: NUMBER,
    last_updated_timestamp: NUMBER,
  },
  logged_models: {
    name: LISTED,
    model_id: LISTED,
    model_type: LISTED,
    status: LISTED,
    source_run_id: LISTED,
    creation_timestamp: NUMBER,
    creation_timestamp_ms: NUMBER,
    creation_time: NUMBER,
    last_updated_timestamp: NUMBER,
    last_updated_timestamp_ms: NUMBER,
  },
};

const SOURCES: Readonly<Record<FilterTarget, readonly Source[]>> = {
  runs: ['metric', 'param', 'tag', 'attribute', 'dataset'],
  experiments: ['tag', 'attribute'],
  registered_models: ['tag', 'attribute'],
  model_versions: ['tag', 'attribute'],
  logged_models: ['metric', 'param', 'tag', 'attribute'],
};

const DATASET_KEYS = ['name', 'digest', 'context'];

/** The field a name means, or why there is none. @param entity null: an attribute */
export function fieldOf(target: FilterTarget, entity: string | null, key: string): Field | string {
  const source = entity === null ? 'attribute' : Object.hasOwn(ENTITIES, entity) ? (ENTITIES[entity] as Source) : null;
  if (!source || !SOURCES[target].includes(source)) return `"${entity}" is none of ${SOURCES[target].map((s) => `${s}s`).join(', ')}`;
  if (key === '') return 'the key is empty';
  if (source === 'metric') return { source, key, kind: NUMBER };
  if (source === 'param' || source === 'tag') return { source, key, kind: target === 'logged_models' ? { ...FREE, mayBeIn: true } : FREE };
  if (source === 'dataset') return DATASET_KEYS.includes(key) ? { source, key, kind: LISTED } : `a dataset has ${DATASET_KEYS.join(', ')}`;
  const name = target === 'runs' && Object.hasOwn(SYNONYMS, key) ? (SYNONYMS[key] as string) : key;
  const kind = Object.hasOwn(ATTRIBUTES[target], name) ? ATTRIBUTES[target][name] : undefined;
  return kind ? { source, key: name, kind } : `"${key}" is none of ${Object.keys(ATTRIBUTES[target]).join(', ')}`;
}
