/** `/project/*`: between a team and its keys. */
import { BadRequestError } from "../../../formats/errors.ts";
import { among } from "../../../store/among.ts";
import { keysOfProjects, listProjects } from "../../../store/projects.ts";
import { projects } from "../../../store/schema/index.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed, queryOf } from "../admin-call.ts";
import { visibleTeams } from "../teams/access.ts";
import { checkVisible, findProject, notFound, teamAfter, teamToRun } from "./access.ts";
import { DeleteBody, InfoQuery, NewBody, UpdateBody } from "./body.ts";
import { createProject, updateProject } from "./changes.ts";
import { freshView, listedViews, PROJECT_TABLE, projectView } from "./view.ts";

const MOST_LISTED = 1000;
const tag = "projects";

export const projectRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/project/new"],
    access: "manage",
    summary: "Make a project in a team",
    tag,
    body: NewBody,
    async handle(call) {
      const body = await bodyOf(call, NewBody);
      const team = await teamToRun(call, body.team_id, "create");
      const view = await freshView(call, await createProject(call, team, body));
      await changed(call, { table: PROJECT_TABLE, id: view.project_id, action: "created", after: view });
      return view;
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/project/update"],
    access: "manage",
    summary: "Change a project",
    tag,
    body: UpdateBody,
    async handle(call) {
      const body = await bodyOf(call, UpdateBody);
      const before = await findProject(call, body.project_id);
      const team = await teamAfter(call, before.project, body.team_id);
      const view = await freshView(call, await updateProject(call, before, team, body));
      const shown = projectView(before, 0, call);
      await changed(call, { table: PROJECT_TABLE, id: view.project_id, action: "updated", before: shown, after: view });
      return view;
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ["/project/delete"],
    access: "admin",
    summary: "Delete projects that have no keys",
    tag,
    body: DeleteBody,
    async handle(call) {
      const { project_ids } = await bodyOf(call, DeleteBody);
      return deleteAll(call, project_ids);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/project/info"],
    access: "view",
    summary: "One project",
    tag,
    async handle(call) {
      const { project_id } = queryOf(call, InfoQuery);
      const listed = await findProject(call, project_id);
      await checkVisible(call, listed.project);
      return freshView(call, listed);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/project/list"],
    access: "view",
    summary: "The projects of the teams the caller may see, up to 1,000",
    tag,
    async handle(call) {
      return listedViews(call, await listProjects(call.db, { teams: visibleTeams(call), most: MOST_LISTED }));
    },
  }),
];

/** All of them or none. */
async function deleteAll(call: AdminCall, ids: readonly string[]) {
  const rows = await listProjects(call.db, { ids, most: ids.length });
  const known = new Set(rows.map(({ project }) => project.project_id));
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw notFound(missing, "project_ids");
  const [used] = await keysOfProjects(call.db, ids);
  if (used !== undefined) {
    const [id, count] = used;
    throw new BadRequestError(
      `Cannot delete project ${id}. ${count} key(s) are associated with it. Please delete or reassign the keys first.`,
      { type: "bad_request", param: "project_ids" },
    );
  }
  const views = await listedViews(call, rows);
  await call.db.delete(projects).where(among(projects.project_id, ids));
  await Promise.all(ids.map((id) => call.gateway.accounts.forget(scopeOf.project(id))));
  for (const before of views)
    await changed(call, { table: PROJECT_TABLE, id: before.project_id, action: "deleted", before });
  return views;
}
