/** What time makes due in a batch, and what is to be done next. Times are milliseconds since the epoch. */
import { isOver } from "./batch.ts";
import { type BatchState, type Plan, type Reason, turn } from "./state.ts";
import type { BatchTables } from "./tables.ts";

/** Whoever was not heard of for so long is gone, and its lines are handed out again. */
export const LANE_TIMEOUT = 15_000;
/** A lane that was woken and where nobody came is woken again. */
const WAKE_AGAIN = 60_000;

export const EXPIRED: Reason = {
  code: "batch_expired",
  message: "This request could not be executed before the completion window expired.",
};

/** Moves on what is due. */
export function planFor(state: BatchState, tables: BatchTables, now: number): Plan {
  for (const { lane, session, heardAt } of tables.lanes())
    if (session !== undefined && now - heardAt >= LANE_TIMEOUT) {
      tables.release(session);
      tables.leaveLane(lane);
    }
  if (state.passed === undefined) moveOn(state, tables, now);
  if (isOver(state.status)) return { wake: [], finalize: false, next: undefined };
  const isCancelled = state.status === "cancelling" && state.job === undefined && !tables.isRunning;
  if (state.status === "finalizing" || isCancelled) return { wake: [], finalize: true, next: now };
  return wakeFor(state, tables, now);
}

/** Lines nobody has begun are over. */
export function dropLines(state: BatchState, tables: BatchTables, reason: Reason): void {
  const dropped = tables.drop(state.reasons.length);
  if (dropped === 0) return;
  state.reasons.push(reason);
  state.failed += dropped;
}

/** When the completion window is over no line is begun any more; those under way may end. */
function moveOn(state: BatchState, tables: BatchTables, now: number): void {
  const isExpired = now >= state.spec.expiresAt;
  if (isExpired && state.status === "validating") turn(state, "expired", now);
  if (state.status !== "in_progress") return;
  if (isExpired) {
    const { failed } = state;
    dropLines(state, tables, EXPIRED);
    if (state.failed > failed) state.ending = "expired";
  }
  if (tables.isOpen) return;
  state.ending ??= "completed";
  turn(state, "finalizing", now);
}

function wakeFor(state: BatchState, tables: BatchTables, now: number): Plan {
  const wake: number[] = [];
  const times = state.passed === undefined ? [state.spec.expiresAt] : [];
  for (const { session, heardAt } of tables.lanes()) if (session !== undefined) times.push(heardAt + LANE_TIMEOUT);
  const workAt = workDueAt(state, tables);
  if (workAt !== undefined && workAt > now) times.push(workAt);
  if (workAt !== undefined && workAt <= now)
    for (let lane = 0; lane < state.lanes; lane++) {
      const { session, wokenAt } = tables.lane(lane);
      if (session !== undefined) continue;
      if (now - wokenAt < WAKE_AGAIN) times.push(wokenAt + WAKE_AGAIN);
      else {
        wake.push(lane);
        tables.woken(lane, now);
        times.push(now + WAKE_AGAIN);
      }
    }
  return { wake, finalize: false, next: times.length === 0 ? undefined : Math.max(now, Math.min(...times)) };
}

/** When there is something to do that nobody does; `undefined` where there is not. */
function workDueAt(state: BatchState, tables: BatchTables): number | undefined {
  const { passed, status, pausedUntil, job } = state;
  if (status === "cancelling" && job === undefined) return undefined;
  if (passed !== undefined) return Math.max(passed.nextAt, pausedUntil);
  if (status === "validating") return pausedUntil;
  const { readyAt } = tables;
  return readyAt === undefined ? undefined : Math.max(readyAt, pausedUntil);
}
