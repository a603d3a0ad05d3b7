/** Names under which a requested model may stand in a list of models: its group's, and those of its access groups. */
import type { ModelGroups } from "../router/groups.ts";

export function groupNamesOf(groups: ModelGroups, model: string): readonly string[] {
  const group = groups.find(model);
  if (group === undefined) return [];
  const access = group.deployments.flatMap(({ raw }) => raw.info["access_groups"] ?? []);
  return [group.name, ...access.filter((name) => typeof name === "string")];
}
