/** Responses that are there: as they are, what they were asked with, and their end. */
import { BadRequestError } from "../../../formats/errors.ts";
import { eventsOfResponse } from "../../../formats/openai/responses/event-writer.ts";
import type { ResponseObject } from "../../../formats/openai/responses/types.ts";
import { formatEvent } from "../../../formats/sse.ts";
import { updateUnfinished } from "../../../store/responses.ts";
import type { StoredResponseRow } from "../../../store/schema/index.ts";
import type { RouteCall } from "../../route.ts";
import { asResponse } from "../native.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { settleBeforeDeletion } from "../objects/runs/settle.ts";
import { backgroundResponse } from "./background-response.ts";
import { type Conversation, deleteConversations } from "./conversation.ts";
import { listed } from "./items.ts";
import { askKeeper, findResponseOf, idOf } from "./where.ts";

export async function retrieveResponse(call: RouteCall): Promise<Response> {
  const found = await findResponseOf(call);
  if (found.kind === "provider")
    return asResponse(await askKeeper(call, found, { name: "responses.retrieve", method: "GET" }));
  const { stream, starting_after: after } = call.context.req.query();
  const response = viewOf(found);
  if (stream !== "true") return call.context.json(response);
  return replay(response, after);
}

export async function deleteResponse(call: RouteCall): Promise<Response> {
  const found = await findResponseOf(call);
  if (found.kind === "provider") {
    await settleBeforeDeletion({ gateway: call.gateway, keeper: call.context }, backgroundResponse, found.theirs);
    return asResponse(await askKeeper(call, found, { name: "responses.delete", method: "DELETE" }));
  }
  await told(deleteConversations(call.gateway, [found.row.id]));
  return call.context.json({ id: found.row.id, object: "response.deleted", deleted: true });
}

export async function cancelResponse(call: RouteCall): Promise<Response> {
  const found = await findResponseOf(call);
  if (found.kind === "provider")
    return asResponse(await askKeeper(call, found, { name: "responses.cancel", method: "POST", path: "/cancel" }));
  const { row, conversation } = found;
  if (conversation.response["background"] !== true)
    throw new BadRequestError("Only responses that were created with background: true can be cancelled.", {
      param: "response_id",
    });
  await told(updateUnfinished(databaseOf(call.gateway), row.id, { status: "cancelled" }));
  return call.context.json(viewOf(await findHere(call)));
}

export async function listInputItems(call: RouteCall): Promise<Response> {
  const found = await findResponseOf(call);
  if (found.kind === "provider") {
    const ask = { name: "responses.input_items", method: "GET" as const, path: "/input_items" };
    return asResponse(await askKeeper(call, found, ask));
  }
  const { after, limit, isAscending } = pageOf(call);
  const items = isAscending ? found.conversation.items : found.conversation.items.toReversed();
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0)
    throw new BadRequestError(`Item with id '${after.slice(0, 200)}' not found.`, { param: "after" });
  const page = items.slice(start, start + limit);
  return call.context.json({
    object: "list",
    data: page.map(listed),
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  });
}

async function findHere(call: RouteCall) {
  const found = await findResponseOf(call);
  if (found.kind === "here") return found;
  throw new TypeError(`${idOf(call)} names a row`); // it did a moment ago
}

const USUAL_PAGE = 20;
const LARGEST_PAGE = 100;

/** @throws BadRequestError */
function pageOf({ context }: RouteCall) {
  const { after, limit, order } = context.req.query();
  const count = limit === undefined || limit === "" ? USUAL_PAGE : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > LARGEST_PAGE)
    throw new BadRequestError(`limit must be a whole number from 1 to ${LARGEST_PAGE}.`, { param: "limit" });
  if (order !== undefined && order !== "asc" && order !== "desc")
    throw new BadRequestError("order must be asc or desc.", { param: "order" });
  return { after: after || undefined, limit: count, isAscending: order === "asc" };
}

/** While it is made the row alone says how it stands. */
export function viewOf({ row, conversation }: { row: StoredResponseRow; conversation: Conversation }): ResponseObject {
  const { response } = conversation;
  if (row.status === response.status) return response;
  const isLost = row.status === "failed";
  return { ...response, status: row.status, ...(isLost && { error: LOST }) };
}

const LOST = { code: "server_error", message: "The response was not made in time." };

/** The events of its stream again, as far as the client has not read them. @throws BadRequestError */
function replay(response: ResponseObject, after: string | undefined): Response {
  if (response.status !== "completed" && response.status !== "incomplete")
    throw new BadRequestError(
      `There is no stream of a response whose status is ${response.status}: ask without stream.`,
      {
        param: "stream",
      },
    );
  const last = after === undefined || after === "" ? -1 : Number(after);
  if (!Number.isInteger(last))
    throw new BadRequestError("starting_after must be a number.", { param: "starting_after" });
  const events = eventsOfResponse(response).filter(({ sequence_number: number = 0 }) => number > last);
  const text = events.map((event) => formatEvent(JSON.stringify(event), event.type)).join("");
  return new Response(text, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
  });
}
