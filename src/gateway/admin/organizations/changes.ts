/** Organizations made and changed. */

import { eq } from "drizzle-orm";
import type { z } from "zod";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { defined } from "../../../formats/json.ts";
import { isDuplicate } from "../../../store/database.ts";
import { findOrganization, type ListedOrganization } from "../../../store/organizations.ts";
import { type OrganizationRow, organizations } from "../../../store/schema/index.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { AdminCall } from "../admin-call.ts";
import { changedReserved } from "../metadata.ts";
import { withSealed } from "../metadata-credentials.ts";
import { changedMetadata } from "../metadata-fields.ts";
import { changedPermission } from "../object-permissions.ts";
import { changeTier, emptyTier, newTier, splitTier, type TierFields } from "../tiers.ts";
import { notFound } from "./access.ts";
import { METADATA_NAMES, type NewBody, type UpdateFields } from "./body.ts";

/** Every organization has a tier, if one that limits nothing. @throws BadRequestError where the id is taken */
export async function createOrganization(call: AdminCall, body: z.infer<typeof NewBody>): Promise<ListedOrganization> {
  const { tier: limits, rest } = splitTier(body);
  const id = rest.organization_id ?? crypto.randomUUID();
  if (await findOrganization(call.db, id)) throw taken(id); // before a tier is made for it
  const tier = (await newTier(call, limits)) ?? (await emptyTier(call));
  const { actor, nowText } = call;
  const organization: OrganizationRow = await withSealed(call, scopeOf.organization(id), {
    organization_id: id,
    organization_alias: rest.organization_alias,
    budget_id: tier.budget_id,
    metadata: changedMetadata({}, rest, METADATA_NAMES) ?? {},
    models: rest.models ?? [],
    blocked: rest.blocked ?? false,
    object_permission: changedPermission(null, rest.object_permission) ?? null,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  });
  try {
    await call.db.insert(organizations).values(organization);
  } catch (error) {
    throw isDuplicate(error) ? taken(id) : error;
  }
  return { organization, tier };
}

export async function updateOrganization(
  call: AdminCall,
  { organization: before }: ListedOrganization,
  { litellm_budget_table, ...body }: UpdateFields,
): Promise<ListedOrganization> {
  const { tier: beside, rest } = splitTier(body);
  const limits: TierFields = { ...litellm_budget_table, ...defined(beside) };
  const metadata = changedMetadata(before.metadata, rest, METADATA_NAMES);
  if (!isAdmin(call.principal.role)) refuseBounds({ ...rest, ...limits }, before, metadata);
  const tier = (await changeTier(call, before.budget_id, limits)) ?? (await emptyTier(call));
  const permission = changedPermission(before.object_permission, rest.object_permission);
  const [organization] = await call.db
    .update(organizations)
    .set({
      ...defined({ organization_alias: rest.organization_alias, object_permission: permission }),
      ...(await withSealed(call, scopeOf.organization(before.organization_id), defined({ metadata }))),
      ...(rest.models !== undefined && { models: rest.models ?? [] }),
      ...(rest.blocked !== undefined && { blocked: rest.blocked ?? false }),
      budget_id: tier.budget_id,
      updated_at: call.nowText,
      updated_by: call.actor,
    })
    .where(eq(organizations.organization_id, before.organization_id))
    .returning();
  if (organization === undefined) throw notFound(before.organization_id);
  return { organization, tier };
}

/** What its own admins may change of it; the rest bounds them. */
const FREE = new Set(["organization_id", "organization_alias", "metadata", ...METADATA_NAMES]);

/** @throws PermissionDeniedError where somebody who runs the organization would change what bounds it */
function refuseBounds(
  fields: Readonly<Record<string, unknown>>,
  before: OrganizationRow,
  metadata: Record<string, unknown> | undefined,
): void {
  const said = Object.keys(fields).find((name) => fields[name] !== undefined && !FREE.has(name));
  const field = said ?? (metadata && changedReserved(before.metadata, metadata));
  if (field === undefined) return;
  throw new PermissionDeniedError(`Only the proxy admin may change '${field}' of an organization.`, {
    type: "auth_error",
    param: field,
  });
}

function taken(id: string): BadRequestError {
  return new BadRequestError(`Organization id = ${id} already exists. Please use a different organization id.`, {
    type: "bad_request",
    param: "organization_id",
  });
}
