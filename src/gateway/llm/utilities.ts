/** LiteLLM's utilities: counting tokens, showing what would be sent upstream, and what is known of models. */
import { z } from "zod";
import { BadRequestError, InternalServerError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import { type ChatMessage, chatRequestSchema } from "../../formats/openai/chat.ts";
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import { validate } from "../../formats/validate.ts";
import { catalogueStamp, findModel, listModels } from "../../models/catalogue.ts";
import { countMessages, countTokens } from "../../models/tokens.ts";
import { attempt } from "../../operations/attempt.ts";
import { chat } from "../../operations/chat.ts";
import { completions } from "../../operations/completions.ts";
import { embeddings } from "../../operations/embeddings.ts";
import { moderations } from "../../operations/moderations.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import { rerank } from "../../operations/rerank.ts";
import { providerFor, providers } from "../../providers/registry.ts";
import type { Deployment } from "../../router/deployment.ts";
import { readJson } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { mayUse, teamOf } from "../model-names.ts";
import type { Route, RouteCall } from "../route.ts";

export const utilityRoutes: readonly Route[] = [
  {
    method: "POST",
    paths: ["/utils/token_counter"],
    access: "info",
    summary: "Tokens of a prompt or of messages, as the gateway counts them",
    tag: "utilities",
    handle: countInput,
  },
  {
    method: "GET",
    paths: ["/utils/supported_openai_params"],
    access: "info",
    summary: "OpenAI's parameters that a model takes (?model=)",
    tag: "utilities",
    handle(call) {
      const deployment = deploymentOf(call, call.context.req.query("model"));
      const { target } = deployment;
      const adapter = providerFor(target)?.chat;
      const supported = adapter?.supportedParams(target) ?? [];
      return call.context.json({ supported_openai_params: supported === "all" ? OPENAI_CHAT_PARAMS : [...supported] });
    },
  },
  {
    method: "POST",
    paths: ["/utils/transform_request"],
    access: "admin_view",
    summary: "What would be sent upstream for a request; nothing is sent",
    tag: "utilities",
    handle: (call) => transform(call).catch(tooDeep),
  },
  {
    method: "GET",
    paths: ["/public/litellm_model_cost_map"],
    access: "public",
    summary: "Prices, windows and capabilities of all models known, by name",
    tag: "utilities",
    handle: tellPrices,
  },
  {
    method: "GET",
    paths: ["/model/cost_map"],
    access: "info",
    summary: "The same, under the name of its kind",
    tag: "utilities",
    handle: tellPrices,
  },
  {
    method: "GET",
    paths: ["/model/cost_map/source"],
    access: "admin_view",
    summary: "Where the figures of models come from: they are built into the gateway",
    tag: "utilities",
    handle: ({ context }) =>
      context.json({
        source: "local",
        url: null,
        is_env_forced: false,
        fallback_reason: null,
        ...catalogueStamp,
        model_count: listModels().length,
      }),
  },
  {
    method: "GET",
    paths: ["/public/providers"],
    access: "public",
    summary: "Slugs of the providers",
    tag: "utilities",
    handle: ({ context }) => context.json([...providers.keys()].toSorted()),
  },
];

function tellPrices({ context }: RouteCall): Response {
  return context.json(Object.fromEntries(listModels().map((name) => [name, findModel(name)])));
}

const countBody = z.object({
  model: z.string(),
  prompt: z.string().nullish(),
  messages: chatRequestSchema.shape.messages.nullish(),
  /** Google's. */
  contents: z.array(z.unknown()).nullish(),
  tools: chatRequestSchema.shape.tools,
});

async function countInput(call: RouteCall): Promise<Response> {
  const { json } = await readJson(call.context.req.raw, call.gateway.config.settings.maxRequestBytes);
  const { model, prompt, messages, contents, tools } = validate(countBody, json);
  const known = call.gateway.router.groups.find(model, teamOf(call.principal))?.deployments[0];
  const used = known !== undefined && mayUse(call.gateway, call.principal, model) ? known.target.model : model;
  const said: ChatMessage[] | undefined =
    messages ?? (contents ? [{ role: "user", content: textIn(contents) }] : undefined);
  if (said === undefined && typeof prompt !== "string")
    throw new BadRequestError("prompt or messages or contents must be provided", { param: "messages" });
  const total_tokens = said
    ? await countMessages({ model: used, messages: said, ...(tools && { tools }) }, used)
    : await countTokens(prompt ?? "", used);
  return call.context.json({
    total_tokens,
    request_model: model,
    model_used: used,
    tokenizer_type: "openai_tokenizer",
    original_response: null,
    error: false,
    error_message: null,
    status_code: null,
  });
}

/** All text in a value, however deep: deeper than functions can call themselves. */
function textIn(value: unknown): string {
  const texts: string[] = [];
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string") texts.push(next);
    else if (Array.isArray(next)) for (const item of next.toReversed()) left.push(item);
    else if (isRecord(next)) for (const item of Object.values(next).toReversed()) left.push(item);
  }
  return texts.join("");
}

