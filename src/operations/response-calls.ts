/** Calls about responses that their provider keeps: to read, cancel and delete them. They go where responses are created. */
import { BadRequestError } from "../formats/errors.ts";
import { safePath } from "../providers/http.ts";
import { besides } from "../providers/openai/beside-responses.ts";
import type { NativeCall, Provider, Target, UpstreamRequest } from "../providers/provider.ts";
import { forward } from "./forward.ts";

/**
 * Its calls have paths beside that of creating: `/resp_1/cancel?limit=1`.
 * @param name on the ledger
 */
export function responseCalls(name: string): ReturnType<typeof forward> {
  const operation = forward(name);
  return {
    ...operation,
    adapter: (provider, target) =>
      operation.adapter({ ...provider, native: (call, target) => besideCreating(provider, call, target) }, target),
  };
}

/** @throws BadRequestError where the provider keeps no responses, or the path would leave it */
function besideCreating({ slug, responses }: Provider, call: NativeCall, target: Target): UpstreamRequest {
  if (responses === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${slug} keeps no responses`, { provider: slug });
  const { url, headers } = responses.request({ model: target.model, input: "" }, target);
  const { "content-type": _, ...given } = headers; // nothing is sent
  return { method: call.method, url: besides(url, safePath(call.path)), headers: { ...given, ...call.headers } };
}
