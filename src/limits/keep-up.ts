/**
 * What a call does for the leases beside its own work: it tells the scopes' objects that its isolate lives, renews what
 * is in use and hands back what is not. Each call does so in the time of its own request; whoever finds it due does it.
 */
import type { Admitted } from "./admission.ts";
import type { Holding } from "./holding.ts";
import { IDLE_AFTER } from "./lease.ts";

export interface KeepUpPorts {
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Tells the news of the holding. Does not reject. */
  exchange(holding: Holding): Promise<unknown>;
  /** No new calls for this holding. */
  retire(holding: Holding): void;
}

/** Milliseconds between two exchanges of a scope while there is news. */
const BETWEEN = 900;
/** Milliseconds of silence while calls run: a sixth of what frees their slots. */
const HEARTBEAT = 5000;
/** How often a call that is over tries to hand back. */
const MOST_TRIES = 8;

/** Stays with a call until it is over and what it left is handed back, or a later call has taken that over. */
export async function attend(call: Admitted, ports: KeepUpPorts): Promise<void> {
  const holdings = [...call.holdings];
  let pause = IDLE_AFTER;
  while (call.endedAt === undefined) {
    await pauseOrEnd(call, pause, ports);
    call.aliveAt = ports.now();
    if (call.endedAt !== undefined) break;
    await Promise.all(holdings.map((holding) => keepUp(holding, ports, false)));
    pause = holdings.some((holding) => holding.hasNews || !holding.isIdle(ports.now())) ? IDLE_AFTER : HEARTBEAT;
  }
  const { endedAt } = call;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const left = holdings.filter((holding) => holding.hasNews && holding.usedAt <= endedAt);
    if (left.length === 0) return;
    const isAwaited = tries === 0 && left.some((holding) => holding.isScarce);
    if (!isAwaited) await ports.sleep(IDLE_AFTER);
    await Promise.all(left.map((holding) => keepUp(holding, ports, isAwaited)));
  }
}

async function pauseOrEnd(call: Admitted, milliseconds: number, ports: KeepUpPorts): Promise<void> {
  const ended = new AbortController();
  await Promise.race([call.over, ports.sleep(milliseconds, ended.signal)]);
  ended.abort();
}

async function keepUp(holding: Holding, ports: KeepUpPorts, isUrgent: boolean): Promise<void> {
  const now = ports.now();
  if (holding.giveUpAbandoned(now)) ports.retire(holding);
  const silence = now - holding.askedAt;
  const isDue = holding.hasNews ? isUrgent || silence >= BETWEEN : holding.isInUse && silence >= HEARTBEAT;
  if (isDue) await ports.exchange(holding);
}
