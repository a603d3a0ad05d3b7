/** A run that is over is paid for by the first who sees it: its client, or the gateway, which looks now and then. */
import { asRecord, type JsonObject } from "../../../../formats/json.ts";
import type { NativeCall } from "../../../../providers/provider.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { deleteObject, findByProviderIds } from "../../../../store/objects.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import type { Gateway, Keeper } from "../../../gateway.ts";
import type { Bills } from "../../batches/account.ts";
import { priceRow } from "../../batches/price-row.ts";
import { askQuietly } from "../../batches/quietly.ts";
import { account } from "../../batches/settle.ts";
import { isSameHost, keeperOf } from "../keeper.ts";
import { databaseOf, told } from "../lookup.ts";
import { type BillPorts, isRunOver, type RunKind, runKindOf } from "./kind.ts";

interface Place {
  gateway: Gateway;
  keeper: Keeper;
}

/**
 * What is shown of a run settles it where it is over, else has it looked at at once. Never rejects: it is looked at again anyhow.
 * @param run as its provider has told of it, whole
 */
export function settleShown({ gateway, keeper }: Place, { kind }: RunKind, run: JsonObject): void {
  const id = String(run["id"]);
  const settle = async () => {
    const rows = await told(findByProviderIds(databaseOf(gateway), [id]));
    const row = rows.find((one) => one.kind === kind);
    if (row === undefined) return;
    if (isRunOver(run)) await settleRun({ gateway, keeper }, row, run);
    else await gateway.batches?.(row.id).due();
  };
  gateway.waitUntil(
    keeper,
    settle().catch((error: unknown) => gateway.log.fault(id, error)),
  );
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
  const named = groups.deployments().find((one) => one.modelName === model && isSameHost(one, deployment));
  return {
    infoOf: (name) => priceRow(name, (named ?? deployment).target),
    async ask(call: NativeCall) {
      const reply = await askQuietly(place, deployment, call);
      return reply.status < 300 && typeof reply.body === "string" ? asRecord(JSON.parse(reply.body)) : undefined;
    },
  };
}
