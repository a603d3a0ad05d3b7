/** Batches that are there: how they stand, lists of them, and their end before the end. */
import { isOver } from "../../../batches/batch.ts";
import { ConflictError } from "../../../formats/errors.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { RouteCall } from "../../route.ts";
import { findOwn } from "../files/find.ts";
import { listBody, ownPage } from "../files/page.ts";
import { cancelPassed, retrievePassed } from "./passed.ts";

const idOf = ({ context }: RouteCall) => context.req.param("batch_id") ?? "";

export async function retrieveBatch(call: RouteCall): Promise<Response> {
  const row = await findOwn(call, idOf(call), "batch");
  if (row.provider_id !== null) return retrievePassed(call, row);
  const { gateway, context } = call;
  const isJobs = row.provider !== null && !isOver(String(row.body?.["status"]));
  if (isJobs && gateway.batches) gateway.waitUntil(context, gateway.batches(row.id).due()); // so that whoever asks again knows more
  return context.json(await standing(call, row));
}

export async function cancelBatch(call: RouteCall): Promise<Response> {
  const row = await findOwn(call, idOf(call), "batch");
  if (row.provider_id !== null) return cancelPassed(call, row);
  const isCancelled = await call.gateway.batches?.(row.id).cancel();
  const body = await standing(call, row);
  if (isCancelled) return call.context.json(body);
  throw new ConflictError(`Cannot cancel a batch with status '${String(body["status"])}'.`, { param: "id" });
}

export async function listBatches(call: RouteCall): Promise<Response> {
  const page = await ownPage(call, { kind: "batch", usual: 20, most: 100 });
  const data = await Promise.all(page.rows.map((row) => (row.provider_id === null ? standing(call, row) : row.body)));
  return call.context.json(listBody(data, page));
}

/** Its object was never made, or is gone. */
const LOST = {
  object: "list",
  data: [{ code: "batch_lost", message: "The gateway lost this batch. Start it again.", param: null, line: null }],
};

/** As its object says while it is not over; then the database has it. */
async function standing({ gateway }: RouteCall, { id, body }: ObjectRow): Promise<Record<string, unknown>> {
  const known = body ?? {};
  if (isOver(String(known["status"]))) return known;
  const view = await gateway.batches?.(id).view();
  return view === undefined ? { ...known, status: "failed", errors: LOST } : { ...view };
}
