/** A run that is over is paid for by the first who sees it: its client, or the gateway, which looks now and then. */
import type { Reply } from "../../../../call/call.ts";
import { asRecord, type JsonObject } from "../../../../formats/json.ts";
import type { NativeCall } from "../../../../providers/provider.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { deleteObject, findByProviderIds, findObject } from "../../../../store/objects.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import type { Gateway, Keeper } from "../../../gateway.ts";
import type { Bills } from "../../batches/account.ts";
import { priceRow } from "../../batches/price-row.ts";
import { askQuietly } from "../../batches/quietly.ts";
import { account } from "../../batches/settle.ts";
import { isSameAccount, isSameHost, keeperOf } from "../keeper.ts";
import { databaseOf, told } from "../lookup.ts";
import { type BillPorts, isRunOver, type RunKind, runKindOf } from "./kind.ts";

interface Place {
  gateway: Gateway;
  keeper: Keeper;
}

/**
 * What is shown of a run settles it where it is over, else has it looked at at once. Never rejects: it is looked at again anyhow.
 * @param run as its provider has told of it, whole
 * @param by who has told it: of runs of other accounts it knows nothing, whatever ids it names
 */
export function settleShown({ gateway, keeper }: Place, { kind }: RunKind, run: JsonObject, by: Deployment): void {
  const id = String(run["id"]);
  const settle = async () => {
    const rows = await told(findByProviderIds(databaseOf(gateway), [id]));
    const row = rows.find((one) => one.kind === kind && isSameAccount(keeperOf(gateway, one), by));
    if (row !== undefined) await settleOrLook({ gateway, keeper }, row, run);
  };
  gateway.waitUntil(
    keeper,
    settle().catch((error: unknown) => gateway.log.fault(id, error)),
  );
}

/** The same of a run whose row is known. */
export async function settleKnown(place: Place, rowId: string, run: JsonObject): Promise<void> {
  const row = await told(findObject(databaseOf(place.gateway), rowId));
  if (row !== undefined) await settleOrLook(place, row, run);
}

/** Nobody will see them any more: those that are over are paid for now. Never rejects. */
export async function settleLast(place: Place, rows: readonly ObjectRow[]): Promise<void> {
  const settle = async (row: ObjectRow) => {
    const kind = runKindOf(row.kind);
    const seen = kind && toldBy(await askOf(place, row, kind, keeperOf(place.gateway, row)));
    if (seen !== undefined && isRunOver(seen, kind)) await settleRun(place, row, seen);
  };
  const { log } = place.gateway;
  await Promise.all(rows.map((row) => settle(row).catch((error: unknown) => log.fault(row.id, error))));
}

/** Once it is deleted nobody can see what it has used. */
export async function settleBeforeDeletion(place: Place, { kind }: RunKind, theirs: string): Promise<void> {
  const { database } = place.gateway;
  if (database === undefined) return;
  const rows = await told(findByProviderIds(database, [theirs]));
  await settleLast(
    place,
    rows.filter((row) => row.kind === kind),
  );
}

/** How it stands at its provider, in the provider's words. */
export function askOf(place: Place, { provider_id: id, state }: ObjectRow, kind: RunKind, deployment: Deployment) {
  const asked = kind.retrieve(id ?? "", String(asRecord(state)["within"] ?? ""));
  return askQuietly(place, deployment, asked, kind.asking?.());
}

/** `undefined` where the provider does not tell. */
function toldBy({ status, body }: Reply): JsonObject | undefined {
  return status < 300 && typeof body === "string" ? asRecord(JSON.parse(body)) : undefined;
}

async function settleOrLook(place: Place, row: ObjectRow, run: JsonObject): Promise<void> {
  if (isRunOver(run, runKindOf(row.kind))) await settleRun(place, row, run);
  else await place.gateway.batches?.(row.id).due();
}

async function settleRun({ gateway, keeper }: Place, row: ObjectRow, run: JsonObject): Promise<void> {
  const room = gateway.batches?.(row.id);
  const spec = await room?.watched();
  if (room === undefined || spec === undefined) return;
  const bills = await billsOfRun({ gateway, keeper }, row, keeperOf(gateway, row), run);
  await account({ gateway, keeper, room }, spec, row, bills, false);
  await room.polled(true);
  await endRun(gateway, row);
}

export async function billsOfRun(
  place: Place,
  row: ObjectRow,
  deployment: Deployment,
  run: JsonObject,
): Promise<Bills> {
  const kind = runKindOf(row.kind);
  return (await kind?.bills(run, billPorts(place, deployment, row.model ?? undefined))) ?? new Map();
}

/** Rows of what is no object of its own are there for the bill alone. */
export async function endRun(gateway: Gateway, { id, kind }: ObjectRow): Promise<void> {
  const isObject = kind === "fine_tuning.job";
  if (runKindOf(kind) !== undefined && !isObject) await told(deleteObject(databaseOf(gateway), id));
}

/** @param model as the client named it */
export function billPorts(place: Place, deployment: Deployment, model: string | undefined): BillPorts {
  const { groups } = place.gateway.router;
  const isNamed = (one: Deployment) => one.modelName === model && isSameHost(one, deployment);
  const bound = () => (model === undefined ? undefined : safely(() => groups.find(model)))?.deployments;
  // Of several its own prices hold, also where it is one of a wildcard.
  const itself = isNamed(deployment) ? deployment : bound()?.find(({ id }) => id === deployment.id);
  const named = itself ?? groups.deployments().find(isNamed);
  return {
    infoOf: (name) => priceRow(name, (named ?? deployment).target),
    ask: async (call: NativeCall) => toldBy(await askQuietly(place, deployment, call)),
  };
}

/** `undefined` of a name that means nothing any more. */
function safely<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}
