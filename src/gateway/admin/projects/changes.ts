/** Projects made and changed. */

import { eq } from "drizzle-orm";
import type { z } from "zod";
import { BadRequestError } from "../../../formats/errors.ts";
import { defined } from "../../../formats/json.ts";
import { isDuplicate } from "../../../store/database.ts";
import { type ListedProject, listProjects } from "../../../store/projects.ts";
import { type ProjectRow, projects, type TeamRow } from "../../../store/schema/index.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { AdminCall } from "../admin-call.ts";
import { withSealed } from "../metadata-credentials.ts";
import { changedMetadata } from "../metadata-fields.ts";
import { changedPermission } from "../object-permissions.ts";
import { changeTier, emptyTier, newTier, splitTier } from "../tiers.ts";
import { notFound } from "./access.ts";
import { METADATA_NAMES, type NewBody, type UpdateFields } from "./body.ts";
import { checkGrants, checkLimits } from "./bounds.ts";

/** Every project has a tier, if one that limits nothing. @throws BadRequestError, PermissionDeniedError */
export async function createProject(
  call: AdminCall,
  team: TeamRow,
  body: z.infer<typeof NewBody>,
): Promise<ListedProject> {
  const { tier: limits, rest } = splitTier(body);
  const metadata = changedMetadata({}, rest, METADATA_NAMES) ?? {};
  const permission = changedPermission(null, rest.object_permission) ?? null;
  checkLimits(call, { ...limits, models: rest.models }, team);
  checkGrants(call, { metadata, permission }, {}, team);
  const id = rest.project_id ?? crypto.randomUUID();
  const [known] = await listProjects(call.db, { ids: [id], most: 1 });
  if (known !== undefined) throw taken(id); // before a tier is made for it
  const tier = (await newTier(call, limits)) ?? (await emptyTier(call));
  const { actor, nowText } = call;
  const project: ProjectRow = await withSealed(call, scopeOf.project(id), {
    project_id: id,
    project_alias: rest.project_alias ?? null,
    description: rest.description ?? null,
    team_id: team.team_id,
    budget_id: tier.budget_id,
    metadata,
    models: rest.models ?? [],
    model_rpm_limit: rest.model_rpm_limit ?? {},
    model_tpm_limit: rest.model_tpm_limit ?? {},
    blocked: rest.blocked ?? false,
    object_permission: permission,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  });
  try {
    await call.db.insert(projects).values(project);
  } catch (error) {
    throw isDuplicate(error) ? taken(id) : error;
  }
  return { project, tier };
}

/** @param team the one it is to have then; `undefined`: it has none */
export async function updateProject(
  call: AdminCall,
  { project: before, tier: tierBefore }: ListedProject,
  team: TeamRow | undefined,
  body: UpdateFields,
): Promise<ListedProject> {
  const { tier: limits, rest } = splitTier(body);
  const { project_alias, description } = rest;
  const metadata = changedMetadata(before.metadata, rest, METADATA_NAMES);
  const permission = changedPermission(before.object_permission, rest.object_permission);
  if (team !== undefined) {
    const moves = team.team_id !== before.team_id;
    const isAlready = moves ? { ...tierBefore, models: before.models } : {}; // to a team that may have less
    checkLimits(call, { ...isAlready, ...defined({ ...limits, models: rest.models }) }, team);
    checkGrants(
      call,
      { metadata, permission: permission ?? (moves ? before.object_permission : null) },
      before.metadata,
      team,
    );
  }
  const tier = (await changeTier(call, before.budget_id, limits)) ?? (await emptyTier(call));
  const [project] = await call.db
    .update(projects)
    .set({
      ...defined({ project_alias, description, object_permission: permission, team_id: team?.team_id }),
      ...(await withSealed(call, scopeOf.project(before.project_id), defined({ metadata }))),
      ...(rest.models !== undefined && { models: rest.models ?? [] }),
      ...(rest.model_rpm_limit !== undefined && { model_rpm_limit: rest.model_rpm_limit ?? {} }),
      ...(rest.model_tpm_limit !== undefined && { model_tpm_limit: rest.model_tpm_limit ?? {} }),
      ...(rest.blocked !== undefined && { blocked: rest.blocked ?? false }),
      budget_id: tier.budget_id,
      updated_at: call.nowText,
      updated_by: call.actor,
    })
    .where(eq(projects.project_id, before.project_id))
    .returning();
  if (project === undefined) throw notFound(before.project_id);
  return { project, tier };
}

function taken(id: string): BadRequestError {
  return new BadRequestError(`Project id = ${id} already exists. Please use a different project id.`, {
    type: "bad_request",
    param: "project_id",
  });
}
