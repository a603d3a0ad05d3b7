import type { Route } from "../../route.ts";
import { modelAccessGroupRoutes } from "./of-models.ts";
import { unifiedAccessGroupRoutes } from "./unified.ts";

/** Both kinds of access groups. */
export const accessGroupRoutes: readonly Route[] = [...modelAccessGroupRoutes, ...unifiedAccessGroupRoutes];
