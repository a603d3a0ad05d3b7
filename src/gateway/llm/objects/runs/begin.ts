/**
 * A provider is asked to begin what it goes on with after the answer: what that may cost is set aside before, and somebody looks
 * for its end before the client hears of it.
 */
import type { BatchHold } from "../../../../batches/size.ts";
import type { Reply } from "../../../../call/call.ts";
import { ServiceUnavailableError } from "../../../../formats/errors.ts";
import { asRecord, isRecord, type JsonObject } from "../../../../formats/json.ts";
import { surcharge } from "../../../../models/surcharge.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { findByProviderIds, insertNewObjects } from "../../../../store/objects.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import { newLogId } from "../../../../store/spend/log-id.ts";
import type { RouteCall } from "../../../route.ts";
import { isRefusal } from "../../batches/beginning.ts";
import { heldUntil, holdFor, isLimited, prolong, unhold } from "../../batches/hold.ts";
import { contentOf } from "../../batches/measure.ts";
import { askQuietly } from "../../batches/quietly.ts";
import { LONGEST_CREATION } from "../../batches/sought.ts";
import { watchedSpec } from "../../batches/watched.ts";
import { callInput } from "../../call-input.ts";
import { rewrittenEvents } from "../events.ts";
import { objectIdOf } from "../ids.ts";
import { hostOf } from "../keeper.ts";
import { databaseOf, told } from "../lookup.ts";
import { textOf } from "../renamed-reply.ts";
import { isRunOver, type RunKind } from "./kind.ts";
import { billPorts, settleRun } from "./settle.ts";

export interface RunCall {
  kind: RunKind;
  deployment: Deployment;
  /** Whose it is. */
  owner: string;
  /** The object that the path names, if any. */
  parent: ObjectRow | undefined;
  /** As the provider gets it. */
  body: JsonObject;
  /** By the ids of the provider. */
  rows: ReadonlyMap<string, ObjectRow>;
  /** As the client named it, or had named it for what runs. */
  model: string | undefined;
}

export type SeenRun = Pick<RunCall, "kind" | "owner">;

/** @throws SluiceError where a budget has not so much left, or nobody could look for its end */
export async function beginRun(call: RouteCall, run: RunCall, ask: () => Promise<Reply>): Promise<Reply> {
  const { gateway } = call;
  const hold = await heldFor(call, run);
  const reply = await ask();
  if (reply.status >= 300) {
    if (hold !== undefined && isRefusal(reply)) await unhold(gateway.accounts, hold);
    return reply;
  }
  let isWatched = false;
  return eachRun(reply, run.kind, async (answer) => {
    if (isWatched) return;
    isWatched = true;
    await watch(call, run, answer, hold);
  });
}

/** What is shown of runs that are over is paid for, whoever of its owner's asked. */
export function settleSeen(call: RouteCall, { kind, owner }: SeenRun, reply: Reply): Promise<Reply> {
  const { gateway, context } = call;
  let last: JsonObject | undefined;
  const settle = async (run: JsonObject) => {
    const rows = await told(findByProviderIds(databaseOf(gateway), [String(run["id"])]));
    const row = rows.find((one) => one.kind === kind.kind && one.owner === owner);
    if (row === undefined) return;
    if (isRunOver(run)) await settleRun({ gateway, keeper: context }, row, run);
    else await gateway.batches?.(row.id).due();
  };
  // It is looked at again anyhow.
  const later = (run: JsonObject) =>
    gateway.waitUntil(
      context,
      settle(run).catch((error: unknown) => gateway.log.fault(String(run["id"]), error)),
    );
  const see = async (run: JsonObject) => {
    last = run;
    if (isRunOver(run)) later(run);
  };
  return eachRun(reply, kind, see, () => {
    if (last !== undefined && !isRunOver(last)) later(last); // it goes on without whoever left
  });
}

