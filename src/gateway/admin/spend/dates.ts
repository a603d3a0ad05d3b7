/** Days and times as clients of LiteLLM write them: all in UTC. */
import { z } from "zod";
import { BadRequestError } from "../../../formats/errors.ts";

const DAY = 86_400_000;
const SECOND = 1000;

/** Days a question about sums may be for. */
export const MOST_DAYS = 366;
/** Days a question may be for whose answer reads single calls. */
export const MOST_LOG_DAYS = 92;

/** Fields of a query. */
export const DATES = { start_date: z.string().optional(), end_date: z.string().optional() };
type Dates = { [Name in keyof typeof DATES]?: string | undefined };

/** Days, `2026-11-22`; both are in it. */
export interface Days {
  from: string;
  to: string;
}

/** @throws BadRequestError in LiteLLM's words where a day is missing or is none, or there are too many of them */
export function daysOf({ start_date, end_date }: Dates, most = MOST_DAYS): Days {
  if (!start_date || !end_date)
    throw new BadRequestError("Please provide start_date and end_date", {
      type: "bad_request",
      param: start_date ? "end_date" : "start_date",
    });
  const days = { from: dayOf(start_date, "start_date"), to: dayOf(end_date, "end_date") };
  refuseLongRange(Date.parse(days.from), Date.parse(days.to) + DAY, most);
  return days;
}

/** The same, or the days until today where none is said. */
export function daysOrLast({ start_date, end_date }: Dates, now: number, last: number): Days {
  return start_date || end_date ? daysOf({ start_date, end_date }) : lastDays(now, last);
}

/** Today and so many days before. */
export function lastDays(now: number, count: number): Days {
  return { from: dayText(now - count * DAY), to: dayText(now) };
}

/** @param time milliseconds since the epoch */
export function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The days of a range, in order. */
export function eachDay({ from, to }: Days): string[] {
  const days: string[] = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += DAY) days.push(dayText(time));
  return days;
}

/** How many days. */
export function lengthOf({ from, to }: Days): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / DAY + 1);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** LiteLLM's dates of charts: `Jan 22`. */
export function chartDate(day: string): string {
  return `${MONTHS[Number(day.slice(5, 7)) - 1]} ${day.slice(8, 10)}`;
}

/** Milliseconds since the epoch: from the first on, and before the second. */
export interface Times {
  from: number;
  to: number;
}

/** The whole of some days. */
export function timesOf({ from, to }: Days): Times {
  return { from: Date.parse(from), to: Date.parse(to) + DAY };
}

/**
 * From `2026-11-22 13:00:00` to the end of the second that is named. ISO 8601 and days will do, too.
 * @throws BadRequestError in LiteLLM's words
 */
export function timesBetween(start: string, end: string, most = MOST_LOG_DAYS): Times {
  const times = { from: timeOf(start, "start_date").start, to: timeOf(end, "end_date").end };
  refuseLongRange(times.from, times.to, most);
  return times;
}

function timeOf(text: string, param: string): { start: number; end: number } {
  if (isDayLike(text)) {
    const start = Date.parse(dayOf(text, param));
    return { start, end: start + DAY };
  }
  const [, day, clock, fraction, zone] =
    /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?$/.exec(text.trim()) ?? [];
  const start =
    day === undefined ? Number.NaN : Date.parse(`${day}T${clock}${fraction?.slice(0, 4) ?? ""}${zone ?? "Z"}`);
  if (Number.isNaN(start)) throw misfit(text, "%Y-%m-%d %H:%M:%S", param);
  return { start, end: start + (fraction === undefined ? SECOND : 1) };
}

const isDayLike = (text: string) => /^\d{4}-\d{1,2}-\d{1,2}$/.test(text);

function dayOf(text: string, param: string): string {
  const [year = "", month = "", day = ""] = isDayLike(text) ? text.split("-") : [];
  const padded = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const time = Date.parse(`${padded}T00:00:00Z`);
  // 30 February is a time to `Date`, but another day.
  if (Number.isNaN(time) || dayText(time) !== padded) throw misfit(text, "%Y-%m-%d", param);
  return padded;
}

function misfit(text: string, format: string, param: string): BadRequestError {
  return new BadRequestError(`time data '${text.slice(0, 64)}' does not match format '${format}'`, {
    type: "bad_request",
    param,
  });
}

function refuseLongRange(from: number, to: number, most: number): void {
  if (to <= from)
    throw new BadRequestError("start_date must not be after end_date", { type: "bad_request", param: "start_date" });
  if (to - from > most * DAY)
    throw new BadRequestError(`The range may have ${most} days at most: ask for fewer.`, {
      type: "bad_request",
      param: "end_date",
    });
}
