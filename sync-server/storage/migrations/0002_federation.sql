-- Up Migration
CREATE TABLE challenges (
  challenge bytea PRIMARY KEY CHECK (length(challenge) = 16),
  expires_at bigint NOT NULL
);

CREATE TABLE devices (
  device_pk bytea PRIMARY KEY CHECK (length(device_pk) = 32),
  account_pk bytea NOT NULL CHECK (length(account_pk) = 32),
  account_id bytea NOT NULL CHECK (length(account_id) = 16),
  bearer_hash bytea NOT NULL UNIQUE,
  enrolled_at bigint NOT NULL,
  seen_at bigint NOT NULL
);
CREATE INDEX devices_by_account ON devices (account_id);

-- The transparency log: entries are appended one by one and never touched again.
CREATE TABLE log_leaf (
  idx bigint PRIMARY KEY CHECK (idx >= 0),
  entry text NOT NULL,
  leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32)
);
CREATE TABLE checkpoints (
  size bigint PRIMARY KEY,
  note text NOT NULL,
  cosigned_at bigint NOT NULL
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only';
END $$;
CREATE TRIGGER log_leaf_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaf FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE task_configs (
  config_hash bytea PRIMARY KEY,
  task_id bytea NOT NULL CHECK (length(task_id) = 16),
  from_slot int NOT NULL CHECK (from_slot >= 1),
  config jsonb NOT NULL,
  helper_signature bytea NOT NULL CHECK (length(helper_signature) = 64),
  log_index bigint NOT NULL REFERENCES log_leaf,
  UNIQUE (task_id, from_slot)
);

CREATE TABLE reports (
  arrival bigint GENERATED ALWAYS AS IDENTITY,
  task_id bytea NOT NULL,
  report_id bytea NOT NULL CHECK (length(report_id) = 16),
  config_hash bytea NOT NULL REFERENCES task_configs,
  device_pk bytea NOT NULL,
  account_id bytea NOT NULL,
  base_version int NOT NULL,
  body_sha256 bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('held', 'frozen', 'landed', 'withdrawn', 'expired', 'rejected', 'lost', 'erased')),
  reason text,
  t int,
  leader_box bytea,
  helper_box bytea,
  leader_box_hash bytea NOT NULL,
  received_at bigint NOT NULL,
  PRIMARY KEY (task_id, report_id),
  CHECK ((state IN ('held', 'frozen')) = (leader_box IS NOT NULL)),
  CHECK ((state IN ('frozen', 'landed', 'lost')) = (t IS NOT NULL))
);
-- One account has at most one report under way, and lands at most once in a slot.
CREATE UNIQUE INDEX reports_one_open ON reports (task_id, account_id) WHERE state IN ('held', 'frozen');
CREATE UNIQUE INDEX reports_one_landing ON reports (task_id, account_id, t) WHERE state IN ('landed', 'lost');
CREATE INDEX reports_by_state ON reports (task_id, state, arrival);

CREATE TABLE refused_reports (
  task_id bytea NOT NULL,
  reason text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (task_id, reason)
);

CREATE TABLE flushes (
  task_id bytea NOT NULL,
  t int NOT NULL CHECK (t >= 1),
  state text NOT NULL CHECK (state IN ('frozen', 'released', 'lost')),
  config_hash bytea NOT NULL REFERENCES task_configs,
  k int NOT NULL,
  set_root bytea NOT NULL,
  request bytea,
  masked_sum bytea,
  response_sha256 bytea,
  sum bytea,
  frozen_at bigint NOT NULL,
  released_at bigint,
  log_index bigint REFERENCES log_leaf,
  PRIMARY KEY (task_id, t),
  CHECK ((state = 'released') = (sum IS NOT NULL)),
  CHECK ((state = 'frozen') = (request IS NOT NULL))
);
CREATE UNIQUE INDEX flushes_one_open ON flushes (task_id) WHERE state = 'frozen';

-- The leader's own noise, drawn with the freeze and never drawn again.
CREATE TABLE leader_noise (
  task_id bytea NOT NULL,
  t int NOT NULL,
  config_hash bytea NOT NULL,
  y bytea NOT NULL,
  PRIMARY KEY (task_id, t)
);

CREATE TABLE models (
  task_id bytea NOT NULL,
  version int NOT NULL CHECK (version >= 0),
  base_version int,
  slot int NOT NULL,
  config_hash bytea NOT NULL,
  weights bytea NOT NULL,
  weights_sha256 bytea NOT NULL,
  base_sha256 bytea NOT NULL,
  optimizer bytea NOT NULL,
  gates jsonb NOT NULL,
  status text NOT NULL CHECK (status IN ('candidate', 'released', 'revoked')),
  created_at bigint NOT NULL,
  run_id text,
  release jsonb,
  release_signature text,
  log_index bigint REFERENCES log_leaf,
  PRIMARY KEY (task_id, version),
  UNIQUE (task_id, slot),
  CHECK ((status = 'candidate') = (release IS NULL))
);
CREATE TABLE model_aliases (
  task_id bytea NOT NULL,
  alias text NOT NULL,
  version int NOT NULL,
  FOREIGN KEY (task_id, version) REFERENCES models (task_id, version),
  PRIMARY KEY (task_id, alias)
);

CREATE TABLE consents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bytea NOT NULL,
  record jsonb NOT NULL,
  at bigint NOT NULL
);
CREATE TABLE erasures (
  reference text PRIMARY KEY,
  account_id bytea NOT NULL,
  requested_at bigint NOT NULL,
  done_at bigint
);
