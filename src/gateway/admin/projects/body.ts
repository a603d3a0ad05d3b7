/** The bodies of `/project/*`. A field that is absent says nothing; `null` is a value. */
import { z } from "zod";
import { flag, identifier, text, texts } from "../fields.ts";
import { countsByModel, metadataField } from "../metadata.ts";
import { objectPermission } from "../object-permissions.ts";
import { TIER_FIELDS } from "../tiers.ts";

/** Kept in metadata. */
const METADATA_FIELDS = { tags: texts, guardrails: texts, policies: texts };
export const METADATA_NAMES: readonly string[] = Object.keys(METADATA_FIELDS);

const id = z.string().min(1).max(512);

const FIELDS = {
  project_alias: text,
  description: text,
  metadata: metadataField,
  models: texts,
  model_rpm_limit: countsByModel,
  model_tpm_limit: countsByModel,
  blocked: flag,
  object_permission: objectPermission,
  ...METADATA_FIELDS,
  ...TIER_FIELDS,
};

export const NewBody = z.object({ project_id: identifier, team_id: id, ...FIELDS });
/** A project is always a team's: it goes to another, not to none. */
export const UpdateBody = z.object({ project_id: id, team_id: id.optional(), ...FIELDS });
export type UpdateFields = z.infer<typeof UpdateBody>;
export const DeleteBody = z.object({ project_ids: z.array(id).max(100) });
export const InfoQuery = z.object({ project_id: z.string() });
