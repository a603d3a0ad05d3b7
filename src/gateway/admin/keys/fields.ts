/** The bodies of `/key/*`. A field that is absent says nothing; `null` is a value. */
import { z } from "zod";
import { parseDuration } from "../../../limits/window.ts";
import { dollars, duration, flag, identifier, LIMIT_FIELDS, object, orEmptyText, text, texts } from "../fields.ts";
import { metadataField, SHARED_METADATA_FIELDS, vectorStoreIndexes } from "../metadata.ts";
import { objectPermission } from "../object-permissions.ts";

/** How long a key works: `30d`; `-1` for ever. */
const lifetime = period(["-1"]);
const interval = period([]);

const limitType = z.enum(["guaranteed_throughput", "best_effort_throughput", "dynamic"]).nullish();

/** Fields that are kept in `metadata`, as LiteLLM does; `null` takes one out of it. */
export const METADATA_FIELDS = {
  ...SHARED_METADATA_FIELDS,
  policies: texts,
  tags: texts,
  rpm_limit_type: limitType,
  tpm_limit_type: limitType,
  temp_budget_increase: dollars,
  temp_budget_expiry: z.iso.datetime({ offset: true, local: true }).or(z.iso.date()).nullish(),
  enforced_params: texts,
  allowed_passthrough_routes: texts,
  allowed_vector_store_indexes: vectorStoreIndexes,
  budget_limits: z
    .array(z.object({ budget_duration: duration.unwrap().unwrap(), max_budget: z.number().min(0).max(1e9) }))
    .max(20)
    .nullish(),
  budget_fallbacks: z.record(z.string(), z.array(z.string())).nullish(),
  disable_global_guardrails: flag,
  service_account_id: text,
  logging: z.array(z.record(z.string(), z.unknown())).max(100).nullish(),
};

const KEY_FIELDS = {
  key_alias: text,
  duration: lifetime,
  models: texts,
  spend: dollars,
  user_id: identifier,
  team_id: identifier,
  agent_id: identifier,
  project_id: identifier,
  organization_id: identifier,
  budget_id: identifier,
  ...LIMIT_FIELDS,
  metadata: metadataField,
  allowed_cache_controls: texts,
  config: object,
  permissions: object,
  blocked: flag,
  aliases: z.record(z.string(), z.string()).nullish(),
  object_permission: objectPermission,
  allowed_routes: texts,
  access_group_ids: texts,
  router_settings: object,
  auto_rotate: flag,
  rotation_interval: interval,
  key_type: z.enum(["default", "llm_api", "management", "read_only"]).nullish(),
  /** Taken, and without effect: no mail is sent. */
  send_invite_email: flag,
  ...METADATA_FIELDS,
};

export const GenerateBody = z.object({ ...KEY_FIELDS, key: text });
export const UpdateBody = z.object({
  ...KEY_FIELDS,
  key: z.string().max(4096),
  key_alias: orEmptyText(text),
  team_id: orEmptyText(identifier),
  budget_duration: orEmptyText(duration),
});
export const RegenerateBody = z.object({
  ...KEY_FIELDS,
  key: text,
  new_key: text,
  new_master_key: text,
  grace_period: interval,
});
/** What a key is: whatever its three bodies have in common. */
export type KeyFields = Omit<z.infer<typeof GenerateBody>, "key">;

/** LiteLLM's; the body is read before the number is known. */
export const MOST_UPDATES = 500;
export const BulkUpdateBody = z.object({
  keys: z.array(
    z.object({
      key: z.string().max(4096),
      budget_id: identifier,
      max_budget: dollars,
      team_id: identifier,
      tags: texts,
    }),
  ),
});

/** Each is a statement and a question to an object: a Worker has so many for one request. */
const MOST_KEYS = 200;
export const KeysBody = z.object({
  keys: z.array(z.string().max(4096)).max(MOST_KEYS).nullish(),
  key_aliases: z.array(z.string().max(4096)).max(MOST_KEYS).nullish(),
});
export const KeyBody = z.object({ key: z.string().min(1).max(4096) });
export const ResetBody = z.object({ reset_to: z.number() });

function period(others: readonly string[]) {
  return z
    .string()
    .nullish()
    .superRefine((value, context) => {
      if (value === null || value === undefined || others.includes(value)) return;
      try {
        parseDuration(value);
      } catch (error) {
        context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
      }
    });
}
