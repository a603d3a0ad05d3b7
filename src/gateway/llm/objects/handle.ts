/** Calls of clients about what providers keep: what they say, and that what they make is made once. */
import { splitOptions } from "../../../call/options.ts";
import { refuseDepth } from "../../../formats/depth.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { defined } from "../../../formats/json.ts";
import { isOfAnthropic } from "../../dialect.ts";
import type { RouteCall } from "../../route.ts";
import { keyedAnswer } from "../idempotency.ts";
import { asResponse } from "../native.ts";
import { fingerprintOf } from "../request-body.ts";
import { askObject, type ObjectRequest } from "./ask.ts";
import { listOwn } from "./list.ts";
import { databaseOf } from "./lookup.ts";
import type { Endpoint } from "./resources.ts";
import { readSent } from "./sent.ts";

/** Headers that mean something to a provider. */
const PASSED = /^(?:accept|range|openai-beta|anthropic-beta|anthropic-version)$/;

/** Parameters of a query that are the gateway's. */
const OWN_PARAMETERS = ["key", "api_key", "api-key", "api-version", "custom_llm_provider", "model"];

/** Of a run's events. */
const LAST_EVENT = "data: [DONE]\n\n";

export function handle(endpoint: Endpoint, call: RouteCall): Promise<Response> {
  return (endpoint.does === "list" ? listOwn(endpoint, call) : answered(endpoint, call)).catch(refuseDepth);
}

/** Once, where it makes something and the client says by a key that it may ask again. */
async function answered(endpoint: Endpoint, call: RouteCall): Promise<Response> {
  databaseOf(call.gateway);
  const request = await readRequest(endpoint, call);
  const answer = () => askObject(endpoint, call, request);
  if (endpoint.does !== "create" && !endpoint.begins) return asResponse(await answer());
  return keyedAnswer(call, { fingerprint: () => fingerprintOf(request.sent.fields) }, LAST_EVENT, answer);
}

async function readRequest({ resource }: Endpoint, call: RouteCall): Promise<ObjectRequest> {
  const { kind, fields } = await readSent(call);
  const { req } = call.context;
  const provider =
    fields["custom_llm_provider"] ?? req.query("custom_llm_provider") ?? req.header("custom-llm-provider");
  if (provider !== undefined && provider !== null && typeof provider !== "string")
    throw new BadRequestError("litellm.BadRequestError: custom_llm_provider must be a string", {
      param: "custom_llm_provider",
    });
  const usual = resource.isAnthropics && isOfAnthropic(req) ? "anthropic" : undefined;
  const { custom_llm_provider: _, ...said } = fields;
  const { request } = splitOptions(said, req.raw.headers);
  const query = new URL(req.url).searchParams;
  for (const name of OWN_PARAMETERS) query.delete(name);
  return {
    sent: { kind, fields: defined(request) },
    provider: provider || usual,
    parameters: req.param(),
    query,
    headers: Object.fromEntries([...req.raw.headers].filter(([name]) => PASSED.test(name))),
  };
}
