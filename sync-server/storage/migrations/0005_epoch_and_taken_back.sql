-- Up Migration
ALTER TABLE installation ADD COLUMN epoch_ms bigint;
-- Its owner took it back while it was part of a set: should the set be freed, it does not wait again.
ALTER TABLE reports ADD COLUMN taken_back boolean NOT NULL DEFAULT false;
