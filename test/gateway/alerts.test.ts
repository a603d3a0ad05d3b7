/** What one isolate tells of calls that fail, and how often. */
import { describe, expect, it } from "vitest";
import { Alerts } from "../../src/gateway/alerts.ts";
import type { CallRecord } from "../../src/ledger/record.ts";
import type { AlertMessage } from "../../src/telemetry/alerts/message.ts";
import { alertSettings } from "../../src/telemetry/alerts/settings.ts";
import type { Log } from "../../src/telemetry/log.ts";

const settings = alertSettings({ alerting: ["webhook"] }, (name) =>
  name === "WEBHOOK_URL" ? "https://hook.example.com" : undefined,
);

function listening() {
  const told: AlertMessage[] = [];
  let now = 1_000_000;
  const alerts = new Alerts(settings, { send: (messages) => told.push(...messages) }, () => now);
  const log = { record: () => {}, notice: () => {}, fault: () => {} } as unknown as Log; // what is used of it
  const { record } = alerts.listening(log);
  return {
    told,
    later: (milliseconds: number) => {
      now += milliseconds;
    },
    fail: (modelGroup: string) =>
      record({
        modelGroup,
        outcome: "failure",
        status: 408,
        attempts: [{}],
        startedAt: now,
        endedAt: now,
      } as unknown as CallRecord), // what is read of it
  };
}

describe("calls that fail", () => {
  it("of one model are told once a minute", () => {
    const { told, fail, later } = listening();
    for (let time = 0; time < 5; time++) fail("gpt");
    expect(told).toHaveLength(1);
    later(60_000);
    fail("gpt");
    expect(told).toHaveLength(2);
    expect(JSON.stringify(told[1])).toContain("And 4 more");
  });

  it("under names that a client makes up are no flood", () => {
    const { told, fail, later } = listening();
    for (let name = 0; name < 3000; name++) fail(`openai/made-up-${name}`);
    expect(told).toHaveLength(20);
    later(60_000);
    fail("gpt");
    expect(told).toHaveLength(21);
  });
});
