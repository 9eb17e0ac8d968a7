-- Up Migration
-- A run's revision begins at the time, in microseconds, so that a run purged and sent again has none that it had before.
ALTER TABLE runs ALTER COLUMN rev SET DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
