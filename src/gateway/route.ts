import type { Context } from "hono";
import type { z } from "zod";
import type { Principal } from "./auth.ts";
import type { Gateway } from "./gateway.ts";

/** Who may call a route: anybody, whoever holds a key, or the admin. There is no default: each route says. */
export type Access = "public" | "key" | "admin";

/** One route: the only way anything is served. Auth belongs to it, not to a path seen elsewhere. */
export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Hono paths; all serve the same. */
  paths: readonly string[];
  access: Access;
  /** One line for the API's description. */
  summary: string;
  tag: string;
  /** Schema of the JSON body, for the API's description. */
  body?: z.ZodType;
  handle(call: RouteCall): Response | Promise<Response>;
}

export interface RouteCall {
  context: Context;
  gateway: Gateway;
  /** Whoever called; `undefined` on public routes only. */
  principal: Principal | undefined;
}
