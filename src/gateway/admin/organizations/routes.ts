/** `/organization/*` */
import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { among } from "../../../store/among.ts";
import { deleteOrganizations, listOrganizations } from "../../../store/organizations.ts";
import { listProjects } from "../../../store/projects.ts";
import { teams } from "../../../store/schema/index.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed, queryOf } from "../admin-call.ts";
import { listedUserViews } from "../users/view.ts";
import { notFound, organizationToRun, visibleOrganizations } from "./access.ts";
import {
  DeleteBody,
  InfoQuery,
  ListQuery,
  MemberAddBody,
  MemberDeleteBody,
  MemberUpdateBody,
  NewBody,
  OrganizationsBody,
  UpdateBody,
} from "./body.ts";
import { createOrganization, updateOrganization } from "./changes.ts";
import { addMembers, membershipOf, removeMember, updateMember } from "./members.ts";
import { fullView, fullViews, memberViews, organizationSpend, organizationView, plainViews } from "./view.ts";

const TABLE = "LiteLLM_OrganizationTable";
const MOST_LISTED = 1000;
const tag = "organizations";

export const organizationRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/organization/new"],
    access: "admin",
    summary: "Make an organization",
    tag,
    body: NewBody,
    async handle(call) {
      const made = await createOrganization(call, await bodyOf(call, NewBody));
      const view = organizationView(made, await organizationSpend(call, made), call);
      await changed(call, { table: TABLE, id: view.organization_id, action: "created", after: view });
      return view;
    },
  }),
  adminRoute({
    method: "PATCH",
    paths: ["/organization/update"],
    access: "manage",
    summary: "Change an organization; what bounds it only the proxy admin may change",
    tag,
    body: UpdateBody,
    async handle(call) {
      const body = await bodyOf(call, UpdateBody);
      const before = await organizationToRun(call, body.organization_id);
      const view = await fullView(call, await updateOrganization(call, before, body));
      const shown = organizationView(before, 0, call);
      await changed(call, { table: TABLE, id: body.organization_id, action: "updated", before: shown, after: view });
      return view;
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ["/organization/delete"],
    access: "admin",
    summary: "Delete organizations with their teams, their projects and all their keys",
    tag,
    body: DeleteBody,
    async handle(call) {
      const { organization_ids } = await bodyOf(call, DeleteBody);
      return deleteAll(call, organization_ids);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/organization/list"],
    access: "view",
    summary: "The organizations the caller may see, up to 1,000",
    tag,
    async handle(call) {
      const { org_id, org_alias } = queryOf(call, ListQuery);
      const ids = org_id ? [org_id] : undefined;
      return fullViews(
        call,
        await visibleOrganizations(call, { ids, alias: org_alias || undefined, most: MOST_LISTED }),
      );
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/organization/info"],
    access: "view",
    summary: "One organization with its members and teams",
    tag,
    async handle(call) {
      const { organization_id } = queryOf(call, InfoQuery);
      const [listed] = await visibleOrganizations(call, { ids: [organization_id], most: 1 });
      if (listed === undefined) throw new NotFoundError("Organization not found", { param: "organization_id" });
      return fullView(call, listed);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/organization/info"],
    access: "view",
    summary: "Organizations by their ids; those that are not there are left out",
    tag,
    body: OrganizationsBody,
    async handle(call) {
      const { organizations: ids } = await bodyOf(call, OrganizationsBody);
      if (ids.length === 0)
        throw new BadRequestError("Specify list of organization id's to query. Passed in=[]", {
          param: "organizations",
        });
      return plainViews(call, await visibleOrganizations(call, { ids, most: ids.length }));
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/organization/member_add"],
    access: "manage",
    summary: "Add members to an organization",
    tag,
    body: MemberAddBody,
    async handle(call) {
      const { organization_id, member, max_budget_in_organization } = await bodyOf(call, MemberAddBody);
      await organizationToRun(call, organization_id);
      const wanted = Array.isArray(member) ? member : [member];
      const added = await addMembers(call, organization_id, wanted, max_budget_in_organization);
      return {
        organization_id,
        updated_users: await listedUserViews(call, added.users),
        updated_organization_memberships: await memberViews(call, added.memberships),
      };
    },
  }),
  adminRoute({
    method: "PATCH",
    paths: ["/organization/member_update"],
    access: "manage",
    summary: "Change what a member is in an organization, and what it may spend there",
    tag,
    body: MemberUpdateBody,
    async handle(call) {
      const { member, organization_id, ...fields } = await bodyOf(call, MemberUpdateBody);
      await organizationToRun(call, organization_id);
      const changes = {
        role: fields.role ?? member?.role,
        max_budget_in_organization: fields.max_budget_in_organization,
      };
      const before = await membershipOf(call, organization_id, {
        user_id: fields.user_id ?? member?.user_id,
        user_email: fields.user_email ?? member?.user_email,
      });
      const [view] = await memberViews(call, [await updateMember(call, before, changes)]);
      return view;
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ["/organization/member_delete"],
    access: "manage",
    summary: "Take a member out of an organization",
    tag,
    body: MemberDeleteBody,
    async handle(call) {
      const { organization_id, ...user } = await bodyOf(call, MemberDeleteBody);
      await organizationToRun(call, organization_id);
      const membership = await membershipOf(call, organization_id, user);
      const [view] = await memberViews(call, [membership]);
      await removeMember(call, membership);
      return view;
    },
  }),
];

/** All of them or none: an id that is not there is a mistake the caller should hear of. */
async function deleteAll(call: AdminCall, ids: readonly string[]) {
  const rows = await listOrganizations(call.db, { ids, most: ids.length });
  const known = new Set(rows.map(({ organization }) => organization.organization_id));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw notFound(missing);
  const [views, theirProjects] = await Promise.all([
    fullViews(call, rows),
    listProjects(call.db, { teams: among(teams.organization_id, ids), most: MOST_FORGOTTEN }),
  ]);
  await deleteOrganizations(call.db, ids, {
    deletedAt: call.nowText,
    deletedBy: call.actor,
    deletedByKey: call.principal.token,
  });
  const scopes = [
    ...views.flatMap((view) => [
      scopeOf.organization(view.organization_id),
      ...view.members.map(({ user_id }) => scopeOf.organizationMember(view.organization_id, user_id)),
      ...view.teams.map(({ team_id }) => scopeOf.team(team_id)),
    ]),
    ...theirProjects.map(({ project }) => scopeOf.project(project.project_id)),
  ];
  await Promise.all(scopes.slice(0, MOST_FORGOTTEN).map((scope) => call.gateway.accounts.forget(scope)));
  for (const before of views)
    await changed(call, { table: TABLE, id: before.organization_id, action: "deleted", before });
  return views;
}

/** Each is a question to an object: a Worker has so many for one request. Ids that do not come again need none. */
const MOST_FORGOTTEN = 500;
