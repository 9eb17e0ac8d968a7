import * as z from 'zod/mini';

const double = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const keyText = z.object({ key: z.string(), value: z.string() });
const list = <T extends z.ZodMiniType>(of: T) => z.optional(z.array(of));
const text = z.string();
const maybe = z.optional(z.string());

/** A metric as it is told. */
export const metricReply = z.object({
  key: text,
  value: double,
  timestamp: z.number(),
  step: z.number(),
  run_id: maybe,
  model_id: maybe,
  dataset_name: maybe,
  dataset_digest: maybe,
});

/** An experiment as it is told. */
export const experimentReply = z.object({
  experiment_id: text,
  name: text,
  artifact_location: text,
  lifecycle_stage: text,
  creation_time: z.number(),
  last_update_time: z.number(),
  tags: list(keyText),
});

/** What is known of a run itself. */
export const runInfoReply = z.object({
  run_id: text,
  run_uuid: text,
  run_name: text,
  experiment_id: text,
  user_id: text,
  status: text,
  start_time: z.number(),
  end_time: z.optional(z.number()),
  artifact_uri: text,
  lifecycle_stage: text,
});

const dataset = z.object({ name: text, digest: text, source_type: text, source: text, schema: maybe, profile: maybe });

/** A run with what was logged: the latest value of every metric, parameters, tags, inputs. */
export const runReply = z.object({
  info: runInfoReply,
  data: z.object({ metrics: list(metricReply), params: list(keyText), tags: list(keyText) }),
  inputs: z.optional(
    z.object({
      dataset_inputs: list(z.object({ tags: list(keyText), dataset })),
      model_inputs: list(z.object({ model_id: text })),
    }),
  ),
  outputs: z.optional(z.object({ model_outputs: list(z.object({ model_id: text, step: z.number() })) })),
});

/** A file or folder of artifacts. */
export const fileReply = z.object({ path: text, is_dir: z.boolean(), file_size: z.optional(z.number()) });

/** A version of a registered model. */
export const versionReply = z.object({
  name: text,
  version: text,
  creation_timestamp: z.number(),
  last_updated_timestamp: z.number(),
  user_id: maybe,
  current_stage: text,
  description: text,
  source: text,
  run_id: text,
  status: text,
  status_message: maybe,
  run_link: text,
  model_id: maybe,
  tags: list(keyText),
  aliases: list(text),
});

/** A registered model. */
export const modelReply = z.object({
  name: text,
  creation_timestamp: z.number(),
  last_updated_timestamp: z.number(),
  description: text,
  latest_versions: list(versionReply),
  tags: list(keyText),
  aliases: list(z.object({ alias: text, version: text })),
});

/** A logged model: what a run made, before anybody registers it. */
export const loggedModelReply = z.object({
  info: z.object({
    model_id: text,
    experiment_id: text,
    name: text,
    creation_timestamp_ms: z.number(),
    last_updated_timestamp_ms: z.number(),
    artifact_uri: text,
    status: text,
    creator_id: maybe,
    model_type: maybe,
    source_run_id: maybe,
    status_message: maybe,
    tags: list(keyText),
  }),
  data: z.object({ params: list(keyText), metrics: list(metricReply) }),
});

const webhookEvent = z.object({ entity: text, action: text });

/** A webhook; its secret is never told. */
export const webhookReply = z.object({
  webhook_id: text,
  name: text,
  description: maybe,
  url: text,
  events: z.array(webhookEvent),
  status: text,
  creation_timestamp: z.number(),
  last_updated_timestamp: z.number(),
});

/** A promotion, as it was written down. */
export const registryEventReply = z.object({
  id: z.number(),
  at: z.number(),
  name: text,
  version: z.optional(z.number()),
  kind: text,
  detail: text,
  by: text,
});

/** A page of something. */
export const pageOf = <Name extends string, T extends z.ZodMiniType>(name: Name, of: T) =>
  z.object({ [name]: list(of), next_page_token: maybe } as Record<Name, z.ZodMiniOptional<z.ZodMiniArray<T>>> & {
    next_page_token: typeof maybe;
  });
