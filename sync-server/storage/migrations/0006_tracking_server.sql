-- Up Migration
-- MLflow's data model whole. The rows of 0003 are carried over. Names, keys and ids compare by bytes, as on the device.
ALTER TABLE experiments RENAME TO old_experiments;
ALTER TABLE runs RENAME TO old_runs;
ALTER TABLE params RENAME TO old_params;
ALTER TABLE tags RENAME TO old_tags;
ALTER TABLE metrics RENAME TO old_metrics;
ALTER TABLE registered_models RENAME TO old_registered_models;
ALTER TABLE model_versions RENAME TO old_model_versions;
ALTER TABLE registered_model_aliases RENAME TO old_aliases;

CREATE TABLE experiments (
  experiment_id bigint PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  artifact_location text NOT NULL,
  lifecycle_stage text NOT NULL DEFAULT 'active' CHECK (lifecycle_stage IN ('active', 'deleted')),
  creation_time bigint NOT NULL,
  last_update_time bigint NOT NULL
);
CREATE UNIQUE INDEX experiments_by_name ON experiments (name);
CREATE INDEX experiments_newest ON experiments (creation_time DESC, experiment_id);
CREATE TABLE experiment_tags (
  experiment_id bigint NOT NULL REFERENCES experiments ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (experiment_id, key)
);

