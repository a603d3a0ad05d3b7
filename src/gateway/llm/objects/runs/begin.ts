/**
 * A provider is asked to begin what it goes on with after the answer: what that may cost is set aside before, and somebody looks
 * for its end before the client hears of it.
 */
import type { BatchHold } from "../../../../batches/size.ts";
import type { Reply } from "../../../../call/call.ts";
import { asRecord, type JsonObject, parsedJson } from "../../../../formats/json.ts";
import { chargedFor } from "../../../../models/surcharge.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import type { RouteCall } from "../../../route.ts";
import { isRefusal } from "../../batches/beginning.ts";
import { unhold } from "../../batches/hold.ts";
import { contentOf } from "../../batches/measure.ts";
import { rewrittenEvents } from "../events.ts";
import { textOf } from "../renamed-reply.ts";
import { isRunOver, type MeasuredRunKind, type RunKind } from "./kind.ts";
import { billPorts, settleShown } from "./settle.ts";
import { askedToTheEnd } from "./staying.ts";
import { heldForRun, watchRun } from "./watch.ts";

export interface RunCall {
  kind: MeasuredRunKind;
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
  /** What the request says of whom it is for. */
  asked: JsonObject;
}

/** @throws SluiceError where a budget has not so much left, or nobody could look for its end */
export async function beginRun(call: RouteCall, run: RunCall, ask: Ask): Promise<Reply> {
  const hold = await heldForRun(call, run.asked, () => sizesOf(call, run));
  return askedToTheEnd(call, async (signal) => begun(call, run, hold, await ask(signal)));
}

type Ask = (signal?: AbortSignal) => Promise<Reply>;

async function begun(call: RouteCall, run: RunCall, hold: BatchHold | undefined, reply: Reply): Promise<Reply> {
  const { gateway } = call;
  if (reply.status >= 300) {
    if (hold !== undefined && isRefusal(reply)) await unhold(gateway.accounts, hold);
    return reply;
  }
  let isWatched = false;
  return eachRun(reply, run.kind, async (answer) => {
    if (isWatched) return;
    isWatched = true;
    const { kind, deployment, owner, parent, model, asked } = run;
    const begun = { kind, deployment, owner, model, asked, parent: parent?.id, within: withinOf(run, answer) };
    await watchRun(call, { ...begun, theirs: String(answer["id"]) }, hold);
  });
}

/** What is shown of runs that are over is paid for; those whose events end before are looked at at once. */
export function settleSeen(
  { gateway, context }: RouteCall,
  kind: RunKind,
  by: Deployment,
  reply: Reply,
): Promise<Reply> {
  const place = { gateway, keeper: context };
  let last: JsonObject | undefined;
  const see = async (run: JsonObject) => {
    last = run;
    if (isRunOver(run)) settleShown(place, kind, run, by);
  };
  return eachRun(reply, kind, see, () => {
    if (last !== undefined && !isRunOver(last)) settleShown(place, kind, last, by); // it goes on without whoever left
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
    const answer = text.includes(`"${kind}"`) ? asRecord(parsedJson(text)) : {}; // most answers of these routes are of something else
    if (answer["object"] === kind && typeof answer["id"] === "string") await see(answer);
    return text;
  };
  if (body instanceof ReadableStream) return { ...reply, body: rewrittenEvents(body, look, ended) };
  await look(textOf(body));
  return reply;
}

function sizesOf({ gateway, context }: RouteCall, run: RunCall) {
  const { kind, deployment, body, parent, rows, model } = run;
  const { surcharges } = gateway.config.settings.calls;
  const { provider } = deployment.target;
  return kind.sizes({
    ...billPorts({ gateway, keeper: context }, deployment, model),
    ...{ body, model, now: Date.now() },
    parent: asRecord(parent?.body),
    named: (id) => rows.get(String(id))?.body ?? undefined,
    contentOf: (id) => contentOf(gateway, context, deployment, { id: rows.get(id)?.id ?? id, provider_id: id }),
    price: (cost) => chargedFor(cost, provider, surcharges),
  });
}

/** The thread of a run that was made with its thread is told by the answer alone. */
function withinOf({ parent }: Pick<RunCall, "parent">, answer: JsonObject): string {
  return String(answer["thread_id"] ?? answer["eval_id"] ?? parent?.provider_id ?? "");
}
