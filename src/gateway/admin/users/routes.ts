/** `/user/*`: people who have keys. What they spent by day is another's. */
import type { Route } from "../../route.ts";
import { newUser } from "./create.ts";
import { deleteUsers } from "./delete.ts";
import { listRoutes } from "./list.ts";
import { readRoutes } from "./read.ts";
import { updateRoutes } from "./update.ts";

export const userRoutes: readonly Route[] = [newUser, ...updateRoutes, deleteUsers, ...readRoutes, ...listRoutes];
