import { KEPT_LATENCIES, type RouterEvent } from "./state.ts";

type Foldable = Extract<RouterEvent, { type: "begin" | "success" | "failure" | "cooldown" }>;

/**
 * Fewer events that tell the same: of each kind and deployment the newest stay as they are, for those are what latencies
 * are kept of, and the older ones become one. So there are never more than some tens for each deployment, however long
 * they could not be sent.
 */
export function coalesced(events: readonly RouterEvent[]): RouterEvent[] {
  const counts = new Map<string, number>();
  const folded = new Map<string, Foldable>();
  const newest: RouterEvent[] = [];
  for (const event of events.toReversed()) {
    const kind = `${event.type} ${event.id}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count <= mostOf(event)) newest.push(event);
    else if (isFoldable(event)) folded.set(kind, fold(event, folded.get(kind)));
  }
  return [...[...folded.values()].reverse(), ...newest.reverse()];
}

function mostOf({ type }: RouterEvent): number {
  return type === "success" || type === "failure" || type === "content" ? KEPT_LATENCIES : 1;
}

function isFoldable(event: RouterEvent): event is Foldable {
  return event.type !== "content" && event.type !== "release";
}

function fold(older: Foldable, newer: Foldable | undefined): Foldable {
  if (older.type === "cooldown") return newer?.type === "cooldown" && newer.until > older.until ? newer : older;
  if (newer === undefined || newer.type === "cooldown") return older;
  // Counts are of the newer one's minute: what was before it is over.
  const isSameMinute = minuteOf(older) === minuteOf(newer);
  const count = (newer.count ?? 1) + (isSameMinute ? (older.count ?? 1) : 0);
  if (newer.type === "begin" || older.type === "begin") return { ...newer, count };
  const latency = Math.max(newer.latency ?? 0, older.latency ?? 0);
  if (newer.type === "failure" || older.type === "failure") return { ...newer, count, latency };
  return { ...newer, count, latency, tokens: newer.tokens + (isSameMinute ? older.tokens : 0) };
}

function minuteOf({ at }: RouterEvent): number {
  return Math.floor(at / 60_000);
}
