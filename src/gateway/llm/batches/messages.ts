/**
 * Anthropic's Message Batches API, run by Anthropic: its own bytes, under ids of the gateway's.
 * Source: Anthropic's API reference, "Message Batches".
 */
import { z } from "zod";
import type { Reply } from "../../../call/call.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import { asRecord } from "../../../formats/json.ts";
import { validate } from "../../../formats/validate.ts";
import { errorBody, messages } from "../../../operations/messages.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import { findProvider } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { deleteObject, keepObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { readJson } from "../../body.ts";
import { teamOf } from "../../model-names.ts";
import type { Route, RouteCall } from "../../route.ts";
import { usableModel } from "../files/destination.ts";
import { findOwn } from "../files/find.ts";
import { ownPage } from "../files/page.ts";
import { asResponse, callNative } from "../native.ts";
import { isSameAccount, keeperOf, noCredentials } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { beginPassed } from "./beginning.ts";
import { measure } from "./measure.ts";
import { workForBatch } from "./work.ts";

const PROVIDER = "anthropic";
/** "A Message Batch is limited to either 100,000 Message requests or 256 MB in size." */
const MOST_REQUESTS = 100_000;

const requestSchema = z.looseObject({
  requests: z
    .array(z.looseObject({ custom_id: z.string().min(1), params: z.looseObject({ model: z.string().min(1) }) }))
    .min(1)
    .max(MOST_REQUESTS),
});

async function create(call: RouteCall): Promise<Response> {
  const { json } = await readJson(call.context.req.raw, call.gateway.config.settings.maxRequestBytes);
  const { requests, ...rest } = validate(requestSchema, json);
  const { deployment, names } = placeOf(call, [...new Set(requests.map(({ params }) => params.model))]);
  const renamed = requests.map((request) => {
    const { params } = request;
    return { ...request, params: { ...params, model: names.get(params.model) ?? params.model } };
  });
  const { gateway } = call;
  const measured = () => {
    const all = requests.map(({ params }) => ({ body: params, bytes: JSON.stringify(params).length }));
    return measure(gateway, all, { operation: messages, deployment, nameFor: (name) => names.get(name) ?? name });
  };
  return beginPassed(call, {
    kind: "message_batch",
    deployment,
    endpoint: "/v1/messages",
    inputFileId: "",
    model: requests[0]?.params.model ?? null,
    marks: { requests: requests.length },
    measured,
    ask: () => ask(call, deployment, { method: "POST", body: { json: { ...rest, requests: renamed } } }, "create"),
    keep: (reply, row) => remembered(call, reply, row),
    cancel: (id) => ({ method: "POST", path: `/v1/messages/batches/${encodeURIComponent(id)}/cancel`, headers: {} }),
  });
}

/**
 * The one account that all the models are served by, and what they are called there.
 * @throws SluiceError where the caller may not use one, or where there is no such account
 */
function placeOf(call: RouteCall, models: readonly string[]): { deployment: Deployment; names: Map<string, string> } {
  const { gateway, principal } = call;
  const groups = models.map((model) => {
    const group = gateway.router.groups.find(usableModel(call, model), teamOf(principal));
    const deployments = group?.deployments.filter(({ target }) => findProvider(target.provider)?.messageBatches) ?? [];
    if (group !== undefined && deployments.length === 0)
      throw new BadRequestError(
        `litellm.BadRequestError: ${model} is served by no provider that runs batches of messages: use /v1/batches`,
        { param: "model", model },
      );
    return { model, deployments };
  });
  const first = groups.find(({ deployments }) => deployments.length > 0)?.deployments[0];
  const deployment = first ?? providerDeployment(gateway, PROVIDER);
  if (deployment === undefined) throw noCredentials(PROVIDER);
  const names = groups.map(({ model, deployments }): [string, string] => {
    if (deployments.length === 0) return [model, model]; // Anthropic's own name
    const here = deployments.find((one) => isSameAccount(one, deployment));
    if (here !== undefined) return [model, here.target.model];
    throw new BadRequestError(
      `litellm.BadRequestError: ${groups[0]?.model} and ${model} are served by different accounts, and a batch is for one`,
      { param: "model", model },
    );
  });
  return { deployment, names: new Map(names) };
}

const retrieve = (call: RouteCall) => about(call, "GET", "", "retrieve");
const cancel = (call: RouteCall) => about(call, "POST", "/cancel", "cancel");

async function about(call: RouteCall, method: "GET" | "POST", what: string, name: string): Promise<Response> {
  const row = await own(call);
  const deployment = keeperOf(call.gateway, row);
  const path = `/${encodeURIComponent(row.provider_id ?? "")}${what}`;
  const reply = await ask(call, deployment, { method, path }, name);
  const kept = await remembered(call, reply, row);
  const { gateway, context } = call;
  if (stateOf(kept) === "ended" && gateway.batches) gateway.waitUntil(context, gateway.batches(row.id).due());
  return asResponse(kept);
}

