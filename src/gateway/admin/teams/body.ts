/** The bodies of `/team/*`. A field that is absent says nothing; `null` is a value. */
import { z } from "zod";
import { expiresAfterSchema } from "../../../batches/batch.ts";
import { count, dollars, duration, flag, identifier, LIMIT_FIELDS, object, text, texts } from "../fields.ts";
import { metadataField, SHARED_METADATA_FIELDS, vectorStoreIndexes } from "../metadata.ts";
import { objectPermission } from "../object-permissions.ts";

const limitType = z.enum(["guaranteed_throughput", "best_effort_throughput"]).nullish();

/** Kept in metadata. */
const METADATA_FIELDS = {
  ...SHARED_METADATA_FIELDS,
  tags: texts,
  rpm_limit_type: limitType,
  tpm_limit_type: limitType,
  allowed_passthrough_routes: texts,
  secret_manager_settings: object,
  team_member_key_duration: duration,
  allowed_vector_store_indexes: vectorStoreIndexes,
  enforced_batch_output_expires_after: expiresAfterSchema.nullish(),
  enforced_file_expires_after: expiresAfterSchema.nullish(),
};
export const METADATA_NAMES: readonly string[] = Object.keys(METADATA_FIELDS);

const ids = z.array(z.string().max(512)).max(10_000).nullish();

/** The tier of members that have none of their own. */
const MEMBER_TIER_FIELDS = {
  team_member_budget: dollars,
  team_member_budget_duration: duration,
  team_member_rpm_limit: count,
  team_member_tpm_limit: count,
};

const TEAM_FIELDS = {
  team_alias: text,
  /** An empty text takes the team out of its organization, as in LiteLLM. */
  organization_id: z.string().max(512).nullish(),
  ...LIMIT_FIELDS,
  metadata: metadataField,
  models: texts,
  blocked: flag,
  router_settings: object,
  access_group_ids: ids,
  policies: texts,
  model_aliases: z.record(z.string().max(512), z.string().max(512)).nullish(),
  object_permission: objectPermission,
  team_member_permissions: z.array(z.string().max(256)).max(100).nullish(),
  ...MEMBER_TIER_FIELDS,
  ...METADATA_FIELDS,
};

/** A row of D1's batch each; LiteLLM's own bound. */
export const MOST_MEMBERS = 500;

export const Member = z
  .object({ user_id: identifier, user_email: z.string().min(1).max(512).nullish(), role: z.enum(["admin", "user"]) })
  .refine(({ user_id, user_email }) => user_id != null || user_email != null, {
    message: "Either user_id or user_email must be provided",
  });
export type MemberFields = z.infer<typeof Member>;

export const NewTeamBody = z.object({
  team_id: identifier,
  ...TEAM_FIELDS,
  members_with_roles: z.array(Member).max(MOST_MEMBERS).nullish(),
});
export const UpdateTeamBody = z.object({ team_id: z.string().max(512), ...TEAM_FIELDS });
export type TeamFields = Omit<z.infer<typeof UpdateTeamBody>, "team_id">;

const team_id = z.string().max(512);

export const TeamBody = z.object({ team_id });
export const TeamsBody = z.object({ team_ids: z.array(team_id).max(100) });
export const TeamModelsBody = z.object({ team_id, models: z.array(z.string().max(512)).max(10_000) });
/** `null` is none: what Go makes of an empty list, and Terraform sends. */
export const PermissionsBody = z.object({
  team_id,
  team_member_permissions: z.array(z.string().max(256)).max(100).nullable(),
});

export const MemberAddBody = z.object({
  team_id,
  member: z.union([Member, z.array(Member).max(MOST_MEMBERS)]),
  max_budget_in_team: dollars,
});
export const BulkMemberAddBody = z.object({
  team_id,
  members: z.array(Member).nullish(),
  all_users: flag,
  max_budget_in_team: dollars,
});
const MEMBER_OF_TEAM = { team_id, user_id: identifier, user_email: z.string().max(512).nullish() };
export const MemberDeleteBody = z.object(MEMBER_OF_TEAM);
export const MemberUpdateBody = z.object({
  ...MEMBER_OF_TEAM,
  role: z.enum(["admin", "user"]).nullish(),
  max_budget_in_team: dollars,
  tpm_limit: count,
  rpm_limit: count,
});

export const CallbackBody = z.object({
  callback_name: z.string().min(1).max(256),
  callback_type: z.enum(["success", "failure", "success_and_failure"]).nullish(),
  callback_vars: z.record(z.string().max(256), z.string().max(16_384)),
});
