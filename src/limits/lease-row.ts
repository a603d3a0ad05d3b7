/** A holder's lease of one meter, as the scope's state stores it, and what it counts for: a function for each kind. */
import { CLOCK_SLACK, LOST_CALL_TIME, type MeterRequest, MONEY_SILENCE, RATE_TERM, SLOT_SILENCE } from "./exchange.ts";

/** Rate limits are for any 60 seconds. */
export const RATE_PERIOD = 60_000;

export type LeaseRow = RateLease | SlotLease | MoneyLease;

export interface RateLease {
  kind: "rate";
  allotment: number;
  used: number;
  /** Until when the rest of the allotment may be taken. */
  until: number;
  /** By the holder's name for a second: what counts of it, and when the last of it can have been taken. */
  seconds: Record<string, { units: number; at: number }>;
}

export interface SlotLease {
  kind: "parallel";
  allotment: number;
  used: number;
}

export interface MoneyLease {
  kind: "budget";
  allotment: number;
  used: number;
  settled: number;
  /** What the ledger has charged to it. */
  charged: number;
  windowEnd: number;
}

export function emptyLease(kind: LeaseRow["kind"], windowEnd: number): LeaseRow {
  const none = { allotment: 0, used: 0 };
  if (kind === "rate") return { kind, ...none, until: 0, seconds: {} };
  return kind === "parallel" ? { kind, ...none } : { kind, ...none, settled: 0, charged: 0, windowEnd };
}

/** What it takes from the limit at this moment, if its holder has been silent since then. */
export function heldBy(lease: LeaseRow, seenAt: number, now: number): number {
  switch (lease.kind) {
    case "rate":
      return countsUntil(lease).reduce((sum, { units, until }) => (until > now ? sum + units : sum), 0);
    case "parallel":
      return now - seenAt < SLOT_SILENCE ? lease.allotment : 0;
    case "budget":
      return Math.max(0, standingAllotment(lease, now - seenAt) - lease.charged);
  }
}

/** What the holder could give back, as it said last. */
export function spareOf(lease: LeaseRow, seenAt: number, now: number): number {
  const isLost = lease.kind === "rate" ? lease.until <= now : now - seenAt >= SLOT_SILENCE;
  return isLost ? 0 : Math.max(0, lease.allotment - lease.used);
}

/** What of it counts until when: the parts of a rate lease. */
export function countsUntil(lease: RateLease): { units: number; until: number }[] {
  const rest = { units: Math.max(0, lease.allotment - lease.used), until: lease.until + RATE_PERIOD };
  const taken = Object.values(lease.seconds).map(({ units, at }) => ({ units, until: at + RATE_PERIOD + CLOCK_SLACK }));
  return [rest, ...taken].filter(({ units }) => units > 0);
}

/** Money of a holder that is silent: what no call had reserved is free soon, then what was; what is settled will be charged. */
function standingAllotment({ allotment, used, settled }: MoneyLease, silence: number): number {
  if (silence < MONEY_SILENCE) return allotment;
  return Math.min(allotment, silence < LOST_CALL_TIME ? used : settled);
}

/** The lease after its holder has said how it stands, and before it is given more. */
export function reported(lease: LeaseRow, request: MeterRequest, seenAt: number, now: number): LeaseRow {
  const stood = stillLeased(lease, seenAt, now);
  // What is used is used: where there was no lease for it, there is one now.
  const allotment = Math.max(request.used, Math.min(stood, request.keep ?? stood));
  const { used } = request;
  if (lease.kind === "parallel") return { ...lease, allotment, used };
  if (lease.kind === "budget") return { ...lease, allotment, used, settled: request.settled };
  return {
    ...lease,
    allotment,
    used,
    until: now + RATE_TERM + CLOCK_SLACK,
    seconds: secondsAfter(lease, request, now),
  };
}

/** What is left of the allotment after a silence. */
function stillLeased(lease: LeaseRow, seenAt: number, now: number): number {
  switch (lease.kind) {
    case "rate":
      return lease.until > now ? lease.allotment : Math.min(lease.allotment, lease.used);
    case "parallel":
      return now - seenAt < SLOT_SILENCE ? lease.allotment : 0;
    case "budget":
      return standingAllotment(lease, now - seenAt);
  }
}

function secondsAfter({ seconds }: RateLease, request: MeterRequest, now: number): RateLease["seconds"] {
  const next = Object.fromEntries(
    Object.entries(seconds).filter(([, { units, at }]) => units > 0 && at + RATE_PERIOD + CLOCK_SLACK > now),
  );
  for (const { second, units, age } of request.seconds) {
    const before = seconds[second];
    // The news took its time, so the last was taken at this moment or before. Given back is from what was there.
    const at = now - Math.max(0, age);
    next[second] = {
      units,
      at: before === undefined || units > before.units ? Math.max(at, before?.at ?? 0) : before.at,
    };
  }
  return next;
}