-- rev rises with every change of the run or of what belongs to it: what was serialised once serves until it does.
CREATE TABLE runs (
  run_id text COLLATE "C" NOT NULL,
  experiment_id bigint NOT NULL REFERENCES experiments,
  run_name text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL CHECK (status IN ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
  start_time bigint NOT NULL,
  end_time bigint,
  lifecycle_stage text NOT NULL DEFAULT 'active' CHECK (lifecycle_stage IN ('active', 'deleted')),
  artifact_uri text COLLATE "C" NOT NULL,
  created_month date NOT NULL,
  rev bigint NOT NULL DEFAULT 0,
  CONSTRAINT runs_by_id PRIMARY KEY (run_id)
);
CREATE INDEX runs_newest ON runs (experiment_id, lifecycle_stage, start_time DESC, run_id);

-- The writer of the four tables below holds the lock on the run's row: no foreign key is needed, and none slows the ingest.
CREATE TABLE params (
  run_id text COLLATE "C" NOT NULL,
  experiment_id bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  CONSTRAINT params_by_run PRIMARY KEY (run_id, key)
);
CREATE INDEX params_by_value ON params (experiment_id, key, left(value, 200), run_id);
CREATE TABLE tags (
  run_id text COLLATE "C" NOT NULL,
  experiment_id bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  CONSTRAINT tags_by_run PRIMARY KEY (run_id, key)
);
CREATE INDEX tags_by_value ON tags (experiment_id, key, left(value, 200), run_id);
-- NaN is stored as 0 with is_nan, an infinity as the largest number: what MLflow's own store does.
CREATE TABLE latest_metrics (
  run_id text COLLATE "C" NOT NULL,
  experiment_id bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  value double precision NOT NULL,
  is_nan boolean NOT NULL,
  timestamp bigint NOT NULL,
  step bigint NOT NULL,
  CONSTRAINT latest_by_run PRIMARY KEY (run_id, key)
);
CREATE INDEX latest_by_value ON latest_metrics (experiment_id, key, is_nan, value, run_id);
-- History, by the month in which the run was created: an old month can be put away whole.
CREATE TABLE metrics (
  run_id text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  timestamp bigint NOT NULL,
  step bigint NOT NULL,
  value double precision NOT NULL,
  is_nan boolean NOT NULL,
  created_month date NOT NULL,
  CONSTRAINT metrics_once PRIMARY KEY (run_id, key, timestamp, step, value, is_nan, created_month)
) PARTITION BY RANGE (created_month);
CREATE TABLE metrics_other PARTITION OF metrics DEFAULT;

CREATE TABLE datasets (
  dataset_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  experiment_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  source_type text NOT NULL,
  source text NOT NULL,
  schema text,
  profile text,
  UNIQUE (experiment_id, name, digest)
);
CREATE TABLE inputs (
  run_id text COLLATE "C" NOT NULL,
  dataset_id bigint NOT NULL REFERENCES datasets,
  tags jsonb NOT NULL,
  PRIMARY KEY (run_id, dataset_id)
);
CREATE INDEX inputs_by_dataset ON inputs (dataset_id);
CREATE TABLE run_models (
  run_id text COLLATE "C" NOT NULL,
  model_id text COLLATE "C" NOT NULL,
  is_output boolean NOT NULL,
  step bigint NOT NULL,
  PRIMARY KEY (run_id, is_output, model_id)
);
CREATE TABLE logged_models (
  model_id text COLLATE "C" PRIMARY KEY,
  experiment_id bigint NOT NULL REFERENCES experiments,
  name text COLLATE "C" NOT NULL,
  artifact_uri text NOT NULL,
  creation_time bigint NOT NULL,
  last_updated bigint NOT NULL,
  status int NOT NULL,
  status_message text,
  model_type text COLLATE "C" NOT NULL,
  source_run_id text COLLATE "C" NOT NULL,
  lifecycle_stage text NOT NULL DEFAULT 'active' CHECK (lifecycle_stage IN ('active', 'deleted'))
);
CREATE INDEX logged_models_newest ON logged_models (experiment_id, creation_time DESC, model_id);
CREATE TABLE logged_model_params (
  model_id text COLLATE "C" NOT NULL REFERENCES logged_models ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (model_id, key)
);
CREATE TABLE logged_model_tags (
  model_id text COLLATE "C" NOT NULL REFERENCES logged_models ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (model_id, key)
);
CREATE TABLE logged_model_metrics (
  model_id text COLLATE "C" NOT NULL,
  run_id text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value double precision NOT NULL,
  is_nan boolean NOT NULL,
  timestamp bigint NOT NULL,
  step bigint NOT NULL,
  dataset_name text COLLATE "C" NOT NULL,
  dataset_digest text COLLATE "C" NOT NULL,
  PRIMARY KEY (model_id, run_id, key, timestamp, step, value, is_nan, dataset_name, dataset_digest)
);

CREATE TABLE registered_models (
  name text COLLATE "C" PRIMARY KEY,
  creation_time bigint NOT NULL,
  last_updated bigint NOT NULL,
  description text NOT NULL DEFAULT '',
  -- Numbers are never given twice, whatever is deleted.
  last_version int NOT NULL DEFAULT 0
);
CREATE TABLE registered_model_tags (
  name text COLLATE "C" NOT NULL REFERENCES registered_models ON UPDATE CASCADE ON DELETE CASCADE,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (name, key)
);
CREATE TABLE model_versions (
  name text COLLATE "C" NOT NULL REFERENCES registered_models ON UPDATE CASCADE ON DELETE CASCADE,
  version int NOT NULL,
  creation_time bigint NOT NULL,
  last_updated bigint NOT NULL,
  description text NOT NULL DEFAULT '',
  user_id text NOT NULL DEFAULT '',
  current_stage text NOT NULL DEFAULT 'None' CHECK (current_stage IN ('None', 'Staging', 'Production', 'Archived')),
  source text COLLATE "C" NOT NULL,
  storage_location text NOT NULL,
  run_id text COLLATE "C" NOT NULL,
  run_link text NOT NULL DEFAULT '',
  model_id text,
  PRIMARY KEY (name, version)
);
CREATE INDEX model_versions_by_run ON model_versions (run_id);
CREATE INDEX model_versions_newest ON model_versions (last_updated DESC, name, version DESC);
CREATE TABLE model_version_tags (
  name text COLLATE "C" NOT NULL,
  version int NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (name, version, key),
  FOREIGN KEY (name, version) REFERENCES model_versions ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE registered_model_aliases (
  name text COLLATE "C" NOT NULL REFERENCES registered_models ON UPDATE CASCADE ON DELETE CASCADE,
  alias text COLLATE "C" NOT NULL,
  version int NOT NULL,
  PRIMARY KEY (name, alias)
);
-- What was promoted, by whom: appended, never changed.
CREATE TABLE registry_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  name text NOT NULL,
  version int,
  kind text NOT NULL,
  detail text NOT NULL,
  by_whom text NOT NULL
);
CREATE TRIGGER registry_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a path of the proxied routes holds: a row; the bytes lie under their hash, never under a name that came from outside.
CREATE TABLE artifacts (
  path text COLLATE "C" PRIMARY KEY,
  sha256 text NOT NULL,
  size bigint NOT NULL,
  created_at bigint NOT NULL
);
CREATE INDEX artifacts_by_hash ON artifacts (sha256);

CREATE TABLE access_tokens (
  token_hash bytea PRIMARY KEY,
  token_id text NOT NULL UNIQUE,
  staff_id text NOT NULL REFERENCES staff,
  name text NOT NULL,
  created_at bigint NOT NULL,
  used_at bigint,
  revoked_at bigint
);
CREATE TABLE idempotency_keys (
  caller text NOT NULL,
  key text NOT NULL,
  run_id text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (caller, key)
);
CREATE TABLE webhooks (
  webhook_id text PRIMARY KEY,
  name text NOT NULL,
  description text,
  url text NOT NULL,
  events jsonb NOT NULL,
  sealed_secret bytea,
  status text NOT NULL CHECK (status IN ('ACTIVE', 'DISABLED')),
  creation_time bigint NOT NULL,
  last_updated bigint NOT NULL
);
CREATE TABLE webhook_deliveries (
  delivery_id text PRIMARY KEY,
  webhook_id text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  payload text NOT NULL,
  tries int NOT NULL DEFAULT 0,
  next_at bigint NOT NULL,
  outcome text
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at) WHERE outcome IS NULL;

INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
  SELECT experiment_id::bigint, name, 'mlflow-artifacts:/' || experiment_id, creation_time, creation_time FROM old_experiments;
INSERT INTO experiment_tags SELECT experiment_id, 'eg.system', 'true' FROM experiments;
INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, created_month)
  SELECT run_id, experiment_id::bigint, run_name, 'examsgraph', status, start_time, end_time, lifecycle_stage,
    'mlflow-artifacts:/' || experiment_id || '/' || run_id || '/artifacts', date_trunc('month', to_timestamp(start_time / 1000) AT TIME ZONE 'UTC')
  FROM old_runs;
