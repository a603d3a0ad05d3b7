/** What the teams, projects and organizations of a key ask of it, whoever makes it. */
import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { asRecord, isSame } from "../../../formats/json.ts";
import { type Allocations, loadAllocations, type OwnerIds, type Owners } from "../../../store/key-owners.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { isListed } from "../../../tenancy/model-access.ts";
import type { AdminCall } from "../admin-call.ts";
import { pythonList } from "../python-list.ts";
import { modelNames } from "./model-names.ts";

/** The columns of a key that its owners have a say in. */
export type Owned = OwnerIds & Pick<KeyRow, "models" | "max_budget" | "rpm_limit" | "tpm_limit" | "metadata">;

/**
 * @param before the key as it was: what was wrong with it then keeps nobody from changing the rest
 * @throws BadRequestError, NotFoundError where the key cannot be theirs
 */
export async function checkBelonging(call: AdminCall, key: Owned, owners: Owners, before?: KeyRow): Promise<void> {
  const isNew = (...names: (keyof Owned)[]) =>
    before === undefined || names.some((name) => !isSame(key[name], before[name]));
  checkExistence(key, owners, isNew);
  if (isNew("project_id", "models", "max_budget")) checkProject(call, key, owners);
  if (isNew("team_id", "organization_id", "rpm_limit", "tpm_limit", "metadata"))
    await checkThroughput(call, key, owners, before?.token);
}

function checkExistence(
  key: OwnerIds,
  { team, project, organization, budget }: Owners,
  isNew: (...names: (keyof OwnerIds)[]) => boolean,
): void {
  if (isNew("team_id") && key.team_id !== null && team === undefined)
    throw bad(`Unable to find team object in database. Team not found. Team ID: ${key.team_id}`, "team_id");
  if (isNew("organization_id") && key.organization_id !== null && organization === undefined)
    throw bad(`Organization not found for organization_id=${key.organization_id}`, "organization_id");
  if (
    isNew("organization_id", "team_id") &&
    key.organization_id !== null &&
    team?.organization_id &&
    team.organization_id !== key.organization_id
  )
    throw bad(`Team=${key.team_id} does not belong to organization=${key.organization_id}`, "organization_id");
  if (isNew("budget_id") && key.budget_id !== null && budget === undefined)
    throw bad(`Budget not found, passed budget_id=${key.budget_id}`, "budget_id");
  if (isNew("project_id") && key.project_id !== null && project === undefined)
    throw new NotFoundError(`Project not found, passed project_id=${key.project_id}`, { param: "project_id" });
  if (isNew("project_id", "team_id") && project?.team_id && project.team_id !== key.team_id)
    throw bad(`Project=${key.project_id} belongs to team=${project.team_id}: pass that team_id`, "project_id");
}

function checkProject(call: AdminCall, key: Owned, { project, projectBudget }: Owners): void {
  if (project === undefined) return;
  const names = modelNames(call);
  const outside = project.models.length > 0 && key.models.find((model) => !isListed(project.models, model, names));
  if (outside)
    throw bad(
      `Model '${outside}' is not in the project's models. Project=${project.project_id} can only access models=${pythonList(project.models)}`,
      "models",
    );
  const most = projectBudget?.max_budget;
  if (most != null && key.max_budget !== null && key.max_budget > most)
    throw bad(`max_budget=${key.max_budget} is greater than the project's max_budget=${most}`, "max_budget");
}

/** What is promised to keys may not be more than there is. Limits that promise nothing are not counted together. */
async function checkThroughput({ db }: AdminCall, key: Owned, owners: Owners, token?: string): Promise<void> {
  const { metadata } = key;
  const isPromised = [metadata["rpm_limit_type"], metadata["tpm_limit_type"]].includes("guaranteed_throughput");
  if (!isPromised) return;
  const { team, organization, organizationBudget } = owners;
  if (team !== undefined) {
    const others = await loadAllocations(db, { team_id: team.team_id }, token);
    checkAllocations(key, others, { name: "team", limits: team, metadata: team.metadata });
  }
  if (organization !== undefined && key.organization_id !== null) {
    const { organization_id, metadata: itsMetadata } = organization;
    const others = await loadAllocations(db, { organization_id }, token);
    checkAllocations(key, others, { name: "organization", limits: organizationBudget, metadata: itsMetadata });
  }
}

interface Whole {
  name: string;
  limits: Pick<KeyRow, "rpm_limit" | "tpm_limit"> | undefined;
  metadata: Record<string, unknown>;
}

function checkAllocations(key: Owned, others: Allocations, { name, limits, metadata }: Whole): void {
  const [requests, tokens] = [limits?.rpm_limit, limits?.tpm_limit];
  for (const [model, limit] of numbers(key.metadata["model_rpm_limit"])) {
    const taken = sum(others.models.map((one) => one.requests?.[model]));
    checkSum("RPM", taken, limit, requests ?? numberOf(metadata["model_rpm_limit"], model), name);
  }
  for (const [model, limit] of numbers(key.metadata["model_tpm_limit"])) {
    const taken = sum(others.models.map((one) => one.tokens?.[model]));
    checkSum("TPM", taken, limit, tokens ?? numberOf(metadata["model_tpm_limit"], model), name);
  }
  checkSum("TPM", others.tokens, key.tpm_limit, tokens, name);
  checkSum("RPM", others.requests, key.rpm_limit, requests, name);
}

function checkSum(what: string, taken: number, own: number | null, most: number | null | undefined, of: string): void {
  if (own === null || most == null || taken + own <= most) return;
  throw bad(
    `Allocated ${what} limit=${taken} + Key ${what} limit=${own} is greater than ${of} ${what} limit=${most}`,
    `${what.toLowerCase()}_limit`,
  );
}

function numbers(value: unknown): [string, number][] {
  return Object.entries(asRecord(value)).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

function numberOf(table: unknown, model: string): number | undefined {
  return numbers(table).find(([name]) => name === model)?.[1];
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/**
 * May the key go to the team? Its models and limits must be the team's, and its user a member.
 * @returns what is in the way, in LiteLLM's words
 */
export function checkMove(
  call: AdminCall,
  key: Pick<KeyRow, "models" | "user_id" | "tpm_limit" | "rpm_limit">,
  { team, member }: Owners,
): string | undefined {
  if (team === undefined) return undefined;
  const names = modelNames(call);
  const outside =
    team.models.length > 0 &&
    key.models.find((model) => model !== "all-team-models" && !isListed(team.models, model, names));
  if (outside)
    return `team not allowed to access model. This team can only access models=${pythonList(team.models)}. Tried to access ${outside}`;
  if (key.user_id !== null && member === undefined)
    return `User=${key.user_id} is not a member of the team=${team.team_id}. Check team members via \`/team/info\`.`;
  for (const limit of ["tpm_limit", "rpm_limit"] as const)
    if ((key[limit] ?? 0) > (team[limit] ?? Number.POSITIVE_INFINITY))
      return `The key has a ${limit}=${key[limit]} which is greater than the team's ${limit}=${team[limit]}.`;
  return undefined;
}

function bad(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param });
}
