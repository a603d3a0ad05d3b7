/**
 * `POST /v1/realtime/client_secrets`: the provider makes the secret, and the client gets it sealed. What it opens goes
 * through the gateway, so that it counts for the key it was made with.
 */
import { perform } from "../../../call/pipeline.ts";
import { Secret } from "../../../credentials/secret.ts";
import { APIResponseValidationError } from "../../../formats/errors.ts";
import { modelOfSecretRequest, secretIn } from "../../../formats/openai/realtime-secrets.ts";
import { realtimeSecrets } from "../../../operations/realtime-secrets.ts";
import { sealClientSecret } from "../../../secrets/client-secret.ts";
import { readJson } from "../../body.ts";
import type { Route, RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse } from "../native.ts";

export const clientSecretRoutes: readonly Route[] = realtimeSecrets.map((operation) => ({
  method: "POST" as const,
  paths: operation.paths,
  access: "llm" as const,
  summary: operation.summary,
  tag: "realtime",
  body: operation.request,
  handle: (call: RouteCall) => makeSecret(operation, call),
}));

async function makeSecret(operation: (typeof realtimeSecrets)[number], call: RouteCall): Promise<Response> {
  const { context, gateway, principal } = call;
  const { json } = await readJson(context.req.raw, gateway.config.settings.maxRequestBytes);
  const model = modelOfSecretRequest(json);
  const deployments: string[] = [];
  const reply = await perform(gateway.calls(context), operation, {
    ...callInput(call, { ...json, model }),
    onAsked: ({ deployment }) => deployments.push(deployment.id),
  });
  if (reply.status >= 300 || typeof reply.body !== "string" || typeof model !== "string") return asResponse(reply);
  const answer: Record<string, unknown> = JSON.parse(reply.body);
  const found = secretIn(answer);
  if (found === undefined) {
    if (/"(?:value|secret|client_secret|token)"/.test(reply.body)) throw unknownPlace();
    return asResponse(reply);
  }
  // Of two that were asked at once, the headers tell who answered.
  const deployment = deployments.find((id) => id === reply.headers["x-litellm-model-id"]) ?? deployments.at(-1) ?? "";
  const { expiresAt, value } = found;
  const secret = { token: principal.token, model, deployment, secret: new Secret(value), expiresAt };
  const body = JSON.stringify(found.replaced(await sealClientSecret(gateway.vault, secret)));
  if (body.includes(value)) throw unknownPlace(); // in another place, too
  return asResponse({ ...reply, body });
}

/** Nothing of the provider's goes out that might be a secret. */
function unknownPlace(): APIResponseValidationError {
  return new APIResponseValidationError(
    "litellm.APIResponseValidationError: the provider's answer has its secret in a place that is not known",
  );
}
