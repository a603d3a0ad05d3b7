/** Makes a response that was asked for in the background, by the pipeline all calls take. */
import type { CallInput, Reply } from "../../../call/call.ts";
import { performForModels } from "../../../call/several-models.ts";
import { AuthenticationError, SluiceError } from "../../../formats/errors.ts";
import { asRecord, isRecord } from "../../../formats/json.ts";
import type { OutputItem, ResponseObject } from "../../../formats/openai/responses/types.ts";
import { responses } from "../../../operations/responses.ts";
import { findResponse, isUnfinished, statusOf, updateUnfinished } from "../../../store/responses.ts";
import type { StoredResponseRow } from "../../../store/schema/index.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { principalOf, refuseRoute } from "../../auth.ts";
import { callerOf } from "../../caller.ts";
import type { Gateway, Keeper } from "../../gateway.ts";
import { factsOf } from "../call-input.ts";
import { HeldKey } from "../kept-answer.ts";
import { databaseOf } from "../objects/lookup.ts";
import { type ResponsesOperation, refuseOtherPrevious } from "./begin.ts";
import { type BackgroundRun, type Conversation, endConversation, opened } from "./conversation.ts";
import { responseOfItem } from "./ids.ts";
import { itemPrefix } from "./items.ts";
import { restorer } from "./restore.ts";
import { speaksResponses } from "./speaks.ts";
import { withMarks } from "./tell.ts";

/** Of the queue: a response is to be made. It may come twice. */
export interface RunMessage {
  response: string;
}

export function isRunMessage(message: unknown): message is RunMessage {
  return isRecord(message) && typeof message["response"] === "string";
}

/** Milliseconds it may take: whoever works for a queue has a quarter of an hour. */
const LONGEST_RUN = 12 * 60_000;
/** Milliseconds until it is seen that it was cancelled. */
const LOOKS_EVERY = 1000;

/**
 * @returns `false` where somebody else is at it: should that one be gone, it is to be tried again
 * @throws whatever keeps it from being begun
 */
export async function runInBackground(
  gateway: Gateway,
  keeper: Keeper,
  { response: id }: RunMessage,
): Promise<boolean> {
  const database = databaseOf(gateway);
  const row = await findResponse(database, id);
  if (row === undefined || !isUnfinished(row.status)) return true;
  const name = `response-run:${id}`;
  const holder = crypto.randomUUID();
  const verdict = await gateway.idempotency.claim(name, { fingerprint: id, holder });
  if (verdict.kind !== "claimed") return false;
  const ports = {
    store: gateway.idempotency,
    log: gateway.log,
    waitUntil: (promise: Promise<unknown>) => gateway.waitUntil(keeper, promise),
  };
  const held = new HeldKey(ports, id, name, holder);
  try {
    const conversation = await opened(gateway, row);
    const isThere = await updateUnfinished(database, id, { status: "in_progress" });
    if (conversation?.run === undefined || !isThere) return true;
    const response = await answerTo(gateway, keeper, row, conversation.run, conversation.response);
    await endConversation(gateway, row.owner, { items: conversation.items, response });
    return true;
  } finally {
    await held.end();
  }
}

/** Never throws: what goes wrong is what became of it. */
async function answerTo(
  gateway: Gateway,
  keeper: Keeper,
  row: StoredResponseRow,
  run: BackgroundRun,
  begun: Conversation["response"],
): Promise<ResponseObject> {
  const stop = new AbortController();
  const watch = setInterval(() => void stopWhereCancelled(gateway, row.id, stop), LOOKS_EVERY);
  try {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(LONGEST_RUN)]);
    const principal = await payer(gateway, keeper, run);
    const own = await gateway.as(principal);
    const reply = await perform(own, keeper, { principal, run, id: row.id, signal });
    await reply.ended;
    return finished(begun, reply);
  } catch (error) {
    if (!(error instanceof SluiceError)) gateway.log.fault(row.id, error);
    const message = error instanceof SluiceError ? error.message : "The gateway failed at this response.";
    return failed(begun, error instanceof SluiceError ? error.status : 500, message);
  } finally {
    clearInterval(watch);
  }
}

async function stopWhereCancelled(gateway: Gateway, id: string, stop: AbortController): Promise<void> {
  try {
    const status = await statusOf(databaseOf(gateway), id);
    if (status === undefined || !isUnfinished(status)) stop.abort(new DOMException("it was cancelled", "AbortError"));
  } catch {
    // the next look may come through
  }
}

/** Who pays, as the key stands now. @throws SluiceError where it may not any more */
async function payer(gateway: Gateway, keeper: Keeper, { token }: BackgroundRun): Promise<Principal> {
  const principal = await principalOf(token, gateway.authPorts(keeper));
  if (principal === undefined)
    throw new AuthenticationError("Authentication Error, the key of this response is gone.", { type: "auth_error" });
  const refusal = refuseRoute(principal, "llm", "/v1/responses");
  if (refusal !== undefined) throw refusal;
  return principal;
}

interface Asked {
  principal: Principal;
  run: BackgroundRun;
  id: string;
  signal: AbortSignal;
}

function perform(gateway: Gateway, keeper: Keeper, { principal, run, id, signal }: Asked): Promise<Reply> {
  const calls = gateway.calls(keeper);
  const headers = new Headers(run.headers);
  const body = { ...run.request, store: false }; // the gateway keeps it
  const input: CallInput = {
    id: newLogId(calls.now()),
    isOwnId: true,
    body,
    headers,
    signal,
    caller: callerOf(gateway, principal, gateway.subjects(keeper), factsOf(gateway, { headers }, body)),
  };
  const restore = restorer(gateway);
  const operation: ResponsesOperation = {
    ...responses,
    newId: () => id,
    async prepare(request, adapter, deployment) {
      refuseOtherPrevious(request, { body: run.request });
      return restore(request, adapter, deployment);
    },
    retold: (part, _, deployment) => (speaksResponses(deployment) ? withMarks(part, deployment.id) : part),
  };
  return performForModels(calls, operation, input);
}

function finished(begun: ResponseObject, { status, body }: Reply): ResponseObject {
  const answer = asRecord(typeof body === "string" ? JSON.parse(body) : undefined);
  if (status >= 300) return failed(begun, status, String(asRecord(answer["error"])["message"] ?? "It failed."));
  const { id, previous_response_id, background, store, created_at } = begun;
  const response = answer as unknown as ResponseObject; // the operation has read it as one
  const output = response.output.map((item, index) => withOwnId(item, id, index));
  return { ...response, output, id, previous_response_id, background, store, created_at };
}

/** An item by an id that leads to this response. */
function withOwnId(item: OutputItem, responseId: string, index: number): OutputItem {
  if (item.id !== undefined && responseOfItem(item.id) === responseId) return item;
  return { ...item, id: `${itemPrefix(item.type)}_${responseId.replace(/^resp_/, "")}_${index}` };
}

function failed(begun: ResponseObject, status: number, message: string): ResponseObject {
  const code = status === 429 ? "rate_limit_exceeded" : status < 500 ? "invalid_prompt" : "server_error";
  return { ...begun, status: "failed", error: { code, message } };
}
