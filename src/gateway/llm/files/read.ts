/** Files that are there: what they are, what is in them, lists of them, and their end. */
import { fileKey } from "../../../batches/file-object.ts";
import type { Reply } from "../../../call/call.ts";
import { BadRequestError, NotFoundError, ServiceUnavailableError } from "../../../formats/errors.ts";
import { asRecord } from "../../../formats/json.ts";
import type { FileCopy } from "../../../store/batches.ts";
import { deleteObject, updateObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { asResponse, callNative } from "../native.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { findOwn } from "./find.ts";
import { listBody, ownPage } from "./page.ts";

const idOf = ({ context }: RouteCall) => context.req.param("file_id") ?? "";

export async function retrieveFile(call: RouteCall): Promise<Response> {
  const row = await findOwn(call, idOf(call), "file");
  if (row.provider_id === null) return call.context.json(row.body ?? {});
  const reply = await ask(call, row, "GET", "", "files.retrieve");
  if (reply.status >= 300 || typeof reply.body !== "string") return asResponse(reply);
  const body = { ...asRecord(JSON.parse(reply.body)), id: row.id };
  await told(updateObject(databaseOf(call.gateway), row.id, { body }));
  return asResponse({ ...reply, body: JSON.stringify(body) });
}

export async function fileContent(call: RouteCall): Promise<Response> {
  const row = await findOwn(call, idOf(call), "file");
  if (row.provider_id !== null) return asResponse(await ask(call, row, "GET", "/content", "files.content"));
  const stored = await bucketOf(call.gateway).get(fileKey(row.id));
  if (stored === undefined)
    throw new NotFoundError(`The content of ${row.id} is gone.`, { type: "invalid_request_error", param: "id" });
  return new Response(stored.body, {
    headers: { "content-type": "application/octet-stream", "content-length": String(stored.size) },
  });
}

export async function deleteFile(call: RouteCall): Promise<Response> {
  const row = await findOwn(call, idOf(call), "file");
  const refusal = await removeFile(call, row);
  return refusal === undefined ? call.context.json({ id: row.id, object: "file", deleted: true }) : asResponse(refusal);
}

/**
 * Where it is kept it is gone first: a file that cannot be deleted there can be deleted again.
 * @param part of what the call does
 * @returns what its provider says against it
 */
export async function removeFile(call: RouteCall, row: ObjectRow, part?: string): Promise<Reply | undefined> {
  const { gateway } = call;
  const copies = copiesOf(row).map((copy) => ({ ...row, ...copy }));
  for (const [index, kept] of (row.provider_id === null ? copies : [row]).entries()) {
    const reply = await ask(call, kept, "DELETE", "", "files.delete", part ?? index);
    if (reply.status >= 300 && reply.status !== 404) return reply;
  }
  if (row.provider_id === null) await bucketOf(gateway).delete([fileKey(row.id)]);
  await told(deleteObject(databaseOf(gateway), row.id));
  return undefined;
}

export async function listFiles(call: RouteCall): Promise<Response> {
  const page = await ownPage(call, { kind: "file", usual: 10_000, most: 10_000 });
  return call.context.json(
    listBody(
      page.rows.map(({ body }) => body),
      page,
    ),
  );
}

/** Where else a kept file is, as a provider runs a batch of it. */
function copiesOf({ state }: ObjectRow): FileCopy[] {
  const { copies } = asRecord(state);
  return Array.isArray(copies) ? (copies as FileCopy[]) : []; // as `passObject` has them
}

async function ask(
  call: RouteCall,
  row: ObjectRow,
  method: "GET" | "DELETE",
  what: string,
  name: string,
  part?: number | string,
) {
  const path = `/v1/files/${encodeURIComponent(row.provider_id ?? "")}${what}`;
  const reply = await callNative(
    call,
    keeperOf(call.gateway, row),
    { method, path, headers: {} },
    { name, ...(part && { part }) },
  );
  if (reply.status < 300 || typeof reply.body !== "string" || row.provider_id === null) return reply;
  return { ...reply, body: reply.body.replaceAll(row.provider_id, row.id) };
}

/** @throws ServiceUnavailableError where the bucket was taken away */
export function bucketOf({ files }: Pick<Gateway, "files">): NonNullable<Gateway["files"]> {
  if (files !== undefined) return files;
  throw new ServiceUnavailableError(
    "litellm.ServiceUnavailableError: no bucket FILES is bound, and the file is in one.",
  );
}

/** @throws BadRequestError where the file is for something else */
export function refuseOtherPurpose({ body }: ObjectRow): void {
  const purpose = body?.["purpose"];
  if (purpose === undefined || purpose === "batch") return;
  throw new BadRequestError(
    `Invalid file for a batch: its purpose is '${String(purpose)}'. Upload it with the purpose 'batch'.`,
    { param: "input_file_id", type: "invalid_request_error" },
  );
}
