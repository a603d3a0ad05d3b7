/** The operations of the Responses API as one request needs them: what it names is known there. */
import type { AnyOperation } from "../../../operations/operation.ts";
import { responses } from "../../../operations/responses.ts";
import { compactResponses, responseInputTokens } from "../../../operations/responses-beside.ts";
import type { RouteCall } from "../../route.ts";
import type { BackgroundCall } from "./background-call.ts";
import { type BegunRequest, creating, marksItems, refuseOtherPrevious } from "./begin.ts";
import { restorer } from "./restore.ts";
import { withMarks } from "./tell.ts";

/** Can its requests go on from a response? */
export function namesResponses(operation: AnyOperation): boolean {
  return operation === responses || operation === compactResponses || operation === responseInputTokens;
}

/**
 * @param isNamed are the objects in its answers given ids of the gateway's elsewhere?
 * @param background of those that create responses
 */
export function operationFor(
  operation: AnyOperation,
  call: RouteCall,
  begun: BegunRequest,
  isNamed: boolean,
  background: BackgroundCall | undefined,
): AnyOperation {
  if (background !== undefined) return creating(call, begun, isNamed, background);
  const restore = restorer(call.gateway);
  const prepare: typeof restore = async (request, adapter, deployment) => {
    refuseOtherPrevious(request, begun);
    return restore(request, adapter, deployment);
  };
  const beside: AnyOperation = { ...operation, prepare };
  if (marksItems(call)) beside.retold = (part, _, { id }) => withMarks(part, id);
  return beside;
}
