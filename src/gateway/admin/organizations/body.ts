/** The bodies of `/organization/*`. A field that is absent says nothing; `null` is a value. */
import { z } from "zod";
import { dollars, flag, identifier, orEmptyText, text, texts } from "../fields.ts";
import { countsByModel, metadataField } from "../metadata.ts";
import { objectPermission } from "../object-permissions.ts";
import { TIER_FIELDS } from "../tiers.ts";

/** Kept in metadata. */
const METADATA_FIELDS = { tags: texts, model_rpm_limit: countsByModel, model_tpm_limit: countsByModel };
export const METADATA_NAMES: readonly string[] = Object.keys(METADATA_FIELDS);

const organization_id = z.string().min(1).max(512);
const organization_alias = z.string().min(1).max(4096);

const FIELDS = { models: texts, blocked: flag, object_permission: objectPermission, metadata: metadataField };

export const NewBody = z.object({
  organization_id: identifier,
  organization_alias,
  ...FIELDS,
  ...METADATA_FIELDS,
  ...TIER_FIELDS,
});

export const UpdateBody = z.object({
  organization_id,
  organization_alias: organization_alias.optional(),
  ...FIELDS,
  ...METADATA_FIELDS,
  ...TIER_FIELDS,
  /** Limits as they are shown; LiteLLM's dashboard sends them so. Those beside it count more. */
  litellm_budget_table: z.object(TIER_FIELDS).nullish(),
});
export type UpdateFields = z.infer<typeof UpdateBody>;

const ids = z.array(organization_id).max(100);
export const DeleteBody = z.object({ organization_ids: ids });
export const OrganizationsBody = z.object({ organizations: ids });
export const InfoQuery = z.object({ organization_id });
export const ListQuery = z.object({ org_id: text, org_alias: text });

/** What somebody may be within an organization. */
export const MEMBER_ROLES = ["org_admin", "internal_user", "internal_user_viewer"] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

const user = { user_id: orEmptyText(identifier), user_email: orEmptyText(z.string().min(1).max(512).nullish()) };
const NAMELESS = { message: "Either user_id or user_email must be provided" };

export const Member = z
  .object({ ...user, role: z.enum(MEMBER_ROLES) })
  .refine(({ user_id, user_email }) => user_id != null || user_email != null, NAMELESS);
export type MemberFields = z.infer<typeof Member>;

/** A row of D1's batch each. */
const MOST_MEMBERS = 500;

export const MemberAddBody = z.object({
  organization_id,
  member: z.union([Member, z.array(Member).max(MOST_MEMBERS)]),
  max_budget_in_organization: dollars,
});

export const MemberUpdateBody = z.object({
  organization_id,
  ...user,
  role: z.enum(MEMBER_ROLES).nullish(),
  max_budget_in_organization: dollars,
  /** As `member_add` has it: Terraform's provider sends it here too. */
  member: z.object({ ...user, role: z.enum(MEMBER_ROLES).nullish() }).nullish(),
});

export const MemberDeleteBody = z.object({ organization_id, ...user });
