-- Up Migration
-- The default experiment was made when the schema was, not in 1970.
UPDATE experiments SET creation_time = (extract(epoch FROM now()) * 1000)::bigint, last_update_time = (extract(epoch FROM now()) * 1000)::bigint
  WHERE experiment_id = 0 AND creation_time = 0;