/** LiteLLM's names of its functions. */
const CALL_TYPES: ReadonlyMap<string, AnyOperation> = new Map<string, AnyOperation>([
  ["completion", chat],
  ["acompletion", chat],
  ["text_completion", completions],
  ["atext_completion", completions],
  ["embedding", embeddings],
  ["aembedding", embeddings],
  ["moderation", moderations],
  ["amoderation", moderations],
  ["rerank", rerank],
  ["arerank", rerank],
]);

const transformBody = z.object({ call_type: z.string(), request_body: z.looseObject({ model: z.string() }) });

/** Thrown by the `fetch` that sends nothing. */
class NotSent extends Error {}

async function transform(call: RouteCall): Promise<Response> {
  const { gateway, context } = call;
  const { json } = await readJson(context.req.raw, gateway.config.settings.maxRequestBytes);
  const { call_type, request_body } = validate(transformBody, json);
  const operation = CALL_TYPES.get(call_type);
  if (operation === undefined)
    throw new BadRequestError(`call_type must be one of ${[...CALL_TYPES.keys()].join(", ")}`, { param: "call_type" });
  const request = validate(operation.request, request_body);
  const deployment = deploymentOf(call, request_body.model);
  let sent: { url: string; init: RequestInit } | undefined;
  const fetch = (input: RequestInfo | URL, init: RequestInit = {}) => {
    sent = { url: String(input), init };
    return Promise.reject(new NotSent());
  };
  const ports = { fetch, now: Date.now, id: context.get("callId") };
  await attempt(
    operation,
    request,
    deployment,
    { extraHeaders: {}, tags: [], mock: {} },
    gateway.config.settings.calls,
    ports,
  ).catch((error: unknown) => {
    if (sent === undefined) throw error;
  });
  if (sent === undefined) throw new InternalServerError("nothing would be sent: the deployment answers by itself");
  const { url, init } = sent;
  return context.json({
    raw_request_api_base: withoutQuery(url),
    raw_request_body: typeof init.body === "string" ? JSON.parse(init.body) : null,
    raw_request_headers: masked(init.headers),
    error: null,
  });
}

/** @throws BadRequestError where the request is nested more deeply than it can be walked, else what it was */
function tooDeep(cause: unknown): never {
  if (!(cause instanceof RangeError)) throw cause;
  throw new BadRequestError("litellm.BadRequestError: request_body is too deeply nested", {
    param: "request_body",
    cause,
  });
}

/** Keys stand in queries. */
function withoutQuery(url: string): string {
  return url.split("?")[0] ?? url;
}

const SHOWN = /^(?:content-type|accept|anthropic-(?:version|beta)|openai-(?:beta|organization|project))$/;

function masked(headers: RequestInit["headers"]): Record<string, string> {
  const shown = [...new Headers(headers)].map(([name, value]) => [name, SHOWN.test(name) ? value : "****"]);
  return Object.fromEntries(shown);
}

/** A deployment that serves the model to the caller. @throws BadRequestError where there is none */
function deploymentOf({ gateway, principal }: RouteCall, model: string | undefined): Deployment {
  if (model === undefined || model === "") throw new BadRequestError("model is missing", { param: "model" });
  const [deployment] = served(gateway, principal, model);
  if (deployment !== undefined) return deployment;
  throw new BadRequestError(`Could not map model=${model.slice(0, 200)}`, { param: "model" });
}

function served(gateway: Gateway, principal: RouteCall["principal"], model: string): readonly Deployment[] {
  if (!mayUse(gateway, principal, model)) return [];
  return gateway.router.groups.find(model, teamOf(principal))?.deployments ?? [];
}
