/** The bodies of `/user/*`. A field that is absent says nothing; `null` is a value. */
import { z } from "zod";
import { dollars, flag, identifier, LIMIT_FIELDS, object, text, texts } from "../fields.ts";
import { metadataField, SHARED_METADATA_FIELDS } from "../metadata.ts";
import { objectPermission } from "../object-permissions.ts";
import { TeamsOfUser, USER_ROLES } from "./defaults.ts";

export const METADATA_NAMES: readonly string[] = Object.keys(SHARED_METADATA_FIELDS);

const USER_FIELDS = {
  user_alias: text,
  user_email: z.string().max(512).nullish(),
  user_role: z.enum(USER_ROLES).nullish(),
  ...LIMIT_FIELDS,
  models: texts,
  metadata: metadataField,
  allowed_cache_controls: texts,
  policies: texts,
  object_permission: objectPermission,
  ...SHARED_METADATA_FIELDS,
};

export const NewUserBody = z.object({
  user_id: identifier,
  ...USER_FIELDS,
  sso_user_id: identifier,
  teams: TeamsOfUser,
  organizations: z.array(z.string().max(512)).max(100).nullish(),
  /** For the key that is made with the user. */
  auto_create_key: z.boolean().default(true),
  key_alias: text,
  duration: text,
  team_id: identifier,
  aliases: z.record(z.string().max(512), z.string().max(512)).nullish(),
  config: object,
  permissions: object,
  blocked: flag,
});
export type NewUserFields = z.infer<typeof NewUserBody>;

const UPDATE_FIELDS = { ...USER_FIELDS, spend: dollars };
export const UpdateUserBody = z.object({ user_id: identifier, ...UPDATE_FIELDS });
export type UpdateFields = Omit<z.infer<typeof UpdateUserBody>, "user_id">;

/** Each is some statements: a Worker runs so many for one request. LiteLLM's own bound is 500. */
export const MOST_UPDATES = 100;

export const BulkUpdateBody = z.object({
  users: z.array(UpdateUserBody).nullish(),
  all_users: flag,
  user_updates: z.object(UPDATE_FIELDS).omit({ user_email: true }).nullish(),
});

export const DeleteUsersBody = z.object({ user_ids: z.array(z.string().max(512)).max(100) });
