import { ContextWindowExceededError, RateLimitError } from "../../formats/errors.ts";
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import { isHint } from "../../providers/params.ts";
import { providerFor } from "../../providers/registry.ts";
import type { Candidate, Filter, RouteRequest } from "../request.ts";

/**
 * `enable_pre_call_checks`: leaves out deployments whose window is too small for the prompt, that have had their `rpm`
 * this minute, or whose provider would refuse a parameter. Where all would refuse one, none is left out: the provider's
 * adapter looks at the values too and says what is wrong.
 *
 * @throws RateLimitError where some have had their `rpm` and the rest are too small
 * @throws ContextWindowExceededError where all are too small
 */
export const preCall: Filter = async (candidates, request, { settings }) => {
  if (!settings.preCallChecks || candidates.length === 0) return candidates;
  const isBounded = candidates.some((candidate) => windowOf(candidate) !== undefined);
  const prompt = isBounded ? await (request.longestInput ?? request.inputTokens)() : 0;
  const large = candidates.filter((candidate) => prompt <= (windowOf(candidate) ?? Number.POSITIVE_INFINITY));
  if (large.length === 0) throw tooLong(candidates, prompt, request.model);
  const open = large.filter(({ deployment: { rpm }, stats }) => rpm === undefined || stats.requests < rpm);
  if (open.length === 0)
    throw new RateLimitError("litellm.RateLimitError: No deployments available for selected model.", {
      model: request.model,
    });
  const able = open.filter((candidate) => takesParams(candidate, request));
  return able.length > 0 ? able : open;
};

/** Tokens of a prompt at most. */
function windowOf({ deployment }: Candidate): number | undefined {
  return deployment.target.info?.max_input_tokens;
}

function tooLong(candidates: readonly Candidate[], prompt: number, model: string): ContextWindowExceededError {
  const windows = candidates.map(
    (candidate) =>
      `Model=${candidate.deployment.baseModel ?? candidate.deployment.litellmModel}, Max Input Tokens=${windowOf(candidate)}, Got=${prompt}`,
  );
  return new ContextWindowExceededError(
    "litellm.ContextWindowExceededError: litellm.BadRequestError: litellm._pre_call_checks: Context Window exceeded for given call. " +
      `No models have context window large enough for this call.\n${windows.join("\n")}`,
    { model },
  );
}

/** Does the provider take every parameter, or may those it lacks be left out? */
function takesParams({ deployment: { target, policy } }: Candidate, request: RouteRequest): boolean {
  if (request.dropParams ?? policy.dropParams) return true;
  const supported = providerFor(target)?.chat?.supportedParams(target) ?? "all";
  if (supported === "all") return true;
  return OPENAI_CHAT_PARAMS.every(
    (name) =>
      !request.params.includes(name) ||
      supported.has(name) ||
      isHint(name) ||
      policy.allowedOpenaiParams?.includes(name),
  );
}
