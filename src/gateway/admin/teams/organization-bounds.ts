/** What an organization sets its teams: models, budget, and limits that are promised to several. */
import { and, eq, ne } from "drizzle-orm";
import { BadRequestError, NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { asRecord } from "../../../formats/json.ts";
import { findOrganization, type ListedOrganization } from "../../../store/organizations.ts";
import { type TeamRow, teams } from "../../../store/schema/index.ts";
import { membersOutside } from "../../../store/teams.ts";
import { isListed } from "../../../tenancy/model-access.ts";
import { groupNamesOf } from "../../model-names.ts";
import type { AdminCall } from "../admin-call.ts";
import { pythonList } from "../python-list.ts";

/** What of a team is bounded. */
export type BoundedTeam = Pick<TeamRow, "models" | "model_aliases" | "max_budget" | "tpm_limit" | "rpm_limit">;

/** @throws BadRequestError, as `/team/new` of LiteLLM */
export async function organizationOf({ db }: AdminCall, id: string): Promise<ListedOrganization> {
  const found = await findOrganization(db, id);
  if (found !== undefined) return found;
  throw new BadRequestError(`Organization not found for organization_id=${id}`, { param: "organization_id" });
}

/** Models the list does not allow; `no-default-models` allows nothing, so it is always within. */
export function outside(call: AdminCall, list: readonly string[], wanted: readonly string[]): string[] {
  if (list.length === 0) return [];
  const names = { groupsOf: (model: string) => groupNamesOf(call.gateway.router.groups, model) };
  return wanted.filter((model) => model !== "no-default-models" && !isListed(list, model, names));
}

/** Models a team may call: those listed, and those its aliases stand for. */
export function modelsOf({ models, model_aliases }: Pick<TeamRow, "models" | "model_aliases">): string[] {
  return [...models, ...Object.values(model_aliases).filter((model) => typeof model === "string")];
}

/** @throws BadRequestError where a team would have more than its organization */
export function checkWithinOrganization(
  call: AdminCall,
  { organization, tier }: ListedOrganization,
  team: Partial<BoundedTeam>,
): void {
  const id = organization.organization_id;
  const [model] = outside(
    call,
    organization.models,
    modelsOf({ models: team.models ?? [], model_aliases: team.model_aliases ?? {} }),
  );
  if (model !== undefined)
    throw new BadRequestError(
      `Model '${model}' not in organization's allowed models. Organization allowed models=${pythonList(organization.models)}. Organization: ${id}`,
      { param: "models" },
    );
  for (const name of ["max_budget", "tpm_limit", "rpm_limit"] as const) {
    const [own, most] = [team[name] ?? null, tier?.[name] ?? null];
    if (own !== null && most !== null && own > most)
      throw new BadRequestError(`Team ${name} (${own}) exceeds organization's ${name} (${most}). Organization: ${id}`, {
        param: name,
      });
  }
}

/** A team goes into another organization. @throws NotFoundError, PermissionDeniedError */
export async function checkMove(call: AdminCall, team: TeamRow, organizationId: string): Promise<ListedOrganization> {
  const found = await findOrganization(call.db, organizationId);
  if (found === undefined)
    throw new NotFoundError(`Organization not found, passed organization_id=${organizationId}`, {
      param: "organization_id",
    });
  const { organization, tier } = found;
  const reason = async () => {
    if (outside(call, organization.models, team.models.length === 0 ? ["all-proxy-models"] : []).length > 0)
      return "Team has access to all proxy models, but the organization does not.";
    const [model] = outside(call, organization.models, modelsOf(team));
    if (model !== undefined) return `Team has model ${model} that is not among the organization's models.`;
    for (const name of ["max_budget", "tpm_limit", "rpm_limit"] as const) {
      const [own, most] = [team[name], tier?.[name] ?? null];
      if (own !== null && most !== null && own > most)
        return `Team has ${name} ${own} that is greater than the organization's ${name} ${most}.`;
    }
    const strangers = await membersOutside(call.db, team.team_id, organizationId);
    if (strangers.length > 0)
      return `Team has user_id ${pythonList(strangers)} that is not a member of the organization.`;
    return undefined;
  };
  const why = await reason();
  if (why === undefined) return found;
  throw new PermissionDeniedError(`Cannot move team to organization. ${why}`, { param: "organization_id" });
}

/** Names of a limit, and of what it is called in texts. */
const LIMITS = [
  { limit: "tpm_limit", byModel: "model_tpm_limit", type: "tpm_limit_type", text: "TPM" },
  { limit: "rpm_limit", byModel: "model_rpm_limit", type: "rpm_limit_type", text: "RPM" },
] as const;

/**
 * Where limits are promised (`guaranteed_throughput`), those of all teams together are within the organization's.
 * @throws BadRequestError
 */
export async function checkPromises(
  { db }: AdminCall,
  { organization, tier }: ListedOrganization,
  team: Pick<TeamRow, "team_id" | "tpm_limit" | "rpm_limit" | "metadata">,
): Promise<void> {
  if (!LIMITS.some(({ type }) => team.metadata[type] === "guaranteed_throughput")) return;
  const others = await db
    .select({ tpm_limit: teams.tpm_limit, rpm_limit: teams.rpm_limit, metadata: teams.metadata })
    .from(teams)
    .where(and(eq(teams.organization_id, organization.organization_id), ne(teams.team_id, team.team_id)));
  for (const { limit, byModel, text } of LIMITS) {
    const most = tier?.[limit] ?? null;
    const check = (allocated: number, own: number | null, bound: number | null) => {
      if (own === null || bound === null || allocated + own <= bound) return;
      throw new BadRequestError(
        `Allocated ${text} limit=${allocated} + Team ${text} limit=${own} is greater than organization ${text} limit=${bound}`,
        { param: limit },
      );
    };
    check(sum(others.map((other) => other[limit])), team[limit], most);
    const bounds = asRecord(organization.metadata[byModel]);
    for (const [model, own] of Object.entries(asRecord(team.metadata[byModel]))) {
      const allocated = sum(others.map(({ metadata }) => number(asRecord(metadata[byModel])[model])));
      check(allocated, number(own), most ?? number(bounds[model]));
    }
  }
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
