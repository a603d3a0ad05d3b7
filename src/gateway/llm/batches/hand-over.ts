/** A batch whose lines are all for one provider that runs batches: it gets the file, in its own names for models. */
import { OUTPUT_LIFETIME } from "../../../batches/batch.ts";
import type { BatchHold } from "../../../batches/size.ts";
import type { BatchSpec } from "../../../batches/state.ts";
import type { Reply } from "../../../call/call.ts";
import { ServiceUnavailableError, SluiceError } from "../../../formats/errors.ts";
import { asRecord } from "../../../formats/json.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { passObject } from "../../../store/batches.ts";
import type { Database } from "../../../store/database.ts";
import { findObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { callerOf } from "../../caller.ts";
import type { Gateway } from "../../gateway.ts";
import { renamedLines, uploadCall } from "../files/to-provider.ts";
import { hostOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { type HoldPorts, heldUntil, holdFor, isLimited, prolong, unhold } from "./hold.ts";
import { type Beginning, beginJob, quitJob } from "./jobs/begin.ts";
import { measure, requestsIn } from "./measure.ts";
import { operationFor } from "./operations.ts";
import { cancelCall, createCall, remembered } from "./passed.ts";
import { askQuietly } from "./quietly.ts";
import { batchOfFile } from "./sought.ts";
import { type Taker, takerOf } from "./taker.ts";
import type { Workplace } from "./work.ts";

interface Handing {
  spec: BatchSpec;
  models: readonly string[];
  /** Lines. */
  total: number;
  principal: Principal;
  /** The file's id there, where it was uploaded before a crash. */
  uploaded: string | undefined;
}

/** @returns whether a provider runs it now; else the gateway does */
export async function handOver(place: Workplace, handing: Handing): Promise<boolean> {
  const { gateway, room } = place;
  const { spec } = handing;
  const facts = {
    customerId: undefined,
    sessionId: undefined,
    requesterIp: undefined,
    metadata: undefined,
    now: Date.now(),
  };
  const own = await gateway.as(handing.principal);
  const caller = callerOf(own, handing.principal, gateway.subjects(place.keeper), facts);
  const taker = takerOf(own, caller, handing);
  // A model of the key's own config is known to its calls alone; whoever looks after batches would not find it.
  if (taker !== undefined && own !== gateway && isOnlyIn(own, gateway, taker.deployment)) return false;
  if (taker === undefined) return false;
  const ports = { calls: gateway.calls(place.keeper), accounts: gateway.accounts, caller };
  const held = await heldFor(place, ports, spec, taker);
  if (held === "refused") return false; // line by line each is told what it lacks
  const isTaken =
    taker.jobs === undefined
      ? await given(place, handing, taker, held)
      : await givenAsJob(place, { ...handing, caller, deployment: taker.deployment, jobs: taker.jobs }, held);
  if (held === undefined || isTaken) return isTaken;
  await unhold(gateway.accounts, held);
  await room.held(undefined);
  return false;
}

/** Milliseconds after its window in which what was set aside lapses, where no provider takes the batch. */
const LAPSES_AFTER = 3_600_000;

/** What it may cost is set aside, once: whoever comes after a crash finds it. `undefined` where nothing is limited. */
async function heldFor(
  { gateway, files, room }: Workplace,
  ports: HoldPorts,
  spec: BatchSpec,
  { deployment, nameFor }: Taker,
): Promise<BatchHold | "refused" | undefined> {
  if (spec.hold !== undefined) return spec.hold;
  if (!(await isLimited(ports.caller))) return undefined;
  const operation = operationFor(spec.endpoint);
  const stored = await files.get(spec.inputKey);
  if (operation === undefined || stored === undefined) return "refused";
  const name = (model: string) => nameFor(model) ?? model;
  const sizes = await measure(gateway, requestsIn(stored.body, spec.model), { operation, deployment, nameFor: name });
  try {
    const until = spec.expiresAt + LAPSES_AFTER;
    const hold = await holdFor(ports, { id: spec.id, sizes, isCalled: false, until });
    if (hold !== undefined) await room.held(hold);
    return hold;
  } catch (error) {
    if (!(error instanceof SluiceError) || error instanceof ServiceUnavailableError) throw error;
    return "refused";
  }
}

async function given(
  place: Workplace,
  handing: Handing,
  { deployment, nameFor }: Taker,
  hold: BatchHold | undefined,
): Promise<boolean> {
  const { gateway, room } = place;
  const { spec, models } = handing;
  const database = databaseOf(gateway);
  const row = await told(findObject(database, spec.id));
  if (row === undefined) return false;
  const fileId = handing.uploaded ?? (await uploaded(place, spec, deployment, nameFor));
  if (fileId === undefined) return false;
  const before = handing.uploaded === undefined ? undefined : await found(place, deployment, fileId, spec);
  const isWanted = await room.uploaded(fileId);
  if (!isWanted && before === undefined) {
    await dropFile(place, deployment, fileId);
    return false;
  }
  const reply = before ?? (await created(place, spec, deployment, fileId));
  if (reply.status >= 500 || reply.status === 429)
    throw new Error(`${deployment.target.provider} answered ${reply.status} to a batch`);
  const answer = typeof reply.body === "string" ? asRecord(JSON.parse(reply.body)) : {};
  if (reply.status >= 300 || typeof answer["id"] !== "string") {
    gateway.log.notice(
      `${deployment.target.provider} does not take the batch ${spec.id} (${reply.status}): the gateway runs it`,
    );
    await dropFile(place, deployment, fileId);
    return false;
  }
  await adopt(place, database, {
    row,
    deployment,
    fileId,
    reply,
    id: answer["id"],
    inputFileId: spec.inputFileId,
    models,
  });
  if (hold !== undefined) await prolong(gateway.accounts, hold, heldUntil(spec.expiresAt));
  if (await room.handOver()) return true;
  await quit(place, deployment, answer["id"]);
  if (hold !== undefined) await unhold(gateway.accounts, hold);
  return true;
}

/** The lines go to a job of the provider's; the batch stays the gateway's. */
async function givenAsJob(place: Workplace, beginning: Beginning, hold: BatchHold | undefined): Promise<boolean> {
  const { gateway, room } = place;
  const { spec, deployment, jobs } = beginning;
  const job = await beginJob(place, beginning);
  if (job === undefined) return false;
  if (hold !== undefined) await prolong(gateway.accounts, hold, heldUntil(spec.expiresAt));
  if (await room.handOver(job)) return true;
  await quitJob({ place, deployment }, jobs, job);
  if (hold !== undefined) await unhold(gateway.accounts, hold);
  return true;
}

/** It was cancelled while it was handed over. */
async function quit(place: Workplace, deployment: Deployment, id: string): Promise<void> {
  await askQuietly(place, deployment, cancelCall(id));
}

async function dropFile(place: Workplace, deployment: Deployment, fileId: string): Promise<void> {
  const path = `/v1/files/${encodeURIComponent(fileId)}`;
  await askQuietly(place, deployment, { method: "DELETE", path, headers: {} });
}

function isOnlyIn(own: Gateway, gateway: Gateway, { id }: Deployment): boolean {
  const knows = ({ router }: Gateway) => router.groups.deployments().some((one) => one.id === id);
  return knows(own) && !knows(gateway);
}

async function uploaded(
  { gateway, keeper, files }: Workplace,
  spec: BatchSpec,
  deployment: Deployment,
  nameFor: (model: string | undefined) => string | undefined,
): Promise<string | undefined> {
  const stored = await files.get(spec.inputKey);
  if (stored === undefined) return undefined;
  const content = renamedLines(stored.body, nameFor);
  const call = uploadCall({ filename: `${spec.id}.jsonl`, purpose: "batch", lifetime: undefined, content });
  const reply = await askQuietly({ gateway, keeper }, deployment, call);
  const answer = typeof reply.body === "string" && reply.status < 300 ? asRecord(JSON.parse(reply.body)) : {};
  const { id } = answer;
  if (typeof id === "string" && answer["object"] === "file") return id;
  gateway.log.notice(
    `${deployment.target.provider} does not take the file of ${spec.id} (${reply.status}): the gateway runs it`,
  );
  return undefined;
}

function created(place: Workplace, spec: BatchSpec, deployment: Deployment, fileId: string): Promise<Reply> {
  const { endpoint, completionWindow, metadata, outputLifetime } = spec;
  const isUsual = outputLifetime === OUTPUT_LIFETIME;
  const expiry = isUsual ? {} : { output_expires_after: { anchor: "created_at", seconds: outputLifetime } };
  const json = {
    input_file_id: fileId,
    endpoint,
    completion_window: completionWindow,
    ...(metadata && { metadata }),
    ...expiry,
  };
  return askQuietly(place, deployment, createCall(json));
}

/** The batch of this file, if it was made before somebody crashed. */
async function found(
  place: Workplace,
  deployment: Deployment,
  fileId: string,
  { createdAt }: BatchSpec,
): Promise<Pick<Reply, "status" | "body"> | undefined> {
  const own = await batchOfFile(place, deployment, fileId, createdAt);
  return own && { status: 200, body: JSON.stringify(own) };
}

interface Adopted {
  row: ObjectRow;
  deployment: Deployment;
  fileId: string;
  reply: Pick<Reply, "status" | "body">;
  id: string;
  inputFileId: string;
  models: readonly string[];
}

async function adopt({ gateway }: Workplace, database: Database, adopted: Adopted): Promise<void> {
  const { deployment, id, row, fileId, inputFileId, reply, models } = adopted;
  const { provider } = deployment.target;
  const kept = { deployment_id: deployment.id, provider, provider_id: id, model: models[0] ?? null };
  const input = { id: inputFileId, provider_id: fileId };
  const state = { input, host: hostOf(deployment) };
  await told(passObject(database, row.id, kept, state));
  const { owner, created_by: createdBy } = row;
  await remembered(gateway, reply, { deployment, owner, createdBy, row: { ...row, ...kept, state } });
}
