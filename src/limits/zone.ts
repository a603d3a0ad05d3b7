/** Days and wall clocks of a timezone, by what `Intl` knows of it. */

/** A day of the calendar, by how many days it is after 1 January 1970. */
export interface Day {
  number: number;
}

const DAY = 86_400_000;

/** The day it is there. @throws RangeError where there is no such timezone */
export function dayOf(instant: number, timezone: string): Day {
  return { number: Math.floor((instant + offset(instant, timezone)) / DAY) };
}

export function plusDays({ number }: Day, days: number): Day {
  return { number: number + days };
}

/** Its midnight; where clocks skip it, the moment they do. */
export function startOfDay(day: Day, timezone: string): number {
  return instantOf(day, 0, timezone);
}

/**
 * When clocks there show so many milliseconds after midnight: the first time, where they do so twice; where they skip
 * it, as if they were put on later (as JavaScript's `Temporal` has it).
 */
export function instantOf({ number }: Day, time: number, timezone: string): number {
  const wall = number * DAY + time;
  const before = offset(wall - DAY, timezone);
  const after = offset(wall + DAY, timezone);
  const isShown = (by: number) => offset(wall - by, timezone) === by;
  if (before === after || isShown(before) || !isShown(after)) return wall - before;
  return wall - after;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** By how many milliseconds clocks there are ahead of UTC. */
function offset(instant: number, timezone: string): number {
  if (timezone === "UTC") return 0;
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(timezone, format);
  }
  const shown: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}
