import { eq } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { isRotationEnabled, rotateDueKeys } from "../../../../src/gateway/admin/keys/rotation.ts";
import { deprecatedKeys, keys } from "../../../../src/store/schema/index.ts";
import { digestOf } from "../../../../src/tenancy/digest.ts";
import { db, makeKey } from "../fixture.ts";

const NOW = Date.parse("2026-06-01T00:00:00.000Z");
const due = { auto_rotate: true, rotation_interval: "30d", key_rotation_at: "2026-05-31T00:00:00.000Z" };
const onFailure = () => {};

beforeEach(async () => {
  await db.delete(keys);
});

describe("rotateDueKeys", () => {
  it("replaces keys whose time has come, and hands the new ones over", async () => {
    const { token } = await makeKey(due);
    await makeKey({ ...due, key_rotation_at: "2026-06-02T00:00:00.000Z" });
    await makeKey({ ...due, auto_rotate: false });
    const handed: string[] = [];
    const deliver = async (_: unknown, secret: string) => void handed.push(secret);
    expect(await rotateDueKeys(db, NOW, { deliver, grace: "24h", onFailure })).toEqual({ rotated: 1, waiting: 0 });
    const [row] = await db.select().from(keys).where(eq(keys.scope_id, token));
    expect(row).toMatchObject({
      token: await digestOf(handed[0] ?? ""),
      rotation_count: 1,
      key_rotation_at: "2026-07-01T00:00:00.000Z",
    });
    expect(await db.select().from(deprecatedKeys)).toMatchObject([{ token, revoke_at: "2026-06-02T00:00:00.000Z" }]);
    await rotateDueKeys(db, NOW + 3 * 86_400_000, { deliver: undefined, grace: undefined, onFailure });
    expect(await db.select().from(deprecatedKeys)).toEqual([]);
  });

  it("loses no key nobody takes, and none that cannot be handed over", async () => {
    const { token } = await makeKey(due);
    const none = { deliver: undefined, grace: undefined, onFailure };
    expect(await rotateDueKeys(db, NOW, none)).toEqual({ rotated: 0, waiting: 1 });
    const failures: unknown[] = [];
    const deliver = () => Promise.reject(new Error("the vault is sealed"));
    const broken = { deliver, grace: undefined, onFailure: (_: unknown, error: unknown) => void failures.push(error) };
    expect(await rotateDueKeys(db, NOW, broken)).toEqual({ rotated: 0, waiting: 1 });
    expect(failures).toHaveLength(1);
    expect(await db.select().from(keys)).toMatchObject([{ token }]);
  });

  it("is off unless it is asked for", () => {
    expect(isRotationEnabled(() => undefined)).toBe(false);
    expect(isRotationEnabled((name) => (name === "LITELLM_KEY_ROTATION_ENABLED" ? "True" : undefined))).toBe(true);
  });
});
