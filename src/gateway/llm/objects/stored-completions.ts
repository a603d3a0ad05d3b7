/** Chat completions that OpenAI is asked to keep (`store`): objects of whoever asked. */
import type { Reply } from "../../../call/call.ts";
import { asRecord } from "../../../formats/json.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { keepObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { AnswerIds, referenceTo } from "./answer-ids.ts";
import { renamedEvents } from "./events.ts";
import type { Reference } from "./fields.ts";
import { databaseOf, told } from "./lookup.ts";
import { textOf } from "./renamed-reply.ts";

/** Others take `store` and keep nothing, or hear nothing of it. */
const KEEPERS: ReadonlySet<string> = new Set(["openai", "azure"]);

/**
 * The reply with an id of the gateway's, by which its owner comes back for it.
 * @param keeper the only deployment the call could go to, where there was only one
 */
export async function keptCompletion(
  call: RouteCall,
  request: Record<string, unknown>,
  reply: Reply,
  keeper: Deployment | undefined,
): Promise<Reply> {
  const { gateway, principal } = call;
  if (request["store"] !== true || reply.status >= 300 || gateway.database === undefined) return reply;
  const id = reply.headers["x-litellm-model-id"];
  const deployment = keeper ?? gateway.router.groups.deployments().find((one) => one.id === id);
  if (deployment === undefined || !KEEPERS.has(deployment.target.provider)) return reply;

  const database = databaseOf(gateway);
  const keeping = {
    deployment,
    owner: ownerOf(principal),
    createdBy: principal.userId ?? principal.token,
    now: Date.now(),
  };
  const ids = new AnswerIds(database, keeping, new Map());
  const remembered = async (answer: unknown, facts: Pick<ObjectRow, "body" | "state">): Promise<Reference[]> => {
    const providerId = asRecord(answer)["id"];
    if (typeof providerId !== "string") return [];
    const row = await ids.rowOf({ id: providerId, kind: "chat.completion" });
    ids.add(row);
    const body = { ...facts.body, id: row.id };
    const state = { ...row.state, ...facts.state };
    await told(keepObject(database, { ...row, state, body, model: String(request["model"]) }));
    return [referenceTo(row)];
  };

  if (!(reply.body instanceof ReadableStream)) {
    const text = textOf(reply.body);
    const answer: unknown = JSON.parse(text); // only JSON comes whole
    const named = await remembered(answer, { body: asRecord(answer), state: null });
    return { ...reply, body: await ids.inJson(text, answer, named) };
  }
  // Every chunk has the id. What is in the whole is asked of the provider when it is listed.
  let named: Promise<Reference[]> | undefined;
  const partial = { object: "chat.completion", metadata: request["metadata"] ?? null, choices: [] };
  const body = renamedEvents(reply.body, ids, (chunk) => {
    const { created, model } = asRecord(chunk);
    named ??= remembered(chunk, { body: { ...partial, created, model }, state: { is_partial: true } });
    return named;
  });
  return { ...reply, body };
}