INSERT INTO params SELECT p.run_id, r.experiment_id, p.key, p.value FROM old_params p JOIN runs r USING (run_id);
INSERT INTO tags SELECT t.run_id, r.experiment_id, t.key, t.value FROM old_tags t JOIN runs r USING (run_id);
INSERT INTO tags SELECT run_id, experiment_id, 'mlflow.runName', run_name FROM runs ON CONFLICT DO NOTHING;
INSERT INTO metrics SELECT m.run_id, m.key, m.timestamp, m.step, m.value, false, r.created_month FROM old_metrics m JOIN runs r USING (run_id);
INSERT INTO latest_metrics
  SELECT DISTINCT ON (m.run_id, m.key) m.run_id, r.experiment_id, m.key, m.value, m.is_nan, m.timestamp, m.step
  FROM metrics m JOIN runs r USING (run_id) ORDER BY m.run_id, m.key, m.step DESC, m.timestamp DESC, m.value DESC;
INSERT INTO registered_models (name, creation_time, last_updated, last_version)
  SELECT m.name, m.creation_time, m.creation_time, coalesce((SELECT max(version) FROM old_model_versions v WHERE v.name = m.name), 0)
  FROM old_registered_models m;
INSERT INTO model_versions (name, version, creation_time, last_updated, source, storage_location, run_id)
  SELECT name, version, creation_time, creation_time, 'runs:/' || run_id || '/model', '', run_id FROM old_model_versions;
INSERT INTO registered_model_aliases SELECT name, alias, version FROM old_aliases;
DROP TABLE old_aliases, old_model_versions, old_registered_models, old_metrics, old_tags, old_params, old_runs, old_experiments;
INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
  VALUES (0, 'Default', 'mlflow-artifacts:/0', 0, 0) ON CONFLICT DO NOTHING;
