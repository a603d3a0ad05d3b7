/** A batch whose lines a provider's job runs: how that stands, and its answers once it is over. */
import { LOOKS_AFTER_WINDOW } from "../../../../batches/book.ts";
import { EXPIRED } from "../../../../batches/plan.ts";
import type { BatchState, Reason, Work } from "../../../../batches/state.ts";
import type { BatchJobs, JobStanding } from "../../../../providers/batch-jobs.ts";
import { findProvider } from "../../../../providers/registry.ts";
import type { Deployment } from "../../../../router/deployment.ts";
import { findObject } from "../../../../store/objects.ts";
import type { ObjectRow } from "../../../../store/schema/index.ts";
import { keeperOf } from "../../objects/keeper.ts";
import { databaseOf, told } from "../../objects/lookup.ts";
import { estimatedBills } from "../account.ts";
import { unhold } from "../hold.ts";
import { operationFor } from "../operations.ts";
import { piecesOf } from "../pieces.ts";
import { priceRow } from "../price-row.ts";
import { quietCaller } from "../quietly.ts";
import { account } from "../settle.ts";
import type { Workplace } from "../work.ts";
import { ask, jsonOf, textOf } from "./ask.ts";
import { nameOf, quitJob } from "./begin.ts";
import { type Collected, collect } from "./collect.ts";

type JobWork = Extract<Work, { kind: "job" }>;
type Over = Extract<JobStanding, { isOver: true }>;
/** What is seen: that it runs, how it ended and what it cost, or that nobody can say any more. */
type Seen = "running" | "lost" | { over: Over; collected: Collected };

const NOTHING: Collected = { count: 0, bills: new Map() };

const LOST: Reason = {
  code: "results_lost",
  message: "The provider's answer to this request cannot be read any more.",
};

export async function lookAtJob(place: Workplace, work: JobWork): Promise<void> {
  const { gateway, room } = place;
  const { spec, isCancelled } = work;
  const row = await told(findObject(databaseOf(gateway), spec.id));
  if (row === undefined) {
    if (spec.hold !== undefined) await unhold(gateway.accounts, spec.hold);
    return room.collected("cancelled", undefined);
  }
  const now = Date.now();
  const isLate = now > spec.expiresAt + LOOKS_AFTER_WINDOW;
  const seen = await look(place, work, row, isCancelled || now >= spec.expiresAt).catch((error: unknown) => {
    if (!isLate) throw error;
    return "lost" as const;
  });
  if (seen === "running" && !isLate) return room.polled(false);
  if (typeof seen === "string") {
    await account(place, spec, row, estimatedBills(spec.hold), true);
    return room.collected("completed", LOST);
  }
  const { over, collected } = seen;
  await account(place, spec, row, collected.bills, false);
  const message = over.message ?? `${row.provider} says nothing of it`;
  if (over.ending === "failed" && collected.count === 0)
    return room.fail({ code: "provider_job_failed", message, param: null, line: null });
  const [ending, reason] = endingOf(over, isCancelled, now >= spec.expiresAt);
  return room.collected(ending, reason);
}

/** How the batch ends, and why lines have no answer. */
function endingOf(
  { ending, message }: Over,
  isCancelled: boolean,
  isExpired: boolean,
): [ending: NonNullable<BatchState["ending"]>, reason: Reason | undefined] {
  if (isCancelled) return ["cancelled", undefined];
  if (ending === "expired" || (ending === "cancelled" && isExpired)) return ["expired", EXPIRED];
  if (ending === "cancelled") return ["cancelled", undefined];
  const said = message === undefined ? "" : `: ${message}`;
  return [
    "completed",
    { code: "not_answered", message: `The provider's job ended without an answer to this request${said}.` },
  ];
}

/** @param isToEnd whatever is not answered yet is not wanted any more */
async function look(place: Workplace, { spec, job }: JobWork, row: ObjectRow, isToEnd: boolean): Promise<Seen> {
  const deployment = forModel(keeperOf(place.gateway, row), job.model);
  const { provider } = deployment.target;
  const jobs = findProvider(provider)?.batchJobs;
  if (jobs === undefined) throw new Error(`${provider} has no jobs`); // it had some
  const asking = { place, deployment };
  const reply = await ask(asking, "GET", (target) => jobs.retrieve(job.id, target));
  if (reply.status === 404) return "lost";
  if (reply.status >= 300) {
    place.gateway.log.notice(
      `${provider} does not show the job of ${spec.id} (${reply.status}: ${(await textOf(reply)).slice(0, 300)})`,
    );
    return "running";
  }
  const standing = jobs.standing(await jsonOf(reply), nameOf(spec), deployment.target);
  if (standing.isOver) return answersOf(place, { spec, deployment, jobs }, standing);
  if (isToEnd) await quitJob(asking, jobs, job);
  return "running";
}

function forModel(deployment: Deployment, model: string): Deployment {
  const { info: _, ...target } = deployment.target;
  const info = priceRow(model, deployment.target);
  return { ...deployment, target: { ...target, model, ...(info && { info }) } };
}

interface Ended {
  spec: JobWork["spec"];
  deployment: Deployment;
  jobs: BatchJobs;
}

async function answersOf(place: Workplace, { spec, deployment, jobs }: Ended, over: Over): Promise<Seen> {
  const { gateway, keeper, files, room, lane, session } = place;
  const { results } = over;
  const operation = operationFor(spec.endpoint);
  if (results === undefined || operation === undefined)
    return over.ending === "completed" ? "lost" : { over, collected: NOTHING };
  const content = await ask({ place, deployment }, "GET", (target) => jobs.bucket.get(results, target), "bytes");
  if (content.status === 404) return over.ending === "completed" ? "lost" : { over, collected: NOTHING };
  if (content.status >= 300) {
    gateway.log.notice(
      `the answers to ${spec.id} cannot be read (${content.status}): ${(await textOf(content)).slice(0, 300)}`,
    );
    return "running"; // somebody may give the gateway the right to
  }
  const caller = quietCaller(place);
  const translation = { spec, operation, deployment, jobs, caller, calls: gateway.calls(keeper) };
  const collected = await collect({ translation, files, room, lane, session }, piecesOf(content));
  // Answers of which nobody knows whose they are were paid for all the same.
  return over.ending === "completed" && collected.count === 0 ? "lost" : { over, collected };
}
