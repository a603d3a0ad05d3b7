/** Lists of keys and teams show what their scopes' objects wrote down. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Bindings } from "../../src/objects/bindings.ts";
import { scopeObjects } from "../../src/objects/scope.ts";
import { openDatabase } from "../../src/store/database.ts";
import { scopeSpend } from "../../src/store/schema/index.ts";

const { DB, SCOPES } = env as unknown as Bindings; // as vitest.config.ts binds them

function rows() {
  return openDatabase(DB).select().from(scopeSpend);
}

describe("what lists show", () => {
  it("is the total and the newest window of the budget", async () => {
    const scopes = scopeObjects(SCOPES);
    const charge = (windowStart: number, amount: number) => ({
      scope: "key:listed",
      holder: "nobody",
      meters: [{ id: "budget", windowStart, leased: false }],
      amount,
    });
    await scopes.apply("key:listed", "ledger", 1, [charge(1000, 5), charge(2000, 7)]);
    expect(await runDurableObjectAlarm(SCOPES.getByName("key:listed"))).toBe(true);
    expect(await rows()).toMatchObject([{ scope: "key:listed", total_nano: 12, window_nano: 7, window_start: 2000 }]);
    await scopes.reset("key:listed", { meter: "budget", windowStart: 2000 }, 0);
    await runDurableObjectAlarm(SCOPES.getByName("key:listed"));
    expect(await rows()).toMatchObject([{ total_nano: 5, window_nano: 0 }]);
    await scopes.forget("key:listed");
    expect(await rows()).toEqual([]);
  });
});
