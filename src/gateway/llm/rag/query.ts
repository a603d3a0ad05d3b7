/** `POST /v1/rag/query`: a store is searched, what is found ranked anew where that is wanted, and a model asked with it. */
import { z } from "zod";
import { admit } from "../../../call/admit.ts";
import type { Reply } from "../../../call/call.ts";
import { ownUpstream } from "../../../call/client-credentials.ts";
import { modelsOf } from "../../../call/several-models.ts";
import { performWithShadows } from "../../../call/shadow.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { asRecord, defined, type JsonObject, stringsIn } from "../../../formats/json.ts";
import { validate } from "../../../formats/validate.ts";
import { chat } from "../../../operations/chat.ts";
import { rerank } from "../../../operations/rerank.ts";
import { readJson } from "../../body.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { usableModel } from "../files/destination.ts";
import { keyedAnswer } from "../idempotency.ts";
import { partOf } from "../native.ts";
import { askObject, factsOf, locate, type ObjectRequest } from "../objects/ask.ts";
import { databaseOf } from "../objects/lookup.ts";
import { endpointNamed } from "../objects/resources.ts";
import { prepare } from "../operations.ts";
import { type Passage, passagesIn, questionIn, ranked, withContext } from "./context.ts";
import { answerOf, StepFailed } from "./step.ts";
import { refuseOtherFields, refuseOtherStores } from "./stores.ts";
import { withResults } from "./with-results.ts";

/** LiteLLM's. */
const USUAL_RESULTS = 10;
const USUAL_RANKED = 5;

const retrievalSchema = z.looseObject({
  vector_store_id: z.string().min(1),
  custom_llm_provider: z.string().min(1).nullish(),
  top_k: z.int().min(1).nullish(),
  /** OpenAI's, like those below. */
  filters: z.looseObject({}).nullish(),
  ranking_options: z.looseObject({}).nullish(),
  rewrite_query: z.boolean().nullish(),
});

export const querySchema = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  retrieval_config: retrievalSchema,
  rerank: z
    .looseObject({
      enabled: z.boolean().nullish(),
      model: z.string().min(1).nullish(),
      top_n: z.int().min(1).nullish(),
    })
    .nullish(),
});
type Query = z.infer<typeof querySchema>;

const search = endpointNamed("vector_stores.search");

export async function query(call: RouteCall): Promise<Response> {
  const { context, gateway } = call;
  databaseOf(gateway);
  const { json, text } = await readJson(context.req.raw, gateway.config.settings.maxRequestBytes);
  const wanted = validate(querySchema, json);
  refuseOtherFields(wanted.retrieval_config, Object.keys(retrievalSchema.shape), "retrieval_config");
  const request = searchOf(wanted);
  return keyedAnswer(call, { fingerprint: async () => text }, chat.done, async () => {
    try {
      return await answered(call, wanted, request);
    } catch (cause) {
      if (cause instanceof StepFailed) return cause.reply;
      throw cause;
    }
  });
}

/** What can be refused is, before anything is paid for. */
async function answered(call: RouteCall, wanted: Query, request: ObjectRequest): Promise<Reply> {
  const { messages, retrieval_config: _, rerank: ranking, ...fields } = wanted;
  const ranker = rankerOf(ranking);
  await refuseChat(call, { ...fields, messages });
  if (ranker !== undefined) refuseRanker(call, ranker);
  const located = await locate(search, call, request);
  refuseOtherStores(located.place.deployment.target.provider, "retrieval_config.vector_store_id");

  const found = await answerOf(await askObject(search, call, request, located), "the search of the vector store");
  const passages = passagesIn(found);
  const order = ranker && passages.length > 0 ? await rank(call, wanted, ranker, passages) : undefined;
  const chosen = order === undefined ? passages : ranked(passages, order);
  const body = { ...fields, messages: withContext(messages, chosen) };
  const answer = await prepare(chat, call, { fields: body, text: JSON.stringify(body) });
  return withResults(await answer(), { search_results: found, ...(order && { rerank_results: order }) });
}

/** @throws BadRequestError where the user asks nothing */
function searchOf({ messages, retrieval_config: config, rerank: _, ...fields }: Query): ObjectRequest {
  const question = questionIn(messages);
  if (question === "")
    throw new BadRequestError("litellm.BadRequestError: no message of the user's has a text to search for", {
      param: "messages",
    });
  const { vector_store_id, custom_llm_provider: provider, top_k, filters, ranking_options, rewrite_query } = config;
  const said = defined({
    filters: filters ?? undefined,
    ranking_options: ranking_options ?? undefined,
    rewrite_query: rewrite_query ?? undefined,
  });
  return {
    sent: { kind: "json", fields: { query: question, max_num_results: top_k ?? USUAL_RESULTS, ...said } },
    provider: provider ?? undefined,
    parameters: { vector_store_id },
    query: new URLSearchParams(),
    headers: {},
    facts: factsOf(fields),
    part: "search",
  };
}

interface Ranker {
  model: string;
  most: number;
}

/** @throws BadRequestError where it has no model */
function rankerOf(ranking: Query["rerank"]): Ranker | undefined {
  if (!ranking?.enabled) return undefined;
  if (ranking.model != null) return { model: ranking.model, most: ranking.top_n ?? USUAL_RANKED };
  throw new BadRequestError("litellm.BadRequestError: rerank names no model", { param: "rerank.model" });
}

async function rank(
  call: RouteCall,
  { retrieval_config: _, rerank: __, ...fields }: Query,
  { model, most }: Ranker,
  passages: readonly Passage[],
): Promise<JsonObject> {
  const body = {
    model,
    query: questionIn(fields.messages),
    documents: passages.map(({ text }) => text),
    top_n: Math.min(most, passages.length),
  };
  const input = { ...partOf(callInput(call, fields), "rerank"), body: { ...body, ...alsoSaid(fields) } };
  return answerOf(await performWithShadows(call.gateway.calls(call.context), rerank, input), "rerank");
}

/** What the client says of the request as a whole, for the gateway alone: whose budgets pay, and that nothing is to be kept. */
function alsoSaid({ extra_body: extra, ...fields }: JsonObject): JsonObject {
  const { tags, metadata, cache }: JsonObject = { ...fields, ...asRecord(extra) };
  const all = [...stringsIn(tags), ...stringsIn(asRecord(metadata)["tags"])];
  return { ...(all.length > 0 && { tags: all }), ...defined({ cache }) };
}

/** @throws SluiceError where the chat could not be asked, whatever is found: for its models, or for a field of it */
async function refuseChat(call: RouteCall, body: JsonObject): Promise<void> {
  const calls = call.gateway.calls(call.context);
  const { attribution } = callInput(call, body).caller;
  const { model } = body;
  const several = modelsOf(model, (name) => calls.router.groups.isNamed(name, attribution.teamId));
  for (const name of several ?? [model]) {
    const asIs = callInput(call, { ...body, model: name });
    const { dependencies, input } = ownUpstream(calls, asIs) ?? { dependencies: calls, input: asIs };
    const { request } = await admit(dependencies, chat, input, input.body);
    dependencies.router.groups.get(request.model, attribution.teamId);
  }
}

/** @throws SluiceError where the key may not use it, or it is none */
function refuseRanker(call: RouteCall, { model }: Ranker): void {
  const { attribution } = callInput(call, {}).caller;
  call.gateway.calls(call.context).router.groups.get(usableModel(call, model), attribution.teamId);
}
