/** Batches that a provider runs: asked in its ids, answered in the gateway's. */
import { isOver } from "../../../batches/batch.ts";
import { LOOKS_AFTER_WINDOW } from "../../../batches/book.ts";
import type { BatchHold, BatchSize } from "../../../batches/size.ts";
import type { BatchSpec } from "../../../batches/state.ts";
import type { Reply } from "../../../call/call.ts";
import { asRecord } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { keepObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse, callNative } from "../native.ts";
import { AnswerIds } from "../objects/answer-ids.ts";
import type { Reference } from "../objects/fields.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { holdFor, isLimited, prolong, unhold } from "./hold.ts";
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
  const { gateway, principal, context } = call;
  const measured = async () => {
    const operation = measurable(endpoint);
    const content = await contentOf(gateway, context, deployment, input);
    return measure(gateway, requestsIn(content), { operation, deployment });
  };
  return whileHeld(call, measured, async (hold) => {
    const reply = await callNative(call, deployment, createCall(json), { name: "batches.create" });
    const owner = { owner: ownerOf(principal), createdBy: principal.userId ?? principal.token };
    const kept = await remembered(gateway, reply, { deployment, input, ...owner });
    await watch(call, kept, { inputFileId: input.id, endpoint, ...owner, ...(hold && { hold }) });
    return kept;
  });
}

/** Milliseconds in which a provider has taken a batch, or never will: what is set aside for it lapses then. */
const LONGEST_CREATION = 15 * 60_000;

/**
 * Begins a batch with what it may cost set aside; where that is free again, the batch was not begun.
 * @param measured asked only where something is limited
 * @throws SluiceError where a limit or budget has not so much left
 */
export async function whileHeld(
  call: RouteCall,
  measured: () => Promise<ReadonlyMap<string, BatchSize>>,
  begin: (hold: BatchHold | undefined) => Promise<Reply>,
): Promise<Response> {
  const { gateway, context } = call;
  const { caller } = callInput(call, {});
  if (!(await isLimited(caller))) return asResponse(await begin(undefined));
  const { accounts } = gateway;
  const ports = { calls: gateway.calls(context), accounts, caller };
  const until = Date.now() + LONGEST_CREATION;
  const hold = await holdFor(ports, {
    id: `batch:${newLogId(Date.now())}`,
    sizes: await measured(),
    isCalled: true,
    until,
  });
  try {
    const reply = await begin(hold);
    if (hold !== undefined && reply.status >= 300) await unhold(accounts, hold);
    return asResponse(reply);
  } catch (error) {
    if (hold !== undefined) await unhold(accounts, hold);
    throw error;
  }
}

/** Whoever looks for what it costs is told of it. */
export async function watch(
  { gateway, principal }: RouteCall,
  { status, body }: Reply,
  {
    inputFileId,
    endpoint,
    owner,
    createdBy,
    hold,
  }: Pick<BatchSpec, "inputFileId" | "endpoint" | "owner" | "createdBy" | "hold">,
): Promise<void> {
  const { id } = typeof body === "string" && status < 300 ? asRecord(JSON.parse(body)) : {};
  if (typeof id !== "string") return;
  const now = Date.now();
  const nothing = { inputKey: "", outputFileId: "", errorFileId: "", outputLifetime: 0, metadata: null };
  const spec = { ...nothing, id, endpoint, inputFileId, owner, createdBy, token: principal.token };
  const times = { completionWindow: "24h", createdAt: now, expiresAt: now + DAY };
  if (hold !== undefined) await prolong(gateway.accounts, hold, heldUntil(times.expiresAt));
  await gateway.batches?.(id).watch({ ...spec, ...times, ...(hold && { hold }) });
}

const DAY = 86_400_000;

/** Longer than its provider is asked what it cost. */
export function heldUntil(expiresAt: number): number {
  return expiresAt + LOOKS_AFTER_WINDOW + DAY;
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
