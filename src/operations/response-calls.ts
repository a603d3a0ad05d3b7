/** Calls about what a provider keeps of its answers: to read, cancel and delete them. They go where it was created. */

import { BadRequestError } from "../formats/errors.ts";
import { toInteractionError } from "../formats/gemini/interactions/failure.ts";
import { safePath } from "../providers/http.ts";
import { besides } from "../providers/openai/beside-responses.ts";
import type { NativeCall, Provider, Target, UpstreamRequest } from "../providers/provider.ts";
import { forward } from "./forward.ts";

type Forwarding = ReturnType<typeof forward>;

/**
 * Its calls have paths beside that of creating: `/resp_1/cancel?limit=1`.
 * @param name on the ledger
 */
export function responseCalls(name: string): Forwarding {
  return beside(forward(name), "responses", ({ responses }, target) =>
    responses?.request({ model: target.model, input: "" }, target),
  );
}

/** The same of interactions of Google's API: `/v1_1?stream=true`. */
export function interactionCalls(name: string): Forwarding {
  return beside(forward(name, toInteractionError), "interactions", ({ interactions }, target) =>
    interactions?.request({ model: target.model, input: "" }, target),
  );
}

/** @param creating how one is created there; nothing where none are kept */
function beside(
  operation: Forwarding,
  what: string,
  creating: (provider: Provider, target: Target) => UpstreamRequest | undefined,
): Forwarding {
  /** @throws BadRequestError where the provider keeps none, or the path would leave it */
  const native = (provider: Provider) => (call: NativeCall, target: Target) => {
    const { slug } = provider;
    const created = creating(provider, target);
    if (created === undefined)
      throw new BadRequestError(`litellm.BadRequestError: ${slug} keeps no ${what}`, { provider: slug });
    const { "content-type": _, ...given } = created.headers; // nothing is sent
    return {
      method: call.method,
      url: besides(created.url, safePath(call.path)),
      headers: { ...given, ...call.headers },
    };
  };
  return {
    ...operation,
    adapter: (provider, target) => operation.adapter({ ...provider, native: native(provider) }, target),
  };
}
