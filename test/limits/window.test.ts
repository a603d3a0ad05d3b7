import { describe, expect, it } from "vitest";
import { budgetWindow, InvalidDurationError, parseDuration } from "../../src/limits/window.ts";

const NEW_YORK = "America/New_York";
const BERLIN = "Europe/Berlin";

function windowOf(duration: string, now: string, options: { anchor?: string; timezone?: string } = {}) {
  const { anchor, timezone } = options;
  const { start, end } = budgetWindow(duration, Date.parse(now), {
    ...(anchor !== undefined && { anchor: Date.parse(anchor) }),
    ...(timezone !== undefined && { timezone }),
  });
  return [new Date(start), new Date(end)].map((date) => date.toISOString().replace(":00.000Z", "Z"));
}

describe("a window", () => {
  it.each([
    // duration, now, start, end
    ["30s", "2026-05-04T12:00:45Z", "2026-05-04T12:00:30.000Z", "2026-05-04T12:01Z"],
    ["1m", "2026-05-04T12:00:45Z", "2026-05-04T12:00Z", "2026-05-04T12:01Z"],
    ["15m", "2026-05-04T12:44:59Z", "2026-05-04T12:30Z", "2026-05-04T12:45Z"],
    ["7m", "2026-05-04T23:59:00Z", "2026-05-04T23:55Z", "2026-05-05T00:00Z"],
    ["1h", "2026-05-04T12:00:00Z", "2026-05-04T12:00Z", "2026-05-04T13:00Z"],
    ["2h", "2026-05-04T13:59:59Z", "2026-05-04T12:00Z", "2026-05-04T14:00Z"],
    ["5h", "2026-05-04T21:00:00Z", "2026-05-04T20:00Z", "2026-05-05T00:00Z"],
    ["24h", "2026-05-04T21:00:00Z", "2026-05-04T00:00Z", "2026-05-05T00:00Z"],
    ["86400s", "2026-05-04T21:00:00Z", "2026-05-04T00:00Z", "2026-05-05T00:00Z"],
    ["1d", "2026-02-28T23:59:59Z", "2026-02-28T00:00Z", "2026-03-01T00:00Z"],
    ["1d", "2028-02-29T00:00:00Z", "2028-02-29T00:00Z", "2028-03-01T00:00Z"],
    ["7d", "2026-01-08T12:00:00Z", "2026-01-05T00:00Z", "2026-01-12T00:00Z"],
    ["7d", "2026-01-05T00:00:00Z", "2026-01-05T00:00Z", "2026-01-12T00:00Z"],
    ["1w", "2026-01-04T23:59:59Z", "2025-12-29T00:00Z", "2026-01-05T00:00Z"],
    ["30d", "2026-01-31T12:00:00Z", "2026-01-01T00:00Z", "2026-02-01T00:00Z"],
    ["1mo", "2026-12-31T23:59:59Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"],
    ["1mo", "2028-02-29T12:00:00Z", "2028-02-01T00:00Z", "2028-03-01T00:00Z"],
  ])("of %s at %s is %s to %s", (duration, now, start, end) => {
    expect(windowOf(duration, now)).toEqual([start, end]);
  });

  it.each([
    ["10d", "2026-05-04T12:00:00Z", "2026-04-29T15:00:00Z", "2026-04-29T00:00Z", "2026-05-09T00:00Z"],
    ["10d", "2026-05-09T00:00:00Z", "2026-04-29T15:00:00Z", "2026-05-09T00:00Z", "2026-05-19T00:00Z"],
    ["10d", "2026-04-28T00:00:00Z", "2026-04-29T15:00:00Z", "2026-04-19T00:00Z", "2026-04-29T00:00Z"],
    ["2w", "2026-05-20T00:00:00Z", "2026-05-05T15:00:00Z", "2026-05-19T00:00Z", "2026-06-02T00:00Z"],
    ["48h", "2026-05-08T00:00:00Z", "2026-05-05T15:00:00Z", "2026-05-07T00:00Z", "2026-05-09T00:00Z"],
    ["36h", "2026-05-06T13:00:00Z", "2026-05-05T15:00:00Z", "2026-05-06T12:00Z", "2026-05-08T00:00Z"],
    ["3mo", "2026-04-30T00:00:00Z", "2025-11-17T00:00:00Z", "2026-02-01T00:00Z", "2026-05-01T00:00Z"],
    ["12mo", "2026-04-30T00:00:00Z", "2023-07-17T00:00:00Z", "2025-07-01T00:00Z", "2026-07-01T00:00Z"],
  ])("of %s at %s, counted from %s, is %s to %s", (duration, now, anchor, start, end) => {
    expect(windowOf(duration, now, { anchor })).toEqual([start, end]);
  });

  it.each([
    // a day of 23 hours, and one of 25
    ["1d", "2026-03-08T12:00:00Z", NEW_YORK, "2026-03-08T05:00Z", "2026-03-09T04:00Z"],
    ["1d", "2026-11-01T12:00:00Z", NEW_YORK, "2026-11-01T04:00Z", "2026-11-02T05:00Z"],
    ["24h", "2026-11-01T12:00:00Z", NEW_YORK, "2026-11-01T04:00Z", "2026-11-02T05:00Z"],
    ["7d", "2026-03-29T12:00:00Z", BERLIN, "2026-03-22T23:00Z", "2026-03-29T22:00Z"],
    ["1mo", "2026-03-31T21:59:00Z", BERLIN, "2026-02-28T23:00Z", "2026-03-31T22:00Z"],
    ["1mo", "2026-03-31T22:00:00Z", BERLIN, "2026-03-31T22:00Z", "2026-04-30T22:00Z"],
    ["6h", "2026-03-08T08:00:00Z", NEW_YORK, "2026-03-08T05:00Z", "2026-03-08T10:00Z"],
    ["6h", "2026-11-01T08:00:00Z", NEW_YORK, "2026-11-01T04:00Z", "2026-11-01T11:00Z"],
    ["6h", "2026-11-02T04:30:00Z", NEW_YORK, "2026-11-01T23:00Z", "2026-11-02T05:00Z"],
    ["1h", "2026-11-01T05:30:00Z", NEW_YORK, "2026-11-01T05:00Z", "2026-11-01T06:00Z"],
    ["1h", "2026-11-01T06:30:00Z", NEW_YORK, "2026-11-01T06:00Z", "2026-11-01T07:00Z"],
    ["30m", "2026-05-04T12:10:00Z", "Asia/Kathmandu", "2026-05-04T11:45Z", "2026-05-04T12:15Z"],
    // clocks are put on at midnight
    ["1d", "2018-11-04T12:00:00Z", "America/Sao_Paulo", "2018-11-04T03:00Z", "2018-11-05T02:00Z"],
    // and a day that never was
    ["1d", "2011-12-31T00:00:00Z", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-31T10:00Z"],
    ["1d", "2026-12-31T23:30:00Z", "Asia/Tokyo", "2026-12-31T15:00Z", "2027-01-01T15:00Z"],
  ])("of %s at %s in %s is %s to %s", (duration, now, timezone, start, end) => {
    expect(windowOf(duration, now, { timezone })).toEqual([start, end]);
  });

  it.each(["45s", "1h", "90m", "5h", "6h", "1d", "10d", "1w", "2w", "1mo", "5mo"])(
    "of %s ends where the next begins, in a year of each timezone",
    (duration) => {
      for (const timezone of ["UTC", NEW_YORK, BERLIN, "Australia/Lord_Howe", "Africa/Cairo"]) {
        for (let now = Date.UTC(2026, 0, 1); now < Date.UTC(2027, 0, 1); now += 7_654_321 * (duration.length + 3)) {
          const { start, end } = budgetWindow(duration, now, { timezone, anchor: 1e12 });
          expect(start).toBeLessThanOrEqual(now);
          expect(end).toBeGreaterThan(now);
          expect(budgetWindow(duration, end, { timezone, anchor: 1e12 }).start).toBe(end);
          expect(budgetWindow(duration, end - 1, { timezone, anchor: 1e12 })).toEqual({ start, end });
        }
      }
    },
  );

  it.each(["", "d", "0d", "-1d", "1.5h", "1y", "7 days", "1M", "99999999999999999999s", "9999999mo"])(
    'is refused for "%s"',
    (duration) => {
      expect(() => budgetWindow(duration, 0)).toThrow(InvalidDurationError);
      expect(() => parseDuration(duration)).toThrow(/is no duration: write a whole number/);
    },
  );

  it("is refused for a timezone that does not exist", () => {
    expect(() => budgetWindow("1d", 0, { timezone: "Mars/Olympus" })).toThrow(RangeError);
  });
});

it.each([
  ["30s", 30],
  ["30m", 1800],
  ["2h", 7200],
  ["30d", 2_592_000],
  ["1w", 604_800],
  ["1mo", 2_592_000],
  [" 5d ", 432_000],
])("%s are %i seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
