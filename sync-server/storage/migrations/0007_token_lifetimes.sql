-- Up Migration
-- A token ends by itself, and may be one that only reads. Tokens made before end 90 days after they were made.
ALTER TABLE access_tokens ADD COLUMN expires_at bigint;
UPDATE access_tokens SET expires_at = created_at + 7776000000;
ALTER TABLE access_tokens ALTER COLUMN expires_at SET NOT NULL;
ALTER TABLE access_tokens ADD COLUMN is_read_only boolean NOT NULL DEFAULT false;
