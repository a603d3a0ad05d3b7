/** Batches that a provider runs: asked in its ids, answered in the gateway's. */
import { isOver } from "../../../batches/batch.ts";
import type { Reply } from "../../../call/call.ts";
import { asRecord } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { keepObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { asResponse, callNative } from "../native.ts";
import { AnswerIds } from "../objects/answer-ids.ts";
import type { Reference } from "../objects/fields.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { beginPassed } from "./beginning.ts";
import { contentOf, measurable, measure, requestsIn } from "./measure.ts";

/** Fields of a request that are the gateway's. */
const OWN_FIELDS = ["custom_llm_provider", "litellm_metadata", "model", "tags", "target_model_names"];

export async function createPassed(
  call: RouteCall,
  input: ObjectRow,
  request: Record<string, unknown>,
): Promise<Response> {
  const deployment = keeperOf(call.gateway, input);
  const given = Object.entries(request).filter(([name]) => !OWN_FIELDS.includes(name));
  const json = { ...Object.fromEntries(given), input_file_id: input.provider_id };
  const endpoint = String(request["endpoint"]);
  const { gateway, context } = call;
  const measured = async () => {
    const operation = measurable(endpoint);
    const content = await contentOf(gateway, context, deployment, input);
    return measure(gateway, requestsIn(content), { operation, deployment });
  };
  return beginPassed(call, {
    kind: "batch",
    deployment,
    endpoint,
    inputFileId: input.id,
    model: null,
    marks: { input: { id: input.id, provider_id: input.provider_id } },
    measured,
    ask: () => callNative(call, deployment, createCall(json), { name: "batches.create" }),
    keep: (reply, row) => remembered(gateway, reply, { deployment, row, owner: row.owner, createdBy: row.created_by }),
    cancel: cancelCall,
  });
}

/** A batch that is seen to be over is paid for at once. */
export async function retrievePassed(call: RouteCall, row: ObjectRow): Promise<Response> {
  const reply = await asked(call, row, "GET", "", "batches.retrieve");
  const { status } = typeof reply.body === "string" && reply.status < 300 ? asRecord(JSON.parse(reply.body)) : {};
  const { gateway, context } = call;
  if (isOver(String(status)) && gateway.batches) gateway.waitUntil(context, gateway.batches(row.id).due());
  return asResponse(reply);
}

export async function cancelPassed(call: RouteCall, row: ObjectRow): Promise<Response> {
  return asResponse(await asked(call, row, "POST", "/cancel", "batches.cancel"));
}

export function createCall(json: Record<string, unknown>): NativeCall {
  return { method: "POST", path: "/v1/batches", headers: { "content-type": "application/json" }, body: { json } };
}

/** @param id the provider's */
export function cancelCall(id: string): NativeCall {
  return { method: "POST", path: `/v1/batches/${encodeURIComponent(id)}/cancel`, headers: {} };
}

async function asked(call: RouteCall, row: ObjectRow, method: "GET" | "POST", what: string, name: string) {
  const deployment = keeperOf(call.gateway, row);
  const path = `/v1/batches/${encodeURIComponent(row.provider_id ?? "")}${what}`;
  const reply = await callNative(call, deployment, { method, path, headers: {} }, { name });
  return remembered(call.gateway, reply, { deployment, row, owner: row.owner, createdBy: row.created_by });
}

interface Known {
  deployment: Deployment;
  owner: string;
  createdBy: string | null;
  row: ObjectRow;
}

/** The provider's answer in the gateway's ids; the batch, or what else the row is of, is kept as it is now. Files that it names are there from then on. */
export async function remembered<Told extends Pick<Reply, "status" | "body">>(
  gateway: Gateway,
  reply: Told,
  known: Known,
): Promise<Told> {
  const { deployment, owner, createdBy, row } = known;
  const database = databaseOf(gateway);
  const copied = asRecord(row.state)["input"] as Pick<ObjectRow, "id" | "provider_id"> | undefined; // as whoever passed it has it
  const named = [row, copied].flatMap((one) => (one?.provider_id ? [[one.provider_id, one.id] as const] : []));
  const ids = new AnswerIds(database, { deployment, owner, createdBy, now: Date.now() }, new Map(named));
  if (typeof reply.body !== "string") return reply;
  if (reply.status >= 300) return { ...reply, body: ids.inWords(reply.body) };
  const answer = asRecord(JSON.parse(reply.body));
  const { id } = answer;
  if (typeof id !== "string") return reply;
  const itself = { id, kind: row.kind as Reference["kind"] }; // rows that providers keep have no other kinds
  const text = await ids.inJson(reply.body, answer, [itself, ...filesOf(answer)]);
  await told(keepObject(database, { ...row, body: asRecord(JSON.parse(text)) }));
  return { ...reply, body: text };
}

function filesOf(answer: Record<string, unknown>): Reference[] {
  return ["input_file_id", "output_file_id", "error_file_id"].flatMap((name) => {
    const id = answer[name];
    return typeof id === "string" && id !== "" ? [{ id, kind: "file" as const }] : [];
  });
}