async function results(call: RouteCall): Promise<Response> {
  const row = await own(call);
  const path = `/${encodeURIComponent(row.provider_id ?? "")}/results`;
  const reply = await ask(call, keeperOf(call.gateway, row), { method: "GET", path }, "results");
  const { gateway, context } = call;
  if (reply.status < 300 && gateway.batches) gateway.waitUntil(context, gateway.batches(row.id).due());
  return asResponse(inOwnWords(reply, row));
}

async function remove(call: RouteCall): Promise<Response> {
  const row = await own(call);
  const path = `/${encodeURIComponent(row.provider_id ?? "")}`;
  await paidFor(call, row.id);
  const reply = await ask(call, keeperOf(call.gateway, row), { method: "DELETE", path }, "delete");
  if (reply.status >= 300 && reply.status !== 404) return asResponse(inOwnWords(reply, row));
  await told(deleteObject(databaseOf(call.gateway), row.id));
  return call.context.json({ id: row.id, type: "message_batch_deleted" });
}

/** Without its results nobody could say any more what it cost. */
async function paidFor({ gateway, context }: RouteCall, id: string): Promise<void> {
  await gateway.batches?.(id).due();
  if (gateway.files !== undefined) await workForBatch(gateway, context, { batch: id, lane: 0 });
}

async function list(call: RouteCall): Promise<Response> {
  const page = await ownPage(call, { kind: "message_batch", usual: 20, most: 1000 });
  const { rows, hasMore } = page;
  const data = rows.map(({ body }) => body);
  return call.context.json({
    data,
    first_id: rows[0]?.id ?? null,
    last_id: rows.at(-1)?.id ?? null,
    has_more: hasMore,
  });
}

const own = (call: RouteCall) => findOwn(call, call.context.req.param("batch_id") ?? "", "message_batch");

function ask(
  call: RouteCall,
  deployment: Deployment,
  { path = "", ...native }: Pick<NativeCall, "method" | "body"> & { path?: string },
  name: string,
): Promise<Reply> {
  const passed = ["anthropic-version", "anthropic-beta"].flatMap((header) => {
    const value = call.context.req.header(header);
    return value === undefined ? [] : [[header, value]];
  });
  return callNative(
    call,
    deployment,
    { ...native, path: `/v1/messages/batches${path}`, headers: Object.fromEntries(passed) },
    { name: `message_batches.${name}`, errorBody },
  );
}

/** The answer with the gateway's id and address; the batch is kept as it is now. */
async function remembered(call: RouteCall, reply: Reply, row: ObjectRow): Promise<Reply> {
  if (reply.status >= 300 || typeof reply.body !== "string") return inOwnWords(reply, row);
  const answer = asRecord(JSON.parse(reply.body));
  if (typeof answer["id"] !== "string") return reply;
  const address = new URL(`/v1/messages/batches/${row.id}/results`, call.context.req.url);
  const body = { ...answer, id: row.id, ...(answer["results_url"] ? { results_url: address.href } : {}) };
  await told(keepObject(databaseOf(call.gateway), { ...row, body }));
  return { ...reply, body: JSON.stringify(body) };
}

function stateOf({ body, status }: Reply): unknown {
  return typeof body === "string" && status < 300 ? asRecord(JSON.parse(body))["processing_status"] : undefined;
}

/** Anthropic's words name its own id. */
function inOwnWords(reply: Reply, { id, provider_id }: ObjectRow): Reply {
  if (provider_id === null || typeof reply.body !== "string") return reply;
  return { ...reply, body: reply.body.replaceAll(provider_id, id) };
}

const route = (
  method: "GET" | "POST" | "DELETE",
  rest: string,
  summary: string,
  handle: (call: RouteCall) => Promise<Response>,
): Route => ({
  method,
  paths: [`/v1/messages/batches${rest}`, `/anthropic/v1/messages/batches${rest}`],
  access: "llm",
  summary,
  tag: "batches",
  errorBody,
  handle,
});

export const messageBatchRoutes: readonly Route[] = [
  route("POST", "", "Start a batch of messages", create),
  route("GET", "", "One's batches of messages", list),
  route("GET", "/:batch_id/results", "Results of a batch of messages", results),
  route("POST", "/:batch_id/cancel", "Cancel a batch of messages", cancel),
  route("GET", "/:batch_id", "How a batch of messages stands", retrieve),
  route("DELETE", "/:batch_id", "Delete a batch of messages", remove),
];
