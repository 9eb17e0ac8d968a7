-- Up Migration
-- MLflow's nouns: runs of flushes and evaluations, and the registry of global models.
CREATE TABLE experiments (
  experiment_id text PRIMARY KEY,
  name text NOT NULL UNIQUE,
  lifecycle_stage text NOT NULL DEFAULT 'active' CHECK (lifecycle_stage IN ('active', 'deleted')),
  creation_time bigint NOT NULL
);
CREATE TABLE runs (
  run_id text PRIMARY KEY CHECK (run_id ~ '^[0-9a-f]{32}$'),
  experiment_id text NOT NULL REFERENCES experiments,
  run_name text NOT NULL,
  status text NOT NULL CHECK (status IN ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
  start_time bigint NOT NULL,
  end_time bigint,
  lifecycle_stage text NOT NULL DEFAULT 'active' CHECK (lifecycle_stage IN ('active', 'deleted'))
);
CREATE TABLE params (
  run_id text NOT NULL REFERENCES runs,
  key text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (run_id, key)
);
CREATE TABLE tags (
  run_id text NOT NULL REFERENCES runs,
  key text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (run_id, key)
);
CREATE TABLE metrics (
  run_id text NOT NULL REFERENCES runs,
  key text NOT NULL,
  timestamp bigint NOT NULL,
  step bigint NOT NULL,
  value double precision NOT NULL,
  PRIMARY KEY (run_id, key, timestamp, step, value)
);
CREATE TABLE registered_models (
  name text PRIMARY KEY,
  creation_time bigint NOT NULL
);
CREATE TABLE model_versions (
  name text NOT NULL REFERENCES registered_models,
  version int NOT NULL,
  run_id text NOT NULL REFERENCES runs,
  creation_time bigint NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE registered_model_aliases (
  name text NOT NULL REFERENCES registered_models,
  alias text NOT NULL,
  version int NOT NULL,
  PRIMARY KEY (name, alias)
);
