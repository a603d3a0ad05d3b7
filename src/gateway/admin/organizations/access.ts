/** What a caller is in an organization. The membership says it, not the role a user has in general. */
import { NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { findOrganization, type ListedOrganization, listOrganizations } from "../../../store/organizations.ts";
import { isAdmin, seesAll } from "../../../tenancy/roles.ts";
import type { AdminCall } from "../admin-call.ts";
import { runsOrganization } from "../teams/access.ts";

/** The organization, for the proxy admin or one who runs it. @throws PermissionDeniedError, NotFoundError */
export async function organizationToRun(call: AdminCall, id: string): Promise<ListedOrganization> {
  if (!isAdmin(call.principal.role) && !(await runsOrganization(call, id)))
    throw new PermissionDeniedError(
      `Call not allowed. User not proxy admin OR organization admin. route=${call.context.req.path}, organization_id=${id}`,
      { type: "auth_error", param: "organization_id" },
    );
  const listed = await findOrganization(call.db, id);
  if (listed === undefined) throw notFound(id);
  return listed;
}

/** The organizations among these that the caller may see, and all there are where none is named. */
export async function visibleOrganizations(
  call: AdminCall,
  { ids, alias, most }: { ids?: readonly string[]; alias?: string; most: number },
): Promise<ListedOrganization[]> {
  const { role, userId } = call.principal;
  const limit = seesAll(role) ? {} : { member: userId ?? "" };
  return listOrganizations(call.db, { ...limit, ids, alias, most });
}

export function notFound(id: string): NotFoundError {
  return new NotFoundError(`Organization not found for organization_id=${id}`, { param: "organization_id" });
}
