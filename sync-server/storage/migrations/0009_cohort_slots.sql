-- Up Migration
-- What a released sum of statistics says, decoded once: the mean of each cell, and the run it was logged as.
CREATE TABLE cohort_slots (
  task_id bytea NOT NULL,
  t integer NOT NULL,
  cells double precision[] NOT NULL,
  released_at bigint NOT NULL,
  run_id text NOT NULL,
  PRIMARY KEY (task_id, t),
  FOREIGN KEY (task_id, t) REFERENCES flushes (task_id, t)
);
