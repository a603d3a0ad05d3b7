/** Metadata of teams and users: what their owners wrote, and the fields LiteLLM keeps there too. */
import { z } from "zod";
import { isRecord } from "../../formats/json.ts";
import { Secret } from "../../providers/secret.ts";
import { hideSecrets } from "../../router/settings/environment.ts";
import { count, object, texts } from "./fields.ts";

export type Metadata = Record<string, unknown>;

/** Numbers by a model's public name. */
export const countsByModel = z.record(z.string().max(512), count.unwrap().unwrap()).nullish();

/** Fields teams and users have in common that are kept in metadata. */
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
 * where they are `null`. A secret that comes back as it was shown is the one that was there.
 * @param names of the fields kept in it
 */
export function foldMetadata(
  names: readonly string[],
  fields: { readonly metadata?: Metadata | null },
  before: Metadata = {},
): Metadata {
  const { metadata, ...others } = fields;
  const folded: Metadata = { ...(metadata === undefined ? before : restored(metadata ?? {}, before)) };
  for (const [name, value] of Object.entries(others)) {
    if (!names.includes(name) || value === undefined) continue;
    if (value === null) delete folded[name];
    else folded[name] = value;
  }
  return folded;
}

/** Where credentials are: they are written, never read. */
const WITH_CREDENTIALS = ["logging", "callback_settings", "secret_manager_settings"];

/** As routes show it. */
export function shownMetadata(metadata: Metadata): Metadata {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name,
      WITH_CREDENTIALS.includes(name) ? hideSecrets(value) : value,
    ]),
  );
}

const HIDDEN = new Secret("").toString();

function restored(metadata: Metadata, before: Metadata): Metadata {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name,
      WITH_CREDENTIALS.includes(name) ? withSecrets(value, before[name]) : value,
    ]),
  );
}

function withSecrets(value: unknown, before: unknown): unknown {
  if (value === HIDDEN) return before;
  if (Array.isArray(value)) {
    const old: readonly unknown[] = Array.isArray(before) ? before : [];
    return value.map((item, index) => withSecrets(item, old[index]));
  }
  if (!isRecord(value)) return value;
  const old = isRecord(before) ? before : {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withSecrets(inner, old[name])]));
}

/** What in metadata the gateway believes, or sends calls by: the proxy admin's alone. */
const TRUSTED = [
  "allow_client_mock_response",
  "allowed_passthrough_routes",
  "callback_settings",
  "disable_global_guardrails",
  "disable_guardrails",
  "logging",
  "secret_manager_settings",
];

/** The first trusted field that is not what it was. */
export function changedTrusted(before: Metadata, after: Metadata): string | undefined {
  return TRUSTED.find((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** What in metadata limits its owner or is believed by the gateway: only who sets limits may change it. */
const RESERVED = [
  "allow_client_mock_response",
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
  return RESERVED.find((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
