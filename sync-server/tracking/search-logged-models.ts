import { invalid } from '#shared/tracking/fault.ts';
import type { Clause } from '#shared/tracking/filter.ts';
import { experimentIds, LOGGED_MODEL_JSON } from './logged-models.ts';
import { fingerprint, pageSize, placeOf, tokenOf } from './page-token.ts';
import { filterOf } from './search-runs.ts';
import { comesAfter, conditions, type FieldPlace, newStatement, orderBy, type Statement, type Term, tuple } from './statement.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';

const COLUMNS: Readonly<Record<string, Omit<Term, 'isDescending'>>> = {
  name: { sql: 'l.name', type: 'text', isNullable: false },
  model_id: { sql: 'l.model_id', type: 'text', isNullable: false },
  model_type: { sql: 'l.model_type', type: 'text', isNullable: false },
  source_run_id: { sql: 'l.source_run_id', type: 'text', isNullable: false },
  status: { sql: "(ARRAY['PENDING','READY','UPLOAD_FAILED'])[l.status]", type: 'text', isNullable: false },
  creation_timestamp: { sql: 'l.creation_time', type: 'bigint', isNullable: false },
  creation_timestamp_ms: { sql: 'l.creation_time', type: 'bigint', isNullable: false },
  creation_time: { sql: 'l.creation_time', type: 'bigint', isNullable: false },
  last_updated_timestamp: { sql: 'l.last_updated', type: 'bigint', isNullable: false },
  last_updated_timestamp_ms: { sql: 'l.last_updated', type: 'bigint', isNullable: false },
};

interface DataSet {
  readonly dataset_name?: string | undefined;
  readonly dataset_digest?: string | undefined;
}

/** That a metric was measured on one of the data sets. */
function onDataSets(datasets: readonly DataSet[], statement: Statement): string {
  const said = datasets.filter((d) => d.dataset_name || d.dataset_digest);
  if (said.length === 0) return '';
  const one = ({ dataset_name, dataset_digest }: DataSet) => {
    const name = dataset_name ? [`m.dataset_name = ${statement.put(dataset_name, 'text')}`] : [];
    const digest = dataset_digest ? [`m.dataset_digest = ${statement.put(dataset_digest, 'text')}`] : [];
    return `(${[...name, ...digest].join(' AND ')})`;
  };
  return ` AND (${said.map(one).join(' OR ')})`;
}

function fieldPlace({ source, key }: Clause, datasets: readonly DataSet[], statement: Statement): FieldPlace {
  if (source === 'attribute') {
    const column = COLUMNS[key] as Omit<Term, 'isDescending'>;
    return { kind: 'column', sql: column.sql, isNumber: column.type !== 'text' };
  }
  const name = statement.put(key, 'text');
  if (source === 'metric') {
    const from = `FROM logged_model_metrics m WHERE m.model_id = l.model_id AND m.key = ${name} AND NOT m.is_nan${onDataSets(datasets, statement)}`;
    return { kind: 'rows', from, value: 'm.value', isNumber: true };
  }
  const table = source === 'param' ? 'logged_model_params' : 'logged_model_tags';
  return { kind: 'rows', from: `FROM ${table} x WHERE x.model_id = l.model_id AND x.key = ${name}`, value: 'x.value', isNumber: false };
}

interface SentOrder {
  readonly field_name: string;
  readonly ascending?: boolean | undefined;
  readonly dataset_name?: string | undefined;
  readonly dataset_digest?: string | undefined;
}

function termOf(order: SentOrder, statement: Statement): Term {
  const { field_name: field } = order;
  const isDescending = order.ascending === false;
  const column = Object.hasOwn(COLUMNS, field) ? COLUMNS[field] : undefined;
  if (column) return { ...column, isDescending };
  const [entity, ...rest] = field.split('.');
  if (rest.length === 0) throw invalid(`Invalid order by field name: ${field}`);
  if (entity !== 'metrics') throw invalid(`Invalid order by field name: ${field}. Only metrics are supported.`);
  const on = onDataSets([order], statement);
  const sql = `(SELECT m.value FROM logged_model_metrics m WHERE m.model_id = l.model_id AND m.key = ${statement.put(rest.join('.'), 'text')}
    AND NOT m.is_nan${on} ORDER BY m.timestamp DESC, m.step DESC LIMIT 1)`;
  return { sql, type: 'float8', isDescending, isNullable: true };
}

/** Search over logged models. */
export function loggedModelSearchHandlers({ db }: TrackingPorts): Handlers<'searchLoggedModels'> {
  return {
    async searchLoggedModels({ experiment_ids, filter, datasets = [], max_results, order_by = [], page_token }) {
      if (datasets.some((d) => !d.dataset_name)) throw invalid('`dataset_name` in the `datasets` clause must be specified.');
      const size = pageSize(max_results || undefined, 100, 50_000);
      const statement = newStatement();
      const clauses = filterOf(filter, 'logged_models');
      const ids = experimentIds(experiment_ids);
      const own = order_by.map((o) => termOf(o, statement));
      const ties: readonly Term[] = [
        { ...(COLUMNS['creation_timestamp'] as Term), isDescending: true },
        { ...(COLUMNS['model_id'] as Term), isDescending: false },
      ];
      const terms = [...own, ...ties.filter((t) => !own.some((o) => o.sql === t.sql))];
      const asked = fingerprint(ids, clauses, datasets, order_by);
      const from = placeOf(page_token, asked, terms.length);
      const where = [
        `l.experiment_id = ANY(${statement.put(ids, 'bigint[]')})`,
        "l.lifecycle_stage = 'active'",
        ...(datasets.length > 0
          ? [`EXISTS (SELECT 1 FROM logged_model_metrics m WHERE m.model_id = l.model_id${onDataSets(datasets, statement)})`]
          : []),
        ...conditions(clauses, (clause) => fieldPlace(clause, datasets, statement), statement),
        ...(from ? [comesAfter(terms, from.last, statement)] : []),
      ].join(' AND ');
      const rows = await db.query<{ json: string; last: string }>(
        `SELECT json_strip_nulls(${LOGGED_MODEL_JSON})::text AS json, ${tuple(terms)} AS last
         FROM logged_models l WHERE ${where} ORDER BY ${orderBy(terms)} LIMIT ${statement.put(size + 1, 'int')}`,
        statement.values,
      );
      const page = rows.slice(0, size);
      if (page.length === 0) return { raw: '{}' };
      const last = JSON.parse(page.at(-1)?.last ?? '[]') as unknown[];
      const token = rows.length > size ? `,"next_page_token":${JSON.stringify(tokenOf({ phase: 0, last }, asked))}` : '';
      return { raw: `{"models":[${page.map((r) => r.json).join(',')}]${token}}` };
    },
  };
}
