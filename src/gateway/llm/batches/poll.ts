/** A batch that a provider runs is looked at now and then, so that what it costs is on the ledger whoever asks for it. */
import { isOver } from "../../../batches/batch.ts";
import { LOOKS_AFTER_WINDOW } from "../../../batches/book.ts";
import type { BatchSpec } from "../../../batches/state.ts";
import { asRecord } from "../../../formats/json.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { findObject } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import { keeperOf } from "../objects/keeper.ts";
import { databaseOf, told } from "../objects/lookup.ts";
import { isRunOver, type RunKind, runKindOf } from "../objects/runs/kind.ts";
import { askOf, billsOfRun, endRun } from "../objects/runs/settle.ts";
import { type Bills, billsOf, estimatedBills, usedByAnthropic, usedByOpenai } from "./account.ts";
import { forget } from "./beginning.ts";
import { unhold } from "./hold.ts";
import { remembered } from "./passed.ts";
import { piecesOf } from "./pieces.ts";
import { askQuietly } from "./quietly.ts";
import { account } from "./settle.ts";
import { sought } from "./sought.ts";
import type { Workplace } from "./work.ts";

/** What is seen of a batch: that it runs, what it cost, or that nobody can say any more what it cost. */
type Seen = "running" | "lost" | Bills;

export async function poll(place: Workplace, spec: BatchSpec): Promise<void> {
  const { gateway, room } = place;
  const row = await told(findObject(databaseOf(gateway), spec.id));
  if (row === undefined) {
    if (spec.hold !== undefined) await unhold(gateway.accounts, spec.hold);
    return room.polled(true);
  }
  const isLate = Date.now() > spec.expiresAt + LOOKS_AFTER_WINDOW;
  if (row.provider_id === null) return lookFor(place, spec, row, isLate);
  const seen = await look(place, row).catch((error: unknown) => {
    if (!isLate) throw error;
    return "lost" as const;
  });
  if (seen === "running" && !isLate) return room.polled(false);
  // What was set aside and never settled is charged as it was reckoned.
  const isKnown = typeof seen !== "string";
  await account(place, spec, row, isKnown ? seen : estimatedBills(spec.hold), !isKnown);
  await room.polled(true);
  await endRun(gateway, row);
}

/** Whoever asked the provider to run it was gone before the answer came, or could not keep it. */
async function lookFor(place: Workplace, spec: BatchSpec, row: ObjectRow, isLate: boolean): Promise<void> {
  const { gateway, room } = place;
  const found = await sought(place, row).catch((error: unknown) => {
    if (!isLate) throw error;
    return "unknown" as const;
  });
  if (found === "not yet") return room.polled(false);
  if (typeof found !== "string" && found.id === row.id) {
    gateway.log.notice(`${row.provider} has taken the batch ${row.id}, of which nobody had heard`);
    return poll(place, spec);
  }
  if (found === "unknown") await account(place, spec, row, estimatedBills(spec.hold), true);
  await forget(gateway, databaseOf(gateway), row.id, found === "unknown" ? undefined : spec.hold);
}

function look(place: Workplace, row: ObjectRow): Promise<Seen> {
  const deployment = keeperOf(place.gateway, row);
  const kind = runKindOf(row.kind);
  if (kind !== undefined) return seeRun(place, row, kind, deployment);
  return row.kind === "message_batch" ? seeMessages(place, row, deployment) : see(place, row, deployment);
}

/** OpenAI's. */
async function see(place: Workplace, row: ObjectRow, deployment: Deployment): Promise<Seen> {
  const reply = await askQuietly(place, deployment, get(`/v1/batches/${encodeURIComponent(row.provider_id ?? "")}`));
  if (reply.status === 404) return "lost"; // it was deleted there
  if (reply.status >= 300 || typeof reply.body !== "string") return "running";
  const answer = asRecord(JSON.parse(reply.body));
  await remembered(place.gateway, reply, { deployment, row, owner: row.owner, createdBy: row.created_by });
  if (!isOver(String(answer["status"]))) return "running";
  const output = answer["output_file_id"];
  if (typeof output !== "string" || output === "") return new Map();
  const content = await askQuietly(place, deployment, get(`/v1/files/${encodeURIComponent(output)}/content`));
  if (content.status >= 300) return content.status === 404 ? "lost" : "running";
  return billsOf(piecesOf(content), usedByOpenai, deployment);
}

async function seeMessages(place: Workplace, row: ObjectRow, deployment: Deployment): Promise<Seen> {
  const path = `/v1/messages/batches/${encodeURIComponent(row.provider_id ?? "")}`;
  const reply = await askQuietly(place, deployment, get(path));
  if (reply.status === 404) return "lost";
  if (reply.status >= 300 || typeof reply.body !== "string") return "running";
  if (asRecord(JSON.parse(reply.body))["processing_status"] !== "ended") return "running";
  const results = await askQuietly(place, deployment, get(`${path}/results`));
  if (results.status >= 300) return results.status === 404 ? "lost" : "running";
  return billsOf(piecesOf(results), usedByAnthropic, deployment);
}

async function seeRun(place: Workplace, row: ObjectRow, kind: RunKind, deployment: Deployment): Promise<Seen> {
  const reply = await askOf(place, row, kind, deployment);
  if (reply.status === 404) return "lost"; // it was deleted there, or what it was a part of
  if (reply.status >= 300 || typeof reply.body !== "string") return "running";
  const run = asRecord(JSON.parse(reply.body));
  if (row.kind === "fine_tuning.job")
    await remembered(place.gateway, reply, { deployment, row, owner: row.owner, createdBy: row.created_by });
  return isRunOver(run, kind) ? billsOfRun(place, row, deployment, run) : "running";
}

function get(path: string): NativeCall {
  return { method: "GET", path, headers: {} };
}
