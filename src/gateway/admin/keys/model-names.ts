import type { ModelNames } from "../../../tenancy/model-access.ts";
import { groupNamesOf } from "../../model-names.ts";
import type { AdminCall } from "../admin-call.ts";

/** Names under which lists may mean a model: its group's and its access groups'. */
export function modelNames({ gateway }: AdminCall): ModelNames {
  return { groupsOf: (model) => groupNamesOf(gateway.router.groups, model) };
}
