/** Calls to a provider's own API, at one deployment. */
import { atDeployment } from "../../call/at-deployment.ts";
import type { Reply } from "../../call/call.ts";
import { perform } from "../../call/pipeline.ts";
import { type ForwardReading, forward } from "../../operations/forward.ts";
import type { NativeCall } from "../../providers/provider.ts";
import type { Deployment } from "../../router/deployment.ts";
import type { Route, RouteCall } from "../route.ts";
import { callInput } from "./call-input.ts";

export interface NativeOptions {
  /** What it is called on the ledger: `files.create`. */
  name: string;
  /** The gateway's own errors, in the format of the route's clients; OpenAI's, unless said. */
  errorBody?: NonNullable<Route["errorBody"]>;
  reading?: ForwardReading;
  /** What the client said beside the call: `user`, `metadata`, `tags`. */
  facts?: Record<string, unknown>;
}

/**
 * Asks the deployment's provider. Which models the caller may use is for the route to check, as far as the call is about
 * any. What can be asked twice is asked again where the connection fails.
 */
export function callNative(
  call: RouteCall,
  deployment: Deployment,
  native: NativeCall,
  { name, errorBody, reading, facts = {} }: NativeOptions,
): Promise<Reply> {
  const { context, gateway } = call;
  const retries = native.method === "GET" ? gateway.config.settings.routing.numRetries : 0;
  const input = callInput(call, { ...facts, model: deployment.modelName, call: native });
  const caller = { ...input.caller, modelFor: (model: string) => model, refuseModel: () => undefined };
  const operation = forward(name, errorBody, reading);
  return perform(atDeployment(gateway.calls(context), deployment, retries), operation, { ...input, caller });
}

/** The reply as it is. */
export function asResponse({ status, headers, body }: Reply): Response {
  const isEmpty = status === 204 || status === 304; // which may have no body
  return new Response(isEmpty ? null : body, { status, headers });
}
