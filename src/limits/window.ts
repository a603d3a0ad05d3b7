/**
 * Budget windows and durations, after LiteLLM's rules (`duration_parser.py`). A window is computed from the clock
 * whenever it is needed; no job resets anything.
 */
import type { Window } from "./demand.ts";
import { type Day, dayOf, instantOf, plusDays, startOfDay } from "./zone.ts";

/** The text is no duration. LiteLLM takes an unknown unit for a day; we say so instead. */
export class InvalidDurationError extends Error {
  override readonly name = "InvalidDurationError";
}

type Unit = "s" | "m" | "h" | "d" | "w" | "mo";

/** Seconds of each unit. */
export const SECONDS: Record<Unit, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400, mo: 30 * 86_400 };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * How long it is in seconds, for expiry: `30s`, `30m`, `2h`, `30d`, `1w`, `1mo` (30 days, where no calendar is asked).
 * @throws InvalidDurationError
 */
export function parseDuration(text: string): number {
  const { value, unit } = read(text);
  return value * SECONDS[unit];
}

export interface BudgetWindowOptions {
  /** From when windows are counted that follow no calendar (`10d`, `2w`, `3mo`): its midnight, or first of month. */
  anchor?: number;
  /** IANA name; default UTC. */
  timezone?: string;
}

/**
 * The window of a budget that `now` is in.
 *
 *     budgetWindow("7d", Date.UTC(2026, 0, 8)) // Monday 5 January to Monday 12 January
 *
 * - `s`, `m`, `h` up to a day: multiples from midnight on; the last one of a day ends with it
 * - `1d`: midnight to midnight; `7d` and `1w`: from Monday; `30d` and `1mo`: from the first of the month
 * - others: so many days from the anchor's midnight, or months from the first of its month, again and again
 *
 * @param now milliseconds since the epoch
 * @throws InvalidDurationError
 * @throws RangeError where there is no such timezone
 */
export function budgetWindow(
  duration: string,
  now: number,
  { anchor = 0, timezone = "UTC" }: BudgetWindowOptions = {},
): Window {
  const { value, unit } = read(duration);
  const days = unit === "d" ? value : unit === "w" ? value * 7 : undefined;
  if (days === 7) return weekOf(now, timezone);
  if (days === 30) return monthsOf(1, now, anchor, timezone);
  if (days !== undefined) return daysOf(days, now, days === 1 ? 0 : anchor, timezone);
  if (unit === "mo") return monthsOf(value, now, anchor, timezone);
  const length = value * SECONDS[unit] * 1000;
  if (length % DAY === 0) return daysOf(length / DAY, now, length === DAY ? 0 : anchor, timezone);
  return length < DAY ? partOfDay(length, now, timezone) : elapsed(length, now, anchor, timezone);
}

function read(text: string): { value: number; unit: Unit } {
  const [, digits, unit] = /^\s*(\d+)\s*(s|m|h|d|w|mo)\s*$/.exec(text) ?? [];
  const value = Number(digits);
  if (unit === undefined || !Number.isSafeInteger(value) || value < 1 || value * SECONDS[unit as Unit] > 1e11)
    throw new InvalidDurationError(
      `"${text}" is no duration: write a whole number from 1 on and s, m, h, d, w or mo, such as 30s, 30m, 2h, 30d, 1w or 1mo`,
    );
  return { value, unit: unit as Unit }; // the pattern has no others
}

/** An hour or less: counted as it passes, so that no window is longer where clocks are put back. More: by the clock. */
function partOfDay(length: number, now: number, timezone: string): Window {
  const today = dayOf(now, timezone);
  const midnight = startOfDay(today, timezone);
  const nextMidnight = startOfDay(plusDays(today, 1), timezone);
  const at = (step: number) =>
    length <= HOUR
      ? midnight + step * length
      : step * length < DAY
        ? instantOf(today, step * length, timezone)
        : nextMidnight;
  const shift = length <= HOUR ? 0 : 2 * HOUR; // the clock may show less than has passed since midnight: not by more
  let step = Math.max(0, Math.floor((now - midnight - shift) / length));
  while (at(step + 1) <= now) step += 1;
  return { start: at(step), end: Math.min(at(step + 1), nextMidnight) };
}

function elapsed(length: number, now: number, anchor: number, timezone: string): Window {
  const origin = startOfDay(dayOf(anchor, timezone), timezone);
  const start = origin + Math.floor((now - origin) / length) * length;
  return { start, end: start + length };
}

function daysOf(days: number, now: number, anchor: number, timezone: string): Window {
  const today = dayOf(now, timezone);
  return from(plusDays(today, -modulo(today.number - dayOf(anchor, timezone).number, days)), days, timezone);
}

function weekOf(now: number, timezone: string): Window {
  const today = dayOf(now, timezone);
  return from(plusDays(today, -modulo(today.number + 3, 7)), 7, timezone); // day 0 was a Thursday
}

function from(day: Day, days: number, timezone: string): Window {
  return { start: startOfDay(day, timezone), end: startOfDay(plusDays(day, days), timezone) };
}

function monthsOf(months: number, now: number, anchor: number, timezone: string): Window {
  const month = monthNumber(dayOf(now, timezone));
  const first = month - modulo(month - monthNumber(dayOf(anchor, timezone)), months);
  return { start: firstOf(first, timezone), end: firstOf(first + months, timezone) };
}

function monthNumber({ number }: Day): number {
  const date = new Date(number * DAY);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function firstOf(month: number, timezone: string): number {
  return startOfDay({ number: Date.UTC(Math.floor(month / 12), modulo(month, 12), 1) / DAY }, timezone);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
