/**
 * A provider is asked to run a batch. Whatever becomes of the gateway meanwhile, nobody runs a batch that is not paid for: its
 * row, its object and what it may cost are there before the provider is asked, and the object looks for it until it is found.
 */
import type { BatchHold, BatchSize } from "../../../batches/size.ts";
import type { BatchSpec } from "../../../batches/state.ts";
import type { Reply } from "../../../call/call.ts";
import { ServiceUnavailableError } from "../../../formats/errors.ts";
import { asRecord, parsedJson } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Database } from "../../../store/database.ts";
import { deleteObject, insertObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse } from "../native.ts";
import { newObjectId } from "../objects/ids.ts";
import { hostOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { heldUntil, holdUntilTaken, prolong, unhold } from "./hold.ts";
import { askQuietly } from "./quietly.ts";
import { takenAs } from "./sought.ts";
import { watchedSpec } from "./watched.ts";

const DAY = 86_400_000;

export interface Beginning {
  kind: "batch" | "message_batch";
  deployment: Deployment;
  endpoint: string;
  inputFileId: string;
  model: string | null;
  /** By which it is known again at the provider: its input, or how many requests it has. */
  marks: { input: Pick<ObjectRow, "id" | "provider_id"> } | { requests: number };
  /** Asked only where something is limited. */
  measured(): Promise<ReadonlyMap<string, BatchSize>>;
  ask(): Promise<Reply>;
  /** The provider's answer in the gateway's words, kept under this row. */
  keep(reply: Reply, row: ObjectRow): Promise<Reply>;
  /** Ends the batch of the provider's. */
  cancel(theirs: string): NativeCall;
}

/** @throws SluiceError where a limit or budget has not so much left, or what is needed to pay for it cannot be reached */
export async function beginPassed(call: RouteCall, beginning: Beginning): Promise<Response> {
  const { gateway, context } = call;
  const database = databaseOf(gateway);
  const row = newRow(call, beginning);
  const hold = await holdUntilTaken(call, callInput(call, {}).caller, "batch", () => beginning.measured());
  await prepared(call, beginning, row, hold);
  const reply = await beginning.ask();
  if (reply.status >= 300) {
    if (isRefusal(reply)) await forget(gateway, database, row.id, hold);
    return asResponse(await beginning.keep(reply, row));
  }
  const theirs = idIn(reply);
  if (theirs === undefined) return asResponse(reply); // its object looks for what this may mean
  try {
    const taken = await takenAs(database, row, theirs);
    const kept = await beginning.keep(reply, taken);
    if (taken.id !== row.id) await moved(call, beginning, row.id, taken, hold);
    return asResponse(kept);
  } catch (error) {
    // The client is told that there is none. What it has cost by then is found by its object.
    const asked = { gateway, keeper: context };
    await askQuietly(asked, beginning.deployment, beginning.cancel(theirs)).catch(() => {});
    throw error;
  }
}

/** It was never begun, or is another's. May be called twice. */
export async function forget(
  gateway: Gateway,
  database: Database,
  id: string,
  hold: BatchHold | undefined,
): Promise<void> {
  if (hold !== undefined) await unhold(gateway.accounts, hold);
  // What fails here is done by its object.
  await deleteObject(database, id).catch(() => {});
  await gateway
    .batches?.(id)
    .polled(true)
    .catch(() => {});
}

/** From here on somebody looks for it. @throws ServiceUnavailableError where nobody would */
async function prepared(
  call: RouteCall,
  beginning: Beginning,
  row: ObjectRow,
  hold: BatchHold | undefined,
): Promise<void> {
  const { gateway } = call;
  const database = databaseOf(gateway);
  try {
    await told(insertObject(database, row));
    const spec = specOf(call, beginning, row, hold);
    await gateway.batches?.(row.id).watch(spec);
    if (hold !== undefined) await prolong(gateway.accounts, hold, heldUntil(spec.expiresAt));
  } catch (cause) {
    await forget(gateway, database, row.id, hold);
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: the batch cannot be kept at the moment.", {
      cause,
    });
  }
}

function newRow({ principal }: RouteCall, { kind, deployment, model, marks }: Beginning): ObjectRow {
  return {
    id: newObjectId(kind),
    kind,
    owner: ownerOf(principal),
    created_by: principal.userId ?? principal.token,
    deployment_id: deployment.id,
    provider: deployment.target.provider,
    provider_id: null,
    model,
    body: null,
    state: { ...marks, host: hostOf(deployment) },
    created_at: Date.now(),
    expires_at: null,
  };
}

function specOf(
  { principal }: RouteCall,
  { endpoint, inputFileId }: Beginning,
  row: ObjectRow,
  hold: BatchHold | undefined,
): BatchSpec {
  return watchedSpec(row, { token: principal.token, endpoint, inputFileId, window: DAY, hold });
}

/** The provider has answered with a batch that it had before: that one is paid for, and once. */
async function moved(
  call: RouteCall,
  beginning: Beginning,
  from: string,
  to: ObjectRow,
  hold: BatchHold | undefined,
): Promise<void> {
  const { gateway } = call;
  await gateway.batches?.(to.id).watch(specOf(call, beginning, to, undefined));
  await forget(gateway, databaseOf(gateway), from, hold);
}

/** The provider has not begun it, for sure. Whose connection broke, or who waited for too long, cannot say. */
export function isRefusal({ status }: Pick<Reply, "status">): boolean {
  return status < 500 ? status !== 408 && status !== 499 : status === 503 || status === 529;
}

function idIn({ body }: Reply): string | undefined {
  const { id } = asRecord(typeof body === "string" ? parsedJson(body) : undefined);
  return typeof id === "string" ? id : undefined;
}
