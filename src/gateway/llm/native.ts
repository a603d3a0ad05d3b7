/** Calls to a provider's own API, at one deployment. */
import { atDeployment } from "../../call/at-deployment.ts";
import type { CallDependencies, CallInput, Reply } from "../../call/call.ts";
import { perform } from "../../call/pipeline.ts";
import { type ForwardReading, forward } from "../../operations/forward.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import type { NativeCall } from "../../providers/provider.ts";
import type { Deployment } from "../../router/deployment.ts";
import type { Gateway } from "../gateway.ts";
import type { Route, RouteCall } from "../route.ts";
import { callInput } from "./call-input.ts";

export interface NativeOptions {
  /** What it is called on the ledger: `files.create`. */
  name: string;
  /** The gateway's own errors, in the format of the route's clients; OpenAI's, unless said. */
  errorBody?: NonNullable<Route["errorBody"]> | undefined;
  reading?: ForwardReading | undefined;
  /** How the provider is reached and answers, where it is not by its own API as a whole. */
  operation?: AnyOperation;
  /** What that operation is asked for, in place of the call. */
  request?: Record<string, unknown>;
  /** Ends the call, in place of the client's leaving. */
  signal?: AbortSignal;
  /** What the client said beside the call: `user`, `metadata`, `tags`. */
  facts?: Record<string, unknown>;
  /** Tells the calls of one request apart, where it makes several, each on the ledger by itself: a count, or a word. */
  part?: number | string;
}

/**
 * Asks the deployment's provider. Which models the caller may use is for the route to check, as far as the call is about
 * any. What can be asked twice is asked again where the connection fails.
 */
export function callNative(
  call: RouteCall,
  deployment: Deployment,
  native: NativeCall,
  { facts = {}, part, signal, ...options }: NativeOptions,
): Promise<Reply> {
  const { context, gateway } = call;
  const input = { ...callInput(call, facts), ...(signal && { signal }) };
  const own = part === undefined ? input : partOf(input, part);
  return askProvider(gateway, gateway.calls(context), deployment, native, own, options);
}

/** One of the calls of a request that makes several. */
export function partOf(input: CallInput, part: number | string): CallInput {
  return { ...input, id: `${input.id}-${typeof part === "number" ? part + 1 : part}`, isOwnId: false };
}

/** The same where there is no request of a client's: somebody comes back for what was begun before. */
export function askProvider(
  { config }: Gateway,
  calls: CallDependencies,
  deployment: Deployment,
  native: NativeCall,
  input: CallInput,
  {
    name,
    errorBody,
    reading,
    operation = forward(name, errorBody, reading),
    request = { call: native },
  }: Omit<NativeOptions, "facts" | "part" | "signal">,
): Promise<Reply> {
  const retries = native.method === "GET" ? config.settings.routing.numRetries : 0;
  const body = { ...input.body, ...request, model: deployment.modelName };
  const caller = { ...input.caller, modelFor: (model: string) => model, refuseModel: () => undefined };
  return perform(atDeployment(calls, deployment, retries), operation, { ...input, body, caller });
}

/** The reply as it is. */
export function asResponse({ status, headers, body }: Reply): Response {
  const isEmpty = status === 204 || status === 205 || status === 304; // which may have no body
  return new Response(isEmpty ? null : body, { status, headers });
}
