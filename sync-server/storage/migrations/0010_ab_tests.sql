-- Up Migration
-- A/B tests: registered before they run, locked by the configuration that begins them, ended with a reason.
CREATE TABLE ab_tests (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id bytea NOT NULL,
  test jsonb NOT NULL,
  hypothesis text NOT NULL,
  planned integer NOT NULL CHECK (planned > 0),
  started_by text NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint,
  decision text CHECK (decision IN ('ship', 'do-not-ship', 'discuss')),
  reason text,
  CHECK ((ended_at IS NULL) = (decision IS NULL) AND (decision IS NULL) = (reason IS NULL))
);
