/** Conversations behind responses of providers that keep none: sealed for their owner, in the database or, if large, in the bucket. */

import { Secret } from "../../../credentials/secret.ts";
import type { Item, ResponseObject, ResponsesRequest } from "../../../formats/openai/responses/types.ts";
import { deleteResponses, findResponse, insertResponse, updateUnfinished } from "../../../store/responses.ts";
import type { StoredResponseRow } from "../../../store/schema/index.ts";
import { ownersSeenBy } from "../../../tenancy/owner.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import type { Gateway } from "../../gateway.ts";
import { databaseOf, told } from "../objects/lookup.ts";

/** Milliseconds a response is kept; OpenAI's 30 days. */
export const LIFETIME = 30 * 86_400_000;

/** Characters a row holds: D1 takes 2 MB at most. */
const LARGEST_ROW = 1_000_000;

/** @typeParam Said what was said, each by itself: items of responses, steps of interactions */
export interface Conversation<Said = Item, Answer = ResponseObject> {
  /** All that was said before the answer: what the response goes on from included. */
  items: Said[];
  /** As the client was told it. */
  response: Answer;
  /** How it is to be made, while it is to be made in the background. */
  run?: BackgroundRun;
}

export interface BackgroundRun {
  request: ResponsesRequest;
  /** Digest of the key that pays. */
  token: string;
  /** The client's, as far as they say how the call is to be made. */
  headers: Record<string, string>;
}

type Ports = Pick<Gateway, "database" | "vault" | "files">;

/** One that can be kept, and is found by the id of its answer. */
export type Kept = Conversation<unknown, { id: string; status?: string }>;

/** @returns `false` where it is too large to be kept */
export async function keepConversation(
  gateway: Ports,
  owner: string,
  conversation: Kept,
  now: number,
): Promise<boolean> {
  const { id, status = "completed" } = conversation.response;
  const content = await stored(gateway, { id, owner }, conversation);
  if (content === undefined) return false;
  const row = { id, owner, content, status, created_at: now, expires_at: now + LIFETIME };
  await told(insertResponse(databaseOf(gateway), row));
  return true;
}

/** The end of one that was to be made. @returns `false` where it was cancelled or deleted meanwhile */
export async function endConversation(gateway: Ports, owner: string, conversation: Conversation): Promise<boolean> {
  const { id, status = "completed" } = conversation.response;
  const content = await stored(gateway, { id, owner }, conversation);
  if (content !== undefined) return told(updateUnfinished(databaseOf(gateway), id, { status, content }));
  const error = { code: "server_error", message: "The response is too large to be kept." };
  const failed = { ...conversation.response, status: "failed", error, output: [], usage: null };
  return endConversation(gateway, owner, { items: [], response: failed });
}

/**
 * @typeParam Found what is kept under such ids
 * @returns `undefined` where there is none for this caller
 */
export async function findConversation<Found extends Kept = Conversation>(
  gateway: Ports,
  principal: Principal,
  id: string,
): Promise<{ row: StoredResponseRow; conversation: Found } | undefined> {
  const row = await told(findResponse(databaseOf(gateway), id, ownersSeenBy(principal)));
  const isOver = row !== undefined && row.expires_at <= Date.now();
  const conversation = row === undefined || isOver ? undefined : await opened<Found>(gateway, row);
  return row && conversation && { row, conversation };
}

export async function deleteConversations({ database, files }: Ports, ids: readonly string[]): Promise<void> {
  if (database === undefined) return;
  await files?.delete(ids.map(keyOf)); // first: what is named by no row would stay
  await deleteResponses(database, ids);
}

/** @returns `undefined` where its content is gone */
export async function opened<Found extends Kept = Conversation>(
  { vault, files }: Ports,
  { id, owner, content }: Pick<StoredResponseRow, "id" | "owner" | "content">,
): Promise<Found | undefined> {
  const sealed = content ?? (await textOf(files, keyOf(id)));
  if (sealed === undefined) return undefined;
  const text = (await vault.open("response", placeOf(owner, id), sealed)).reveal();
  return JSON.parse(text) as Found; // as it was sealed
}

/** What the row holds: `null` where it is in the bucket, `undefined` where it cannot be kept. */
async function stored(
  { vault, files }: Ports,
  { id, owner }: { id: string; owner: string },
  conversation: Kept,
): Promise<string | null | undefined> {
  const sealed = await vault.seal("response", placeOf(owner, id), new Secret(JSON.stringify(conversation)));
  if (sealed.length <= LARGEST_ROW) return sealed;
  if (files === undefined) return undefined;
  await files.put(keyOf(id), inOne(new TextEncoder().encode(sealed)));
  return null;
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function textOf(files: Ports["files"], key: string): Promise<string | undefined> {
  const found = await files?.get(key);
  return found && new Response(found.body).text();
}

function keyOf(id: string): string {
  return `responses/${id}`;
}

function placeOf(owner: string, id: string) {
  return { tenant: owner, row: id, field: "content" };
}
