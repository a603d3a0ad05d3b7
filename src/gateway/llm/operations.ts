/** The routes of the operations: each path of each operation is the same pipeline. */
import { atDeployment } from "../../call/at-deployment.ts";
import type { CallDependencies, CallInput, Reply } from "../../call/call.ts";
import { performForModels } from "../../call/several-models.ts";
import { BadRequestError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import { chat } from "../../operations/chat.ts";
import { completions } from "../../operations/completions.ts";
import { countTokens } from "../../operations/count-tokens.ts";
import { embeddings } from "../../operations/embeddings.ts";
import { imageEdits } from "../../operations/image-edits.ts";
import { imageGenerations } from "../../operations/image-generations.ts";
import { imageVariations } from "../../operations/image-variations.ts";
import { interactions } from "../../operations/interactions.ts";
import { messages } from "../../operations/messages.ts";
import { moderations } from "../../operations/moderations.ts";
import { ocr } from "../../operations/ocr.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import { rerank } from "../../operations/rerank.ts";
import { responses } from "../../operations/responses.ts";
import { compactResponses, responseInputTokens } from "../../operations/responses-beside.ts";
import { speech } from "../../operations/speech.ts";
import { transcriptions, translations } from "../../operations/transcriptions.ts";
import { usualModel } from "../../operations/usual-model.ts";
import type { Deployment } from "../../router/deployment.ts";
import { teamOf } from "../model-names.ts";
import type { Route, RouteCall } from "../route.ts";
import { callInput } from "./call-input.ts";
import { keyedAnswer } from "./idempotency.ts";
import { beginInteraction, creatingInteraction, interactionsLater } from "./interactions/begin.ts";
import { isSameAccount } from "./objects/keeper.ts";
import { NAME_MARK, resolveReferences, unresolved } from "./objects/resolve-references.ts";
import { keptCompletion } from "./objects/stored-completions.ts";
import { standIn } from "./pass-through/stand-in.ts";
import { type RequestBody, readRequestBody } from "./request-body.ts";
import { createInBackground, isMadeHere } from "./responses/background.ts";
import { BackgroundCall, responsesLater } from "./responses/background-call.ts";
import { beginRequest } from "./responses/begin.ts";
import { namesResponses, operationFor } from "./responses/operations.ts";

export const operations: readonly AnyOperation[] = [
  chat,
  completions,
  embeddings,
  imageGenerations,
  imageEdits,
  imageVariations,
  messages,
  countTokens,
  moderations,
  ocr,
  rerank,
  speech,
  transcriptions,
  translations,
  responses,
  compactResponses,
  responseInputTokens,
];

export const operationRoutes: readonly Route[] = operations.map((operation) => ({
  method: "POST" as const,
  paths: operation.paths,
  access: "llm" as const,
  summary: operation.summary,
  tag: operation.name,
  body: operation.request,
  errorBody: operation.errorBody,
  handle: (call: RouteCall) => serve(operation, call),
}));

/**
 * Answers a request by an operation.
 * @param fields of the request that do not stand in its body, such as those of its path
 */
export async function serve(
  operation: AnyOperation,
  call: RouteCall,
  fields: Readonly<Record<string, unknown>> = modelOfPath(call),
): Promise<Response> {
  const given = await readRequestBody(operation, call.context.req.raw, call.gateway.config.settings.maxRequestBytes);
  const answer = await prepare(operation, call, given, fields);
  return keyedAnswer(call, given, operation.done, answer);
}

/**
 * All there is to do before an operation answers: what the request names is found, and who must answer it.
 * @param given with the text in which names of objects stand, if any do
 */
export async function prepare(
  operation: AnyOperation,
  call: RouteCall,
  given: Pick<RequestBody, "fields" | "text">,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<() => Promise<Reply>> {
  const { gateway } = call;
  const namesThem = namesResponses(operation);
  const isKept = namesThem || operation === interactions;
  const body: Record<string, unknown> = { ...(isKept ? withExtraBody(given.fields) : given.fields), ...fields };
  if (body["model"] === undefined || body["model"] === null || body["model"] === "")
    body["model"] = usualModel(operation, gateway.router.groups, teamOf(call.principal));
  const begun = namesThem ? await beginRequest(call, body) : undefined;
  const interaction = operation === interactions ? await beginInteraction(call, body) : undefined;
  const { body: asked = body, isLonger = false, deployment: keeper } = begun ?? interaction ?? {};
  const namesObjects = isLonger || (given.text !== undefined && NAME_MARK.test(given.text));
  const resolved = namesObjects ? await resolveReferences(call, asked) : unresolved(asked);
  const { calls, input } = within(call, resolved.body, onlyKeeper(keeper, resolved.deployment));
  const background = operation === responses ? new BackgroundCall(call, resolved.body, responsesLater) : undefined;
  const later = interaction && new BackgroundCall(call, resolved.body, interactionsLater);
  const isNamed = resolved.deployment !== undefined;
  const usual = interaction && later ? creatingInteraction(call, interaction, later) : operation;
  const made = begun === undefined ? usual : operationFor(operation, call, begun, isNamed, background);
  const ask = (signal?: AbortSignal) =>
    performForModels(calls, made, signal === undefined ? input : { ...input, signal });
  return async () => {
    if (background?.isAskedFor && begun !== undefined && isMadeHere(call, begun, resolved.deployment))
      return createInBackground(call, begun, resolved.body);
    const carrying = background ?? later;
    const answered = await (carrying?.carriedOut(keeper ?? resolved.deployment, ask) ?? ask());
    const reply = await resolved.answered(answered);
    return operation === chat ? keptCompletion(call, body, reply, resolved.deployment) : reply;
  };
}

/**
 * Fields that the client wants put into the body are fields of it: what they ask for must be known here. One within the
 * other says nothing, as in every request: it would be put in after all was looked at.
 */
function withExtraBody({ extra_body: extra, ...fields }: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(extra)) return fields;
  const { extra_body: _, ...others } = extra;
  return { ...fields, ...others, ...("model" in fields && { model: fields["model"] }) };
}

/**
 * The call, and what it goes by: the router, or the one deployment that stands for the provider of the path.
 * @param keeper the one deployment that knows what the call names
 */
function within(
  call: RouteCall,
  body: Record<string, unknown>,
  keeper: Deployment | undefined,
): { calls: CallDependencies; input: CallInput } {
  const calls = call.gateway.calls(call.context);
  const { numRetries } = call.gateway.config.settings.routing;
  if (keeper !== undefined) return { calls: atDeployment(calls, keeper, numRetries), input: callInput(call, body) };
  const only = standIn(call, body["model"]);
  if (only === undefined) return { calls, input: callInput(call, body) };
  const input = callInput(call, { ...body, model: only.modelName });
  const caller = { ...input.caller, modelFor: (model: string) => model, refuseModel: () => undefined };
  return {
    calls: atDeployment(calls, only, numRetries),
    input: { ...input, caller },
  };
}

/** Who knows all that the call names. @throws BadRequestError where nobody does */
function onlyKeeper(one: Deployment | undefined, other: Deployment | undefined): Deployment | undefined {
  if (one === undefined || other === undefined || isSameAccount(one, other)) return one ?? other;
  throw new BadRequestError(
    "litellm.BadRequestError: the response it goes on from and the objects it names are kept by different deployments",
  );
}

function modelOfPath({ context }: RouteCall): Record<string, unknown> {
  const model = context.req.param("model");
  return model === undefined ? {} : { model };
}
