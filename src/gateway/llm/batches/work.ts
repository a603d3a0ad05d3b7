/** Whoever a message of the batch queue wakes: reads a batch's input, decides who runs it, runs its lines for a while. */

import type { BatchMessage, BatchRoom } from "../../../batches/room.ts";
import type { BatchSpec, ClaimedLine, LineReport, Work } from "../../../batches/state.ts";
import { AuthenticationError, SluiceError } from "../../../formats/errors.ts";
import { isRecord } from "../../../formats/json.ts";
import type { FileStore } from "../../../store/files.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { principalOf, refuseRoute } from "../../auth.ts";
import { callerOf } from "../../caller.ts";
import { customerOf } from "../../customer.ts";
import type { Gateway, Keeper } from "../../gateway.ts";
import { handOver } from "./hand-over.ts";
import { lookAtJob } from "./jobs/look.ts";
import { operationFor } from "./operations.ts";
import { poll } from "./poll.ts";
import { readInput } from "./read-input.ts";
import { failedLine, runLine } from "./run-line.ts";

/** Milliseconds somebody works in a lane; then others have their turn. */
const SLICE = 15_000;
/** Lines at a time in one lane: a Worker has six connections. */
const AT_A_TIME = 5;
/** Milliseconds between two signs of life. */
const BEAT = 5000;
/** Milliseconds until a batch goes on that failed here. */
const REST = 10_000;

export interface Workplace {
  gateway: Gateway;
  keeper: Keeper;
  files: FileStore;
  room: BatchRoom;
  lane: number;
  session: string;
}

/** Never rejects: the batch's object wakes another where something is left undone. */
export async function workForBatch(gateway: Gateway, keeper: Keeper, message: unknown): Promise<void> {
  const { files, batches, log } = gateway;
  if (!isMessage(message) || files === undefined || batches === undefined) {
    log.notice(
      `a message of the batch queue cannot be taken: ${files === undefined ? "no bucket FILES is bound" : "it is none"}`,
    );
    return;
  }
  const { batch, lane } = message;
  const place: Workplace = { gateway, keeper, files, room: batches(batch), lane, session: crypto.randomUUID() };
  const { room, session } = place;
  const beat = setInterval(() => void room.beat(lane, session).catch(() => {}), BEAT); // the next one may come through
  try {
    const work = await room.enter(lane, session);
    await does(place, work);
    await room.leave(lane, session);
  } catch (error) {
    log.fault(batch, error);
    await room.pause(REST).catch(() => {}); // it is unreachable: its own alarm goes on
    await room.leave(lane, session).catch(() => {});
  } finally {
    clearInterval(beat);
  }
}

async function does(place: Workplace, work: Work): Promise<void> {
  switch (work.kind) {
    case "read": {
      await readInput(place, work.spec, work.from);
      return does(place, await place.room.enter(place.lane, place.session));
    }
    case "decide": {
      const { spec, models, total, uploaded } = work;
      const principal = await payer(place, spec);
      const isPassed =
        !(principal instanceof SluiceError) && (await handOver(place, { spec, models, total, principal, uploaded }));
      if (isPassed) return;
      await place.room.begin();
      return does(place, await place.room.enter(place.lane, place.session));
    }
    case "poll":
      return poll(place, work.spec);
    case "job":
      return lookAtJob(place, work);
    case "run":
      return runLines(place, work.spec);
    case "none":
      return;
  }
}

async function runLines(place: Workplace, spec: BatchSpec): Promise<void> {
  const { gateway, keeper, room, lane, session } = place;
  const operation = operationFor(spec.endpoint);
  if (operation === undefined)
    return room.stop({ code: "invalid_endpoint", message: `Nothing is served at ${spec.endpoint}.` });
  const until = Date.now() + SLICE;
  const running = new Set<Promise<void>>();
  try {
    while (Date.now() < until) {
      const principal = await payer(place, spec);
      if (principal instanceof SluiceError) {
        await room.stop({ code: principal.type ?? "auth_error", message: principal.message });
        return;
      }
      const own = await gateway.as(principal);
      const claimed = await room.claim(lane, session, AT_A_TIME - running.size);
      if (claimed === undefined) return;
      for (const line of claimed.lines) {
        const ports = {
          files: place.files,
          calls: own.calls(keeper),
          operation,
          callerOf: (body: Record<string, unknown>, metadata: Record<string, unknown>) =>
            callerOf(own, principal, gateway.subjects(keeper), factsOf(gateway, body, metadata)),
        };
        const run = runLine(ports, spec, line)
          .catch((error: unknown) => unexpected(gateway, spec, line, error))
          .then((report) => room.report(lane, session, line.number, report))
          .finally(() => running.delete(run));
        running.add(run);
      }
      if (running.size >= AT_A_TIME) await Promise.race(running);
      else if (claimed.lines.length === 0) {
        const wait = Math.max(10, (claimed.readyAt ?? 0) - Date.now());
        if (running.size === 0 && Date.now() + wait >= until) return;
        await Promise.race([...running, sleep(Math.min(wait, until - Date.now()))]);
      }
    }
  } finally {
    await Promise.allSettled(running);
  }
}

/** A failure of the gateway's own holds up this line alone, and not for ever. */
function unexpected({ log }: Gateway, spec: BatchSpec, line: ClaimedLine, error: unknown): LineReport {
  log.fault(`${spec.id} line ${line.number}`, error);
  return line.tries + 1 < MOST_FAULTS ? { kind: "again", after: REST, isLimit: false } : failedLine(spec, line, FAULT);
}

const MOST_FAULTS = 3;
const FAULT = { code: "internal_error", message: "The gateway failed at this request." };

/** Who pays, as the key stands now; an error where it may not any more. */
async function payer({ gateway, keeper }: Workplace, spec: BatchSpec): Promise<Principal | SluiceError> {
  try {
    const principal = await principalOf(spec.token, gateway.authPorts(keeper));
    if (principal === undefined)
      return new AuthenticationError("Authentication Error, the key of this batch is gone.", { type: "auth_error" });
    return refuseRoute(principal, "llm", spec.endpoint) ?? principal;
  } catch (error) {
    if (error instanceof SluiceError && error.status < 500) return error;
    throw error;
  }
}

function factsOf({ config }: Gateway, body: Record<string, unknown>, metadata: Record<string, unknown>) {
  const { general } = config.settings;
  const settings = { header: general.user_header_name, mappings: general.user_header_mappings ?? [] };
  const given = isRecord(body["metadata"]) ? body["metadata"]["spend_logs_metadata"] : undefined;
  return {
    customerId: customerOf(body, new Headers(), settings),
    sessionId: undefined,
    requesterIp: undefined,
    metadata: { ...metadata, ...(isRecord(given) && { spend_logs_metadata: given }) },
    now: Date.now(),
  };
}

function isMessage(message: unknown): message is BatchMessage {
  return isRecord(message) && typeof message["batch"] === "string" && typeof message["lane"] === "number";
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, Math.max(0, milliseconds)));
}
