import type { Context } from "hono";
import type { z } from "zod";
import type { SluiceError } from "../formats/errors.ts";
import type { Principal } from "../tenancy/principal.ts";
import type { AccessName } from "../tenancy/roles.ts";
import type { Gateway } from "./gateway.ts";

/** Who may call a route: anybody, or the callers of a class (`tenancy/roles.ts`). There is no default: each route says. */
export type Access = "public" | AccessName;

/** One route: the only way anything is served. Auth belongs to it, not to a path seen elsewhere. */
export type Route = PublicRoute | GuardedRoute;

interface BaseRoute {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Hono paths; all serve the same. */
  paths: readonly string[];
  /** One line for the API's description. */
  summary: string;
  tag: string;
  /** Schema of the body, for the API's description. */
  body?: z.ZodType;
  /** The body of an error in the format its clients speak; OpenAI's, unless said. */
  errorBody?(error: SluiceError): unknown;
}

export interface PublicRoute extends BaseRoute {
  access: "public";
  handle(call: PublicCall): Response | Promise<Response>;
}

export interface GuardedRoute extends BaseRoute {
  access: AccessName;
  /** It tells nobody anything of anybody, so that `general_settings.public_routes` may open it. Closed, unless said. */
  mayBePublic?: true;
  /** Who calls, for clients that cannot say it in the headers all others use. @throws SluiceError unless it is known */
  authenticate?(call: PublicCall): Promise<Principal>;
  handle(call: RouteCall): Response | Promise<Response>;
}

export interface PublicCall {
  context: Context;
  gateway: Gateway;
}

/** A call of somebody who was let in. */
export interface RouteCall extends PublicCall {
  principal: Principal;
}
