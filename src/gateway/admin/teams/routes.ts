/** `/team/*`: who shares keys, budgets and models. What a team spent by day is another's. */
import type { Route } from "../../route.ts";
import { callbackRoutes } from "./callbacks.ts";
import { newTeam } from "./create.ts";
import { deleteTeams } from "./delete.ts";
import { listRoutes } from "./list.ts";
import { memberRoutes } from "./members.ts";
import { readRoutes } from "./read.ts";
import { updateRoutes } from "./update.ts";

export const teamRoutes: readonly Route[] = [
  newTeam,
  ...updateRoutes,
  deleteTeams,
  ...readRoutes,
  ...listRoutes,
  ...memberRoutes,
  ...callbackRoutes,
];
