/** AssemblyAI's transcripts are paid for once they are done, whoever looks, and held for before. */
import type { Reply } from "../../../call/call.ts";
import { asRecord, type JsonObject } from "../../../formats/json.ts";
import { chargedFor } from "../../../models/surcharge.ts";
import { plainPath } from "../../../providers/http.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { isRefusal } from "../batches/beginning.ts";
import { unhold } from "../batches/hold.ts";
import { askQuietly } from "../batches/quietly.ts";
import { isRunOver } from "../objects/runs/kind.ts";
import { billPorts, settleShown } from "../objects/runs/settle.ts";
import { askedToTheEnd } from "../objects/runs/staying.ts";
import { sizeOfTranscript, speechModelOf, transcript } from "../objects/runs/transcript.ts";
import { heldForRun, watchRun } from "../objects/runs/watch.ts";

export interface TranscriptCall {
  deployment: Deployment;
  native: NativeCall;
  /** As it is asked for. */
  body: JsonObject;
}

type Ask = (signal?: AbortSignal) => Promise<Reply>;

const MAKER = /^(?:us|eu)\.assemblyai$/;
const ONE = /^\/v2\/transcript\/([\w-]+)$/i;

/** Whatever is asked of a service; where that makes or shows a transcript, its price is seen to. */
export function askForTranscript(call: RouteCall, asked: TranscriptCall, ask: Ask): Promise<Reply> {
  const { deployment, native } = asked;
  // Without a database nothing is paid for, and nobody looks.
  if (!MAKER.test(deployment.target.provider) || call.gateway.database === undefined) return ask();
  const path = plainPath(native.path);
  if (native.method === "POST" && /^\/v2\/transcript$/i.test(path)) return begin(call, asked, ask);
  const id = ONE.exec(path)?.[1];
  if (id === undefined) return ask();
  return native.method === "DELETE" ? lastSeen(call, deployment, id, ask) : shown(call, deployment, ask);
}

/** @throws SluiceError where a budget has not so much left, or nobody could look for its end */
async function begin(call: RouteCall, { deployment, body }: TranscriptCall, ask: Ask): Promise<Reply> {
  const { gateway, principal, context } = call;
  const model = `assemblyai/${speechModelOf(body)}`.slice(0, 200);
  const { infoOf } = billPorts({ gateway, keeper: context }, deployment, model);
  const { surcharges } = gateway.config.settings.calls;
  const price = (cost: number) => chargedFor(cost, deployment.target.provider, surcharges);
  const hold = await heldForRun(call, {}, async () => new Map([[model, sizeOfTranscript(body, infoOf, price)]]));
  return askedToTheEnd(call, async (signal) => {
    const reply = await ask(signal);
    const { id } = answerOf(reply);
    if (hold !== undefined && isRefusal(reply) && reply.status >= 300) await unhold(gateway.accounts, hold);
    if (reply.status >= 300 || typeof id !== "string") return reply;
    const run = { kind: transcript, deployment, owner: ownerOf(principal), theirs: id, within: "", parent: undefined };
    await watchRun(call, { ...run, model, asked: {} }, hold);
    return reply;
  });
}

/** The first who sees it done has it paid for. */
async function shown({ gateway, context }: RouteCall, deployment: Deployment, ask: Ask): Promise<Reply> {
  const reply = await ask();
  const run = answerOf(reply);
  if (reply.status < 300 && isRunOver(run, transcript))
    settleShown({ gateway, keeper: context }, transcript, run, deployment);
  return reply;
}

/** Nobody can tell any more how long it was once it is deleted. */
async function lastSeen(call: RouteCall, deployment: Deployment, id: string, ask: Ask): Promise<Reply> {
  const place = { gateway: call.gateway, keeper: call.context };
  await shown(call, deployment, () => askQuietly(place, deployment, transcript.retrieve(id, "")));
  return ask();
}

function answerOf({ body }: Reply): JsonObject {
  if (typeof body !== "string") return {};
  try {
    return asRecord(JSON.parse(body));
  } catch {
    return {};
  }
}
