import type { Deployment } from "../router/deployment.ts";
import type { ModelGroups } from "../router/groups.ts";
import type { AnyOperation } from "./operation.ts";

/**
 * The model of a request that names none: the operation's usual one, or where that is not served, the first of its mode.
 * @returns `undefined` where the operation has no usual one
 */
export function usualModel(
  { usual }: Pick<AnyOperation, "usual">,
  groups: ModelGroups,
  team?: string,
): string | undefined {
  if (usual === undefined || groups.serves(usual.model, team)) return usual?.model;
  const isOfMode = ({ info, target }: Deployment) => (info.mode ?? target.info?.mode) === usual.mode;
  const names = groups.names(team).map(({ name }) => name);
  return names.find((name) => groups.find(name, team)?.deployments.some(isOfMode)) ?? usual.model;
}
