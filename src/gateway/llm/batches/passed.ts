/** Batches that a provider runs: asked in its ids, answered in the gateway's. */
import { isOver } from "../../../batches/batch.ts";
import type { BatchSpec } from "../../../batches/state.ts";
import type { Reply } from "../../../call/call.ts";
import { asRecord } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { keepObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse, callNative } from "../native.ts";
import { AnswerIds } from "../objects/answer-ids.ts";
import type { Reference } from "../objects/fields.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { refuseSpent } from "./budget.ts";

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
  await refuseUnpaid(call, deployment);
  const reply = await callNative(call, deployment, createCall(json), { name: "batches.create" });
  const { principal } = call;
  const owner = { owner: ownerOf(principal), createdBy: principal.userId ?? principal.token };
  const kept = await remembered(call.gateway, reply, { deployment, input, ...owner });
  await watch(call, kept, { inputFileId: input.id, endpoint: String(request["endpoint"]), ...owner });
  return asResponse(kept);
}

/** @throws SluiceError where a budget of the caller's is used up */
export async function refuseUnpaid(call: RouteCall, { modelName }: Deployment): Promise<void> {
  const refusal = await refuseSpent(call.gateway.calls(call.context), callInput(call, {}).caller, modelName);
  if (refusal !== undefined) throw refusal;
}

/** Whoever looks for what it costs is told of it. */
export async function watch(
  { gateway, principal }: RouteCall,
  { status, body }: Reply,
  { inputFileId, endpoint, owner, createdBy }: Pick<BatchSpec, "inputFileId" | "endpoint" | "owner" | "createdBy">,
): Promise<void> {
  const { id } = typeof body === "string" && status < 300 ? asRecord(JSON.parse(body)) : {};
  if (typeof id !== "string") return;
  const now = Date.now();
  const nothing = { inputKey: "", outputFileId: "", errorFileId: "", outputLifetime: 0, metadata: null };
  const spec = { ...nothing, id, endpoint, inputFileId, owner, createdBy, token: principal.token };
  await gateway.batches?.(id).watch({ ...spec, completionWindow: "24h", createdAt: now, expiresAt: now + DAY });
}

const DAY = 86_400_000;

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
  /** Of a batch that is there. */
  row?: ObjectRow;
  /** Of a new one. */
  input?: ObjectRow;
}

/** The provider's answer in the gateway's ids; the batch is kept as it is now. Files that it names are there from then on. */
export async function remembered(gateway: Gateway, reply: Reply, known: Known): Promise<Reply> {
  const { deployment, owner, createdBy, row, input } = known;
  const database = databaseOf(gateway);
  const copied = asRecord(row?.state)["input"] as Pick<ObjectRow, "id" | "provider_id"> | undefined; // as `passObject` has it
  const named = [row, input, copied].flatMap((one) => (one?.provider_id ? [[one.provider_id, one.id] as const] : []));
  const ids = new AnswerIds(database, { deployment, owner, createdBy, now: Date.now() }, new Map(named));
  if (typeof reply.body !== "string") return reply;
  if (reply.status >= 300) return { ...reply, body: ids.inWords(reply.body) };
  const answer = asRecord(JSON.parse(reply.body));
  const { id } = answer;
  if (typeof id !== "string") return reply;
  const batch = row ?? (await ids.rowOf({ id, kind: "batch" }));
  ids.add(batch);
  const text = await ids.inJson(reply.body, answer, [{ id, kind: "batch" }, ...filesOf(answer)]);
  await told(keepObject(database, { ...batch, body: asRecord(JSON.parse(text)) }));
  return { ...reply, body: text };
}

function filesOf(answer: Record<string, unknown>): Reference[] {
  return ["input_file_id", "output_file_id", "error_file_id"].flatMap((name) => {
    const id = answer[name];
    return typeof id === "string" && id !== "" ? [{ id, kind: "file" as const }] : [];
  });
}
