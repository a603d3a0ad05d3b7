/** Thinking of other providers, where a conversation that they held goes on at Google. */
import { isPackedThinking, SKIP_VALIDATION } from "../opaque-state.ts";
import type { InteractionRequest, Step } from "./types.ts";

/** The request without it; the same request where there is none. */
export function withoutForeignSignatures(request: InteractionRequest): InteractionRequest {
  const { input } = request;
  if (!Array.isArray(input) || !input.some(isForeign)) return request;
  return { ...request, input: input.map((step) => (isForeign(step) ? { ...step, signature: SKIP_VALIDATION } : step)) };
}

function isForeign({ signature }: Step): boolean {
  return typeof signature === "string" && isPackedThinking(signature);
}