/**
 * Calls for the run that an answer is, or for each time that events tell of it, before the client hears.
 * @param ended no more events come
 */
async function eachRun(
  reply: Reply,
  { kind }: RunKind,
  see: (run: JsonObject) => Promise<void>,
  ended?: () => void,
): Promise<Reply> {
  const { body, status } = reply;
  if (status >= 300) return reply;
  const look = async (text: string) => {
    const answer = parsed(text);
    if (answer["object"] === kind && typeof answer["id"] === "string") await see(answer);
    return text;
  };
  if (body instanceof ReadableStream) return { ...reply, body: rewrittenEvents(body, look, ended) };
  await look(textOf(body));
  return reply;
}

function parsed(text: string): JsonObject {
  if (!text.includes('"object"')) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {}; // `[DONE]`
  }
}

async function heldFor(call: RouteCall, run: RunCall): Promise<BatchHold | undefined> {
  const { gateway, context } = call;
  const { caller } = callInput(call, {});
  if (!(await isLimited(caller))) return undefined;
  const now = Date.now();
  const sizes = await sizesOf(call, run, now);
  const ports = { calls: gateway.calls(context), accounts: gateway.accounts, caller };
  return holdFor(ports, { id: `run:${newLogId(now)}`, sizes, isCalled: true, until: now + LONGEST_CREATION });
}

function sizesOf({ gateway, context }: RouteCall, run: RunCall, now: number) {
  const { kind, deployment, body, parent, rows, model } = run;
  const { surcharges } = gateway.config.settings.calls;
  const { provider } = deployment.target;
  return kind.sizes({
    ...billPorts({ gateway, keeper: context }, deployment, model),
    ...{ body, model, now },
    parent: asRecord(parent?.body),
    named: (id) => rows.get(String(id))?.body ?? undefined,
    contentOf: (id) => contentOf(gateway, context, deployment, { id: rows.get(id)?.id ?? id, provider_id: id }),
    price: (cost) => (surcharges === undefined ? cost : surcharge(cost, provider, surcharges).total),
  });
}

/** From here on somebody looks for its end. @throws ServiceUnavailableError where nobody would: then it is cancelled */
async function watch(call: RouteCall, run: RunCall, answer: JsonObject, hold: BatchHold | undefined): Promise<void> {
  const { gateway, context, principal } = call;
  const { kind, deployment } = run;
  const within = withinOf(run, answer);
  const providerId = String(answer["id"]);
  const id = await objectIdOf({ kind: kind.kind, owner: run.owner, deploymentId: deployment.id, providerId });
  const row: ObjectRow = {
    id,
    kind: kind.kind,
    owner: run.owner,
    created_by: principal.userId ?? principal.token,
    deployment_id: deployment.id,
    provider: deployment.target.provider,
    provider_id: providerId,
    model: run.model ?? null,
    body: null,
    state: { host: hostOf(deployment), within, parent: run.parent?.id },
    created_at: Date.now(),
    expires_at: null,
  };
  const spec = watchedSpec(row, {
    ...{ token: principal.token, endpoint: kind.operation, inputFileId: "", window: kind.longest, hold },
  });
  try {
    await told(insertNewObjects(databaseOf(gateway), [row]));
    await gateway.batches?.(id).watch(spec);
    if (hold !== undefined) await prolong(gateway.accounts, hold, heldUntil(spec.expiresAt));
  } catch (cause) {
    const cancelled = askQuietly({ gateway, keeper: context }, deployment, kind.cancel(providerId, within));
    await cancelled.catch(() => {}); // what it has cost is found by its object, if that has come to be
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: the run cannot be kept at the moment.", {
      cause,
    });
  }
}

/** The thread of a run that was made with its thread is told by the answer alone. */
function withinOf({ parent }: Pick<RunCall, "parent">, answer: JsonObject): string {
  return String(answer["thread_id"] ?? answer["eval_id"] ?? parent?.provider_id ?? "");
}
