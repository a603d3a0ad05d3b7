/** Names under which a requested model may stand in a list of models: its group's, and those of its access groups. */
import { listModels } from "../models/catalogue.ts";
import type { Deployment } from "../router/deployment.ts";
import type { ModelGroups } from "../router/groups.ts";
import { refuseModel } from "../tenancy/model-access.ts";
import type { Principal } from "../tenancy/principal.ts";
import { seesAll } from "../tenancy/roles.ts";
import type { Gateway } from "./gateway.ts";

/** @param team whose own models are meant too */
export function groupNamesOf(groups: ModelGroups, model: string, team?: string): readonly string[] {
  const group = groups.find(model, team);
  if (group === undefined) return [];
  const access = group.deployments.flatMap(({ raw }) => raw.info["access_groups"] ?? []);
  return [group.name, ...access.filter((name) => typeof name === "string")];
}

/** May the caller use the model, as far as lists of models say? */
export function mayUse({ router }: Gateway, principal: Principal, model: string): boolean {
  const { identity } = principal;
  if (identity === undefined) return true;
  const groupsOf = (name: string) => groupNamesOf(router.groups, name, teamOf(principal));
  return refuseModel(identity, model, { groupsOf }) === undefined;
}

/** The team of the key, whose own models it may use. */
export function teamOf({ identity }: Principal): string | undefined {
  return identity?.key.team_id ?? undefined;
}

/** May the caller know of the deployment? Models of a team are for it, and for admins to see. */
export function maySee(gateway: Gateway, principal: Principal, { team, modelName }: Deployment): boolean {
  if (team !== undefined && team.id !== teamOf(principal)) return seesAll(principal.role);
  return mayUse(gateway, principal, modelName);
}

/** The public names a caller may use: groups and visible aliases, wildcards spelled out as the catalogue knows them. */
export function modelNames(gateway: Gateway, principal: Principal, keepWildcards: boolean): string[] {
  return allNames(gateway, teamOf(principal), keepWildcards).filter((name) => mayUse(gateway, principal, name));
}

function allNames({ router }: Gateway, team: string | undefined, keepWildcards: boolean): string[] {
  const names = new Set<string>();
  for (const { name, provider } of router.groups.names(team)) {
    if (!name.includes("*")) names.add(name);
    else {
      if (keepWildcards) names.add(name);
      for (const known of provider === undefined ? [] : listModels(provider)) {
        const expanded = name.replace("*", known.replace(`${provider}/`, ""));
        if (name !== "*") names.add(expanded);
      }
    }
  }
  return [...names];
}
