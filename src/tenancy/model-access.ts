/** Which models a key may call: its own list, its team's, user's, organization's and project's all have a say. */
import { isPattern, matchPattern } from "../router/patterns.ts";
import type { KeyIdentity } from "../store/identity.ts";

/** Whose list refused, for the error's type and text. */
export type Refuser = "key" | "team" | "user" | "org" | "project";

export interface ModelRefusal {
  by: Refuser;
  models: readonly string[];
}

/** What decides whether a name is meant by a list: access groups of deployments and the like. */
export interface ModelNames {
  /** Names under which a requested model may stand in a list: itself, and its model group's access groups. */
  groupsOf(model: string): readonly string[];
}

const ALL = new Set(["*", "all-proxy-models"]);

/** `undefined` where the model may be called. */
export function refuseModel(identity: KeyIdentity, model: string, names: ModelNames): ModelRefusal | undefined {
  for (const { by, models } of modelLists(identity)) if (!isListed(models, model, names)) return { by, models };
  return undefined;
}

/**
 * A name that an alias leads elsewhere. Of the list whose owner made the alias either name will do; all others must allow
 * where it leads, or a key could make itself a way to anything.
 * @param madeBy who made the alias
 */
export function refuseAlias(
  identity: KeyIdentity,
  { name, target, madeBy }: { name: string; target: string; madeBy: "key" | "team" },
  names: ModelNames,
): ModelRefusal | undefined {
  for (const { by, models } of modelLists(identity)) {
    const isOwn = by === madeBy || (by === "key" && madeBy === "team");
    if (!isListed(models, target, names) && !(isOwn && isListed(models, name, names))) return { by, models };
  }
  return undefined;
}

/** The lists that bound a key, each with whose it is. An empty list of the key, team, ... bounds nothing. */
export function modelLists(identity: KeyIdentity): { by: Refuser; models: readonly string[] }[] {
  const { key, team, user, organization, project } = identity;
  const lists: { by: Refuser; models: readonly string[] }[] = [];
  const own = [...key.models, ...identity.keyGroupModels];
  const inherits = own.includes("all-team-models");
  if (own.length > 0 && !(inherits && team !== undefined)) lists.push({ by: "key", models: own });
  if (project !== undefined && project.models.length > 0) lists.push({ by: "project", models: project.models });
  if (team !== undefined) {
    const models = [...team.models, ...identity.teamGroupModels, ...Object.keys(team.model_aliases)];
    if (team.models.length + identity.teamGroupModels.length > 0) lists.push({ by: "team", models });
  } else if (user !== undefined && user.models.length > 0) lists.push({ by: "user", models: user.models });
  if (organization !== undefined && organization.models.length > 0)
    lists.push({ by: "org", models: organization.models });
  return lists;
}

/** Is the model named by the list: by its name, a wildcard, an access group, or a word for all? */
export function isListed(list: readonly string[], model: string, names: ModelNames): boolean {
  let groups: readonly string[] | undefined;
  return list.some((entry) => {
    if (entry === model || ALL.has(entry)) return true;
    if (entry === "no-default-models") return false;
    if (isPattern(entry)) return matchPattern(entry, model) !== undefined;
    groups ??= names.groupsOf(model);
    return groups.includes(entry);
  });
}
