import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { HealthResult } from "../../src/health/book.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { healthObject } from "../../src/objects/health.ts";

const { HEALTH } = env as unknown as Bindings; // as vitest.config.ts binds it
const result: HealthResult = { deploymentId: "a", modelName: "m", status: "healthy", checkedAt: Date.now(), took: 5 };

describe("HealthObject", () => {
  it("keeps results and claims for all isolates", async () => {
    const [one, other] = [healthObject(HEALTH), healthObject(HEALTH)];
    await one.keep([result]);
    expect(await other.read()).toMatchObject({ latest: [result], history: [result] });
    expect(await one.claim("cron", 60_000)).toBe(true);
    expect(await other.claim("cron", 60_000)).toBe(false);
    expect(await other.claim("call", 60_000)).toBe(false);
  });
});
