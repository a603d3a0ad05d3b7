/**
 * Claude on Vertex AI: Anthropic's Messages API by `rawPredict`, the model in the path and the version in the body.
 * Sources: Anthropic, "Claude on Vertex AI"; Google Cloud, "Anthropic's Claude models".
 */
import { withoutCacheScopes } from "../../formats/anthropic/cache-scope.ts";
import type { JsonObject } from "../../formats/json.ts";
import { claudeChatAdapter } from "../anthropic/chat.ts";
import { countTokensAdapter, messagesAdapter } from "../anthropic/messages.ts";
import { without } from "../openai/json.ts";
import type { Target, UpstreamRequest } from "../provider.ts";
import { betaHeader } from "./betas.ts";
import { LABEL, vertexError } from "./errors.ts";
import { vertexModel } from "./model.ts";
import { atResource, methodUrl } from "./place.ts";

const VERSION = "vertex-2023-10-16";

const host = { label: LABEL, error: vertexError };

/** Said by the path, or of Anthropic's own API alone: Google has tiers and places of its own. */
const NOT_SENT = ["model", "service_tier", "inference_geo"];

function send(given: JsonObject, target: Target, betas: readonly string[] = []): UpstreamRequest {
  const body = withoutCacheScopes(without(given, NOT_SENT));
  return {
    method: "POST",
    url: methodUrl(target, body["stream"] === true ? "streamRawPredict" : "rawPredict"),
    headers: claudeHeaders(target, betas),
    body: { json: { ...body, anthropic_version: body["anthropic_version"] ?? VERSION } },
  };
}

/** A model of its own, which is told what to count for. */
function sendToCounter(body: JsonObject, target: Target): UpstreamRequest {
  const { name, resource } = vertexModel(target);
  const counter = resource.replace(/[^/]+$/, "count-tokens");
  const { apiBase, ...rest } = target;
  const base = apiBase?.replace(/\/models\/[^/:]+$/, "");
  return {
    method: "POST",
    url: atResource({ ...rest, ...(base !== undefined && { apiBase: base }) }, counter, ":rawPredict"),
    headers: claudeHeaders(target),
    body: {
      json: { anthropic_version: VERSION, ...withoutCacheScopes(body), model: resource.split("/").at(-1) ?? name },
    },
  };
}

function claudeHeaders({ headers = {} }: Target, betas: readonly string[] = []): Record<string, string> {
  const { "anthropic-beta": given, "anthropic-version": _, ...own } = headers;
  const beta = betaHeader(given, betas);
  return { "content-type": "application/json", ...own, ...(beta !== undefined && { "anthropic-beta": beta }) };
}

export const chat = claudeChatAdapter({ ...host, send: (body, betas, target) => send(body, target, betas) });
export const messages = messagesAdapter({ ...host, send });
export const countTokens = countTokensAdapter({ ...host, send: sendToCounter });
