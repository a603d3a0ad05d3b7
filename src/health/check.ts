/** Asks one deployment for a little, as a client would, to see whether it answers. */

import { Secret } from "../credentials/secret.ts";
import { SluiceError } from "../formats/errors.ts";
import { providerOf } from "../models/catalogue.ts";
import type { CallOptions, CallSettings } from "../operations/attempt.ts";
import { providerFor } from "../providers/registry.ts";
import { resolveModel } from "../providers/resolve.ts";
import type { Deployment } from "../router/deployment.ts";
import { isPattern } from "../router/patterns.ts";
import type { HealthResult } from "./book.ts";
import { type Question, questionFor } from "./questions.ts";

export interface CheckPorts {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  settings: CallSettings;
}

/** LiteLLM's `HEALTH_CHECK_TIMEOUT_SECONDS`. */
const TIMEOUT = 60;
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
    const check = checkOf(deployment);
    if (typeof check === "string") return result({ status: "unchecked", error: check });
    const headers = await ask(check, ports);
    const limits = RATE_LIMITS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
    return result({ status: "healthy", ...(limits.length > 0 && { rateLimits: Object.fromEntries(limits) }) });
  } catch (error) {
    const told = error instanceof SluiceError;
    const message = told ? withoutSecrets(error.message, deployment).slice(0, 500) : "the check failed";
    return result({ status: "unhealthy", error: message, errorStatus: told ? error.status : 500 });
  }
}

interface Check {
  deployment: Deployment;
  question: Question;
}

/**
 * The deployment as it is to be asked, with `health_check_model` in the model's place, or why it cannot be.
 * @throws BadRequestError where the model to ask has no provider
 */
function checkOf(deployment: Deployment): Check | string {
  const model = deployment.raw.info["health_check_model"];
  const asked = typeof model === "string" && model !== "" ? askingFor(deployment, model) : deployment;
  const mode = asked.info.mode ?? asked.target.info?.mode ?? "chat";
  const question = questionFor(mode);
  if (question === undefined) return `deployments of mode ${mode} are not checked yet`;
  if (isPattern(asked.target.model) && deployment.mockResponse === undefined)
    return "a wildcard is checked by the model that model_info.health_check_model names";
  const provider = providerFor(asked.target);
  if (provider === undefined || !question.isFor(provider, asked.target))
    return `${asked.target.provider} does no ${question.name}`;
  return { deployment: asked, question };
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
async function ask({ deployment, question }: Check, ports: CheckPorts): Promise<Record<string, string>> {
  const { fetch, now, settings } = ports;
  const stated = Number(deployment.raw.info["health_check_timeout"]);
  const timeout = stated > 0 ? stated : TIMEOUT;
  const options: CallOptions = { timeout, dropParams: true, extraHeaders: {}, tags: [], mock: {} };
  return question.ask(deployment, options, settings, { fetch, now, id: "health" });
}

/** An upstream may repeat what it was sent. */
function withoutSecrets(text: string, { target, raw }: Deployment): string {
  const secrets = [target.apiKey, ...Object.values(target.params ?? {}), ...Object.values(raw.params)].filter(
    (value): value is Secret => value instanceof Secret,
  );
  const sent = Object.values(target.headers ?? {}).map((value) => new Secret(value));
  return [...secrets, ...sent].reduce((shown, secret) => secret.hideIn(shown), text);
}
