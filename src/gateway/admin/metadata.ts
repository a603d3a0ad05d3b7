/** Metadata of teams and users: what their owners wrote, and the fields LiteLLM keeps there too. */
import { z } from "zod";
import { isSame } from "../../formats/json.ts";
import { count, object, texts } from "./fields.ts";
import { withKeptCredentials } from "./metadata-credentials.ts";

export type Metadata = Record<string, unknown>;

/** Numbers by a model's public name. */
export const countsByModel = z.record(z.string().max(512), count.unwrap().unwrap()).nullish();

/** What a key or team may do with which index of a vector store. */
export const vectorStoreIndexes = z
  .array(z.object({ index_name: z.string().max(512), index_permissions: z.array(z.enum(["read", "write"])) }))
  .max(1000)
  .nullish();

/** Fields keys, teams and users have in common that are kept in metadata. */
export const SHARED_METADATA_FIELDS = {
  guardrails: texts,
  prompts: texts,
  model_rpm_limit: countsByModel,
  model_tpm_limit: countsByModel,
};

/** Larger metadata makes every lookup slower, and a row of D1 may have 2 MB. */
const MAX_METADATA = 64 * 1024;

export const metadataField = object.refine((value) => JSON.stringify(value ?? {}).length <= MAX_METADATA, {
  message: `larger than ${MAX_METADATA / 1024} KB`,
});

/**
 * The metadata there is then. What is given replaces all there was; the fields kept in it are then put in, or taken out
 * where they are `null`. Credentials that come back as they were shown are those that were there.
 * @param names of the fields kept in it
 * @throws BadRequestError where such credentials would go elsewhere than before
 */
export function foldMetadata(
  names: readonly string[],
  fields: { readonly metadata?: Metadata | null },
  before: Metadata = {},
): Metadata {
  const { metadata, ...others } = fields;
  const folded: Metadata = { ...(metadata === undefined ? before : metadata) };
  for (const [name, value] of Object.entries(others)) {
    if (!names.includes(name) || value === undefined) continue;
    if (value === null) delete folded[name];
    else folded[name] = value;
  }
  return withKeptCredentials(folded, before);
}

/** What in metadata the gateway believes, or sends calls by: the proxy admin's alone. */
const TRUSTED = [
  "allow_client_mock_response",
  "allow_client_side_credentials",
  "allowed_passthrough_routes",
  "allowed_vector_store_indexes",
  "callback_settings",
  "disable_global_guardrails",
  "disable_guardrails",
  "logging",
  "priority",
  "secret_manager_settings",
];

/** The first trusted field that is not what it was. */
export function changedTrusted(before: Metadata, after: Metadata): string | undefined {
  return TRUSTED.find((name) => !isSame(before[name], after[name]));
}

/** What in metadata limits its owner or is believed by the gateway: only who sets limits may change it. */
const RESERVED = [
  "allow_client_mock_response",
  "allow_client_side_credentials",
  "allowed_passthrough_routes",
  "allowed_vector_store_indexes",
  "budget_fallbacks",
  "budget_limits",
  "callback_settings",
  "disable_global_guardrails",
  "disable_guardrails",
  "enforced_batch_output_expires_after",
  "enforced_file_expires_after",
  "enforced_params",
  "guardrails",
  "logging",
  "model_rpm_limit",
  "model_tpm_limit",
  "policies",
  "priority",
  "prompts",
  "rpm_limit_type",
  "secret_manager_settings",
  "tags",
  "team_member_budget_id",
  "team_member_key_duration",
  "temp_budget_expiry",
  "temp_budget_increase",
  "tpm_limit_type",
];

/** The first reserved field that is not what it was. */
export function changedReserved(before: Metadata, after: Metadata): string | undefined {
  return RESERVED.find((name) => !isSame(before[name], after[name]));
}
