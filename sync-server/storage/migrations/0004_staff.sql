-- Up Migration
CREATE TABLE setup_codes (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  code_hash bytea NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);
CREATE TABLE staff (
  staff_id text PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'auditor', 'analyst')),
  created_at bigint NOT NULL,
  seen_at bigint,
  is_removed boolean NOT NULL DEFAULT false
);
CREATE TABLE passkeys (
  credential_id text PRIMARY KEY,
  staff_id text NOT NULL REFERENCES staff,
  public_key bytea NOT NULL,
  counter bigint NOT NULL,
  transports text NOT NULL
);
CREATE TABLE recovery_codes (
  staff_id text NOT NULL REFERENCES staff,
  code_hash text NOT NULL,
  used_at bigint,
  PRIMARY KEY (staff_id, code_hash)
);
CREATE TABLE sessions (
  token_hash bytea PRIMARY KEY,
  staff_id text NOT NULL REFERENCES staff,
  created_at bigint NOT NULL,
  seen_at bigint NOT NULL
);
CREATE TABLE invites (
  token_hash bytea PRIMARY KEY,
  role text NOT NULL CHECK (role IN ('admin', 'auditor', 'analyst')),
  name text NOT NULL,
  invited_by text REFERENCES staff,
  expires_at bigint NOT NULL,
  used_at bigint
);
CREATE TABLE ceremonies (
  id text PRIMARY KEY,
  challenge text NOT NULL,
  grant_hash bytea,
  staff_id text,
  expires_at bigint NOT NULL
);
-- Who did what: appended, never changed.
CREATE TABLE staff_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  staff_id text,
  role text,
  action text NOT NULL,
  target text,
  reason text
);
CREATE TRIGGER staff_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
