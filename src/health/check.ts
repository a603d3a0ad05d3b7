/** Asks one deployment for a few tokens, as a client would, to see whether it answers. */
import { SluiceError } from "../formats/errors.ts";
import { providerOf } from "../models/catalogue.ts";
import { attempt, type CallSettings } from "../operations/attempt.ts";
import { chat } from "../operations/chat.ts";
import { findProvider } from "../providers/registry.ts";
import { resolveModel } from "../providers/resolve.ts";
import { Secret } from "../providers/secret.ts";
import type { Deployment } from "../router/deployment.ts";
import { isPattern } from "../router/patterns.ts";
import type { HealthResult } from "./book.ts";

export interface CheckPorts {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  settings: CallSettings;
}

/** LiteLLM's `HEALTH_CHECK_TIMEOUT_SECONDS`. */
const TIMEOUT = 60;
/** LiteLLM's default; some providers take no fewer. */
const MAX_TOKENS = 16;
/** Modes whose deployments answer a chat request. */
const CHAT_MODES: ReadonlySet<string> = new Set(["chat", "completion", "responses"]);
const RATE_LIMITS = ["x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens", "x-ms-region"];

/** Never rejects: what goes wrong is the result. */
export async function checkDeployment(deployment: Deployment, ports: CheckPorts): Promise<HealthResult> {
  const begun = ports.now();
  const result = (fields: Pick<HealthResult, "status"> & Partial<HealthResult>): HealthResult => ({
    deploymentId: deployment.id,
    modelName: deployment.modelName,
    checkedAt: begun,
    took: ports.now() - begun,
    ...fields,
  });
  try {
    const asked = checkedAs(deployment);
    if (typeof asked === "string") return result({ status: "unchecked", error: asked });
    const headers = await ask(asked, ports);
    const limits = RATE_LIMITS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
    return result({ status: "healthy", ...(limits.length > 0 && { rateLimits: Object.fromEntries(limits) }) });
  } catch (error) {
    const told = error instanceof SluiceError;
    const message = told ? withoutSecrets(error.message, deployment).slice(0, 500) : "the check failed";
    return result({ status: "unhealthy", error: message, errorStatus: told ? error.status : 500 });
  }
}

/**
 * The deployment as it is to be asked, with `health_check_model` in the model's place, or why it cannot be.
 * @throws BadRequestError where the model to ask has no provider
 */
function checkedAs(deployment: Deployment): Deployment | string {
  const model = deployment.raw.info["health_check_model"];
  const mode = deployment.info.mode ?? deployment.target.info?.mode ?? "chat";
  if (!CHAT_MODES.has(mode)) return `deployments of mode ${mode} are not checked yet`;
  const asked = typeof model === "string" && model !== "" ? askingFor(deployment, model) : deployment;
  if (isPattern(asked.target.model) && deployment.mockResponse === undefined)
    return "a wildcard is checked by the model that model_info.health_check_model names";
  if (findProvider(asked.target.provider)?.chat === undefined) return `${asked.target.provider} does no chat`;
  return asked;
}

/** The same deployment, asked for another model of its provider. */
function askingFor(deployment: Deployment, model: string): Deployment {
  const bound = deployment.bind?.(model);
  if (bound !== undefined) return bound;
  const { target } = deployment;
  const resolved = resolveModel(model, {
    knownModels: providerOf,
    ...(target.provider && { customProvider: target.provider }),
  });
  return { ...deployment, target: { ...target, provider: resolved.provider, model: resolved.model } };
}

/** @returns headers of the provider's answer */
async function ask(deployment: Deployment, { fetch, now, settings }: CheckPorts): Promise<Record<string, string>> {
  const stated = Number(deployment.raw.info["health_check_timeout"]);
  const { answer } = await attempt(
    chat,
    {
      model: deployment.modelName,
      messages: [{ role: "user", content: "What's 1 + 1?" }],
      max_tokens: MAX_TOKENS,
      stream: false, // whatever the deployment's defaults are
    },
    deployment,
    { timeout: stated > 0 ? stated : TIMEOUT, dropParams: true, extraHeaders: {}, tags: [], mock: {} },
    settings,
    { fetch, now, id: "health" },
  );
  return answer.headers;
}

/** An upstream may repeat what it was sent. */
function withoutSecrets(text: string, { target, raw }: Deployment): string {
  const secrets = [target.apiKey, ...Object.values(target.params ?? {}), ...Object.values(raw.params)].filter(
    (value): value is Secret => value instanceof Secret,
  );
  const sent = Object.values(target.headers ?? {}).map((value) => new Secret(value));
  return [...secrets, ...sent].reduce((shown, secret) => secret.hideIn(shown), text);
}
