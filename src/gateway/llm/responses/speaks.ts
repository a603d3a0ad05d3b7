import { responses } from "../../../operations/responses.ts";
import type { ResponsesAdapter } from "../../../providers/provider.ts";
import { providerFor } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";

/** Does it speak the Responses API itself, and keeps what it answers? */
export function speaksResponses({ target, mockResponse }: Deployment): boolean {
  const provider = providerFor(target);
  const adapter = provider && responses.adapter(provider, target);
  return mockResponse === undefined && adapter !== undefined && isNative(adapter);
}

export function isNative({ wire, rewritesAnswers }: Pick<ResponsesAdapter, "wire" | "rewritesAnswers">): boolean {
  return wire === "openai-responses" && !rewritesAnswers;
}
