/** Statements that fill a schema with runs as the search shape asks: 10 metrics, 8 params and 5 tags each; four fifths in one experiment. */
export function fillWith(runs: number): readonly string[] {
  const id = "md5('run' || i)";
  const experiment = 'CASE WHEN i % 5 = 0 THEN 2 ELSE 1 END';
  const from = `FROM generate_series(1, ${runs}) i`;
  const some = (n: number) => `generate_series(0, ${n - 1}) k`;
  return [
    "INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time) VALUES (1, 'big', 'x', 1, 1), (2, 'small', 'x', 1, 1) ON CONFLICT DO NOTHING",
    'DROP INDEX params_by_value, tags_by_value, latest_by_value, runs_newest',
    'ALTER TABLE latest_metrics DROP CONSTRAINT latest_by_run',
    'ALTER TABLE params DROP CONSTRAINT params_by_run',
    'ALTER TABLE tags DROP CONSTRAINT tags_by_run',
    `INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, artifact_uri, created_month)
     SELECT ${id}, ${experiment}, 'run ' || i, 'bench', 'FINISHED', 1700000000000 + i, 'mlflow-artifacts:/1/' || ${id} || '/artifacts', '2026-01-01' ${from}`,
    `INSERT INTO latest_metrics SELECT ${id}, ${experiment}, CASE k WHEN 0 THEN 'accuracy' ELSE 'm' || k END,
       (hashint8(i * 10 + k)::bigint & 1048575) / 1048576.0, false, 1, 1 ${from}, ${some(10)}`,
    `INSERT INTO params SELECT ${id}, ${experiment}, CASE k WHEN 0 THEN 'backend' ELSE 'p' || k END,
       CASE k WHEN 0 THEN (ARRAY['wasm', 'webgpu', 'cpu'])[1 + i % 3] ELSE (i % 1000)::text END ${from}, ${some(8)}`,
    `INSERT INTO tags SELECT ${id}, ${experiment}, CASE k WHEN 0 THEN 'mlflow.runName' ELSE 't' || k END,
       CASE k WHEN 0 THEN 'run ' || i WHEN 1 THEN 'rare ' || (i / 10) ELSE (i % 50)::text END ${from}, ${some(5)}`,
    'ALTER TABLE latest_metrics ADD CONSTRAINT latest_by_run PRIMARY KEY (run_id, key)',
    'ALTER TABLE params ADD CONSTRAINT params_by_run PRIMARY KEY (run_id, key)',
    'ALTER TABLE tags ADD CONSTRAINT tags_by_run PRIMARY KEY (run_id, key)',
    'CREATE INDEX runs_newest ON runs (experiment_id, lifecycle_stage, start_time DESC, run_id)',
    'CREATE INDEX params_by_value ON params (experiment_id, key, left(value, 200), run_id)',
    'CREATE INDEX tags_by_value ON tags (experiment_id, key, left(value, 200), run_id)',
    'CREATE INDEX latest_by_value ON latest_metrics (experiment_id, key, is_nan, value, run_id)',
    'VACUUM ANALYZE runs',
    'VACUUM ANALYZE params',
    'VACUUM ANALYZE tags',
    'VACUUM ANALYZE latest_metrics',
  ];
}

/** Searches over them, as they are sent; (d) is reached by paging. */
export const SEARCHES: readonly { readonly name: string; readonly body: Readonly<Record<string, unknown>> }[] = [
  { name: '(a) newest first', body: {} },
  { name: "(b) accuracy > 0.9 AND backend = 'wasm'", body: { filter: "metrics.accuracy > 0.9 AND params.backend = 'wasm'" } },
  { name: '(c) order by accuracy DESC', body: { order_by: ['metrics.accuracy DESC'] } },
  { name: '(e) a tag that matches 10 runs', body: { filter: "tags.t1 = 'rare 7777'" } },
];
