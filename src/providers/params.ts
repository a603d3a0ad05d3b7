/** Which parameters of a request may go to a provider. */
import { UnsupportedParamsError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import { OPENAI_CHAT_PARAMS } from "../formats/openai/params.ts";

/**
 * Hints whose loss changes no answer: what a provider lacks of these is left out without a word, so that
 * clients which always send them (every SDK sends `stream_options` or `user`) work everywhere.
 */
const HINTS: ReadonlySet<string> = new Set([
  "metadata",
  "partial_images",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "stream_options",
  "user",
]);

/** Is the parameter one whose loss changes no answer? */
export function isHint(name: string): boolean {
  return HINTS.has(name);
}

/** How strict to be; from the request, the deployment, or `litellm_settings`. */
export interface ParamPolicy {
  /** Leave out what the provider lacks, instead of an error. */
  dropParams?: boolean;
  /** Always leave these out; `a.b` or `tools[*].function.strict` reach into objects and arrays. */
  additionalDropParams?: readonly string[];
  /** OpenAI parameters to send although the provider is not known to take them. */
  allowedOpenaiParams?: readonly string[];
}

/**
 * The request with only what the provider takes.
 * @param known OpenAI's parameters of the operation; those of chat unless said
 * @throws UnsupportedParamsError naming the parameters it lacks, unless `dropParams`
 */
export function settleParams<Request extends { model: string; [param: string]: unknown }>(
  request: Request,
  supported: ReadonlySet<string> | "all",
  policy: ParamPolicy,
  provider: string,
  known: readonly string[] = OPENAI_CHAT_PARAMS,
): Request {
  let settled = request;
  if (supported !== "all") {
    const lacking = known.filter((name) => {
      const value = request[name];
      return (
        value !== undefined && value !== null && !supported.has(name) && !policy.allowedOpenaiParams?.includes(name)
      );
    });
    const refused = lacking.filter((name) => !isHint(name) && !isDefault(name, request[name]));
    if (refused.length > 0 && !policy.dropParams)
      throw new UnsupportedParamsError(
        `litellm.UnsupportedParamsError: ${provider} does not support parameters: ${JSON.stringify(refused)}, for model=${request.model}. ` +
          "To drop these, set `drop_params: true` in the request or under `litellm_settings`.",
        { param: refused[0], provider, model: request.model },
      );
    settled = omit(settled, lacking);
  }
  for (const path of policy.additionalDropParams ?? []) settled = dropPath(settled, path.split("."));
  return settled;
}

/** Values that ask for nothing. */
function isDefault(name: string, value: unknown): boolean {
  switch (name) {
    case "n":
    case "best_of":
      return value === 1;
    case "suffix":
      return value === "";
    case "echo":
    case "logprobs":
    case "store":
      return value === false;
    case "parallel_tool_calls":
      return value === true;
    case "service_tier":
      return value === "auto" || value === "default";
    case "presence_penalty":
    case "frequency_penalty":
    case "top_logprobs":
      return value === 0;
    case "reasoning_effort":
      return value === "none";
    case "reasoning": // of the Responses API, as is `text`
      return !isRecord(value) || !value["effort"] || value["effort"] === "none";
    case "text":
      return !isRecord(value) || !isRecord(value["format"]) || value["format"]["type"] === "text";
    case "tools":
      return Array.isArray(value) && value.length === 0;
    case "background":
    case "moderation":
    case "size":
      return value === "auto";
    case "quality":
      return value === "auto" || value === "standard";
    case "output_format":
      return value === "png";
    case "output_compression":
      return value === 100;
    case "input_fidelity":
      return value === "low";
    case "thinking":
      return typeof value === "object" && value !== null && "type" in value && value.type === "disabled";
    default:
      return false;
  }
}

/** The request without what is `null`: to leave a parameter out means the same, and some providers refuse a null. */
export function withoutNulls<Request extends object>(request: Request): Request {
  return omit(
    request,
    Object.entries(request).flatMap(([name, value]) => (value === null ? [name] : [])),
  );
}

function omit<T extends object>(value: T, names: readonly string[]): T {
  if (names.length === 0) return value;
  const copy = { ...value };
  for (const name of names) delete copy[name as keyof T];
  return copy;
}

/** A copy of `value` without what the path leads to; `[*]` goes through an array. */
function dropPath<T>(value: T, [head, ...rest]: string[]): T {
  if (head === undefined || typeof value !== "object" || value === null) return value;
  const [, name = "", index] = /^([^[]*)(?:\[(\*|\d+)\])?$/.exec(head) ?? [];
  if (!(name in value)) return value;
  const at = value[name as keyof T];
  if (index === undefined) return rest.length === 0 ? omit(value, [name]) : { ...value, [name]: dropPath(at, rest) };
  if (!Array.isArray(at)) return value;
  const here = (position: number) => index === "*" || position === Number(index);
  const items =
    rest.length === 0
      ? at.filter((_, position) => !here(position))
      : at.map((item, position) => (here(position) ? dropPath(item, rest) : item));
  return { ...value, [name]: items };
}
