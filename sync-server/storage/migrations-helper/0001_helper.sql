-- Up Migration
CREATE TABLE helper_identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  identity bytea NOT NULL CHECK (length(identity) = 16)
);
CREATE TABLE approved_configs (
  config_hash bytea PRIMARY KEY,
  task_id bytea NOT NULL,
  from_slot int NOT NULL,
  config jsonb NOT NULL,
  UNIQUE (task_id, from_slot)
);
-- One row per answered slot. Ids, tags and hashes stay; the response goes once a later slot is answered.
CREATE TABLE answered (
  task_id bytea NOT NULL,
  t int NOT NULL CHECK (t >= 1),
  config_hash bytea NOT NULL REFERENCES approved_configs,
  k int NOT NULL,
  set_root bytea NOT NULL,
  request_sha256 bytea NOT NULL,
  response bytea,
  response_sha256 bytea NOT NULL,
  PRIMARY KEY (task_id, t)
);
CREATE TABLE seen_reports (
  task_id bytea NOT NULL,
  report_id bytea NOT NULL,
  t int NOT NULL,
  PRIMARY KEY (task_id, report_id)
);
CREATE TABLE tags (
  budget_family bytea NOT NULL,
  account_tag bytea NOT NULL,
  task_id bytea NOT NULL,
  t int NOT NULL,
  PRIMARY KEY (budget_family, account_tag, task_id, t)
);
-- Noise of the last b - 1 slots, filled or not.
CREATE TABLE noise (
  task_id bytea NOT NULL,
  t int NOT NULL,
  config_hash bytea NOT NULL,
  y bytea NOT NULL,
  PRIMARY KEY (task_id, t)
);
CREATE TABLE witnessed (
  idx bigint PRIMARY KEY,
  leaf_hash bytea NOT NULL
);
CREATE TABLE cosigned (
  size bigint PRIMARY KEY,
  root bytea NOT NULL,
  at bigint NOT NULL
);
-- Tasks whose released slots the log knows and this database does not: it was restored from an older backup.
CREATE TABLE rewound (
  task_id bytea PRIMARY KEY,
  logged_t int NOT NULL
);
