/**
 * What of a deployment may be seen from outside: an allow-list. A param that is not in it is not shown, whatever its
 * name, and neither is a value that is a secret or a map.
 */
import { OPENAI_CHAT_PARAMS } from "../formats/openai/params.ts";
import type { Deployment } from "../router/deployment.ts";
import type { Principal } from "../tenancy/principal.ts";

/** Where the upstream is: for admins. */
const ADMINS_ONLY: ReadonlySet<string> = new Set([
  "api_base",
  "base_url",
  "api_version",
  "aws_bedrock_runtime_endpoint",
]);

/** LiteLLM's fields of `/health`, of those that are in `litellm_params`. */
const HEALTH_PARAMS: ReadonlySet<string> = new Set([
  ...ADMINS_ONLY,
  "custom_llm_provider",
  "base_model",
  "aws_region_name",
  "region_name",
  "watsonx_region_name",
  "vertex_project",
  "vertex_location",
  "tpm",
  "rpm",
]);

/** Params of `/model/info`; prices besides. */
const INFO_PARAMS: ReadonlySet<string> = new Set([
  ...HEALTH_PARAMS,
  ...OPENAI_CHAT_PARAMS,
  "additional_drop_params",
  "allowed_model_region",
  "allowed_openai_params",
  "budget_duration",
  "cache_control_injection_points",
  "cooldown_time",
  "drop_params",
  "fallbacks",
  "guardrails",
  "input_type",
  "litellm_credential_name",
  "max_budget",
  "max_file_size_mb",
  "max_parallel_requests",
  "max_retries",
  "merge_reasoning_content_in_choices",
  "model_id",
  "modify_params",
  "num_retries",
  "order",
  "prompt_id",
  "prompt_version",
  "silent_model",
  "stream_timeout",
  "supports_system_message",
  "tag_regex",
  "tags",
  "timeout",
  "use_chat_completions_api",
  "use_in_pass_through",
  "use_litellm_proxy",
  "vertex_ai_location",
  "vertex_ai_project",
  "weight",
]);

type Shown = Pick<Deployment, "raw" | "litellmModel">;

/** The `litellm_params` that `GET /health` shows. */
export function healthParams(deployment: Deployment, viewer: Principal | undefined): Record<string, unknown> {
  return shown(deployment, viewer, (name) => HEALTH_PARAMS.has(name));
}

/** The `litellm_params` that `GET /model/info` shows. */
export function infoParams(deployment: Shown, viewer: Principal | undefined): Record<string, unknown> {
  return shown(deployment, viewer, (name) => INFO_PARAMS.has(name) || isPrice(name));
}

/** `model_info` as the operator wrote it, extra keys included: it is there to be read. Secrets are left out. */
export function statedInfo({ raw }: Pick<Deployment, "raw">): Record<string, unknown> {
  return Object.fromEntries(Object.entries(raw.info).filter(([, value]) => isPlain(value)));
}

export function isPrice(name: string): boolean {
  return /_cost(_|$)/.test(name) || name === "tiered_pricing";
}

function shown(
  { raw, litellmModel }: Shown,
  viewer: Principal | undefined,
  isShown: (name: string) => boolean,
): Record<string, unknown> {
  const isAdmin = viewer?.role === "proxy_admin";
  const params = Object.entries(raw.params)
    .filter(([name, value]) => isShown(name) && (isAdmin || !ADMINS_ONLY.has(name)) && isPlain(value))
    .map(([name, value]) => [name, ADMINS_ONLY.has(name) ? withoutCredentials(String(value)) : value] as const);
  return { model: litellmModel, ...Object.fromEntries(params) };
}

/** Numbers, texts, flags, and lists and maps of them. A `Secret` is none, nor is what holds one. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== "object" || value === null) return true;
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain);
}

/** Keys stand in queries, passwords before the host. */
function withoutCredentials(url: string): string {
  return (url.split(/[?#]/)[0] ?? "").replace(/\/\/[^/@]*@/, "//");
}
