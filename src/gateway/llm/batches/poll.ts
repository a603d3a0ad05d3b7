/** A batch that a provider runs is looked at now and then, so that what it costs is on the ledger whoever asks for it. */
import { isOver } from "../../../batches/batch.ts";
import type { BatchSpec } from "../../../batches/state.ts";
import type { Reply } from "../../../call/call.ts";
import { asRecord } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { findObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { billsOf, notesFor, usedByAnthropic, usedByOpenai } from "./account.ts";
import { remembered } from "./passed.ts";
import { askQuietly } from "./quietly.ts";
import type { Workplace } from "./work.ts";

export async function poll(place: Workplace, spec: BatchSpec): Promise<void> {
  const { gateway, room } = place;
  const row = await told(findObject(databaseOf(gateway), spec.id));
  if (row === undefined || row.provider_id === null) return room.polled(true);
  const deployment = keeperOf(gateway, row);
  const isAtEnd =
    row.kind === "message_batch"
      ? await seeMessages(place, spec, row, deployment)
      : await see(place, spec, row, deployment);
  await room.polled(isAtEnd);
}

/** OpenAI's. @returns whether it is over and paid for */
async function see(place: Workplace, spec: BatchSpec, row: ObjectRow, deployment: Deployment): Promise<boolean> {
  const reply = await askQuietly(place, deployment, get(`/v1/batches/${encodeURIComponent(row.provider_id ?? "")}`));
  if (reply.status === 404) return true; // it was deleted there
  if (reply.status >= 300 || typeof reply.body !== "string") return false;
  const answer = asRecord(JSON.parse(reply.body));
  await remembered(place.gateway, reply, { deployment, row, owner: row.owner, createdBy: row.created_by });
  if (!isOver(String(answer["status"]))) return false;
  const output = answer["output_file_id"];
  if (typeof output !== "string" || output === "") return true;
  const content = await askQuietly(place, deployment, get(`/v1/files/${encodeURIComponent(output)}/content`));
  if (content.status >= 300) return content.status === 404;
  await account(place, spec, row, deployment, await billsOf(piecesOf(content), usedByOpenai, deployment));
  return true;
}

async function seeMessages(
  place: Workplace,
  spec: BatchSpec,
  row: ObjectRow,
  deployment: Deployment,
): Promise<boolean> {
  const path = `/v1/messages/batches/${encodeURIComponent(row.provider_id ?? "")}`;
  const reply = await askQuietly(place, deployment, get(path));
  if (reply.status === 404) return true;
  if (reply.status >= 300 || typeof reply.body !== "string") return false;
  if (asRecord(JSON.parse(reply.body))["processing_status"] !== "ended") return false;
  const results = await askQuietly(place, deployment, get(`${path}/results`));
  if (results.status >= 300) return results.status === 404;
  await account(place, spec, row, deployment, await billsOf(piecesOf(results), usedByAnthropic, deployment));
  return true;
}

async function account(
  { gateway, keeper, room }: Workplace,
  spec: BatchSpec,
  batch: ObjectRow,
  deployment: Deployment,
  bills: Awaited<ReturnType<typeof billsOf>>,
): Promise<void> {
  await room.account(await notesFor(gateway, keeper, { token: spec.token, batch, deployment }, bills));
}

function get(path: string): NativeCall {
  return { method: "GET", path, headers: {} };
}

async function* piecesOf({ body }: Reply): AsyncGenerator<Uint8Array> {
  if (body instanceof ReadableStream) yield* body;
  else yield typeof body === "string" ? new TextEncoder().encode(body) : body;
}
