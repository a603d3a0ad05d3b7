import { describe, expect, it } from "vitest";
import { ownerOf } from "../../src/tenancy/owner.ts";

const principal = (token: string, fields: { scope_id: string; team_id?: string }, userId?: string) =>
  ({ role: "key", token, userId, identity: { key: fields } }) as never; // what is read of it

describe("the owner of what a key makes", () => {
  it("is the key, also when it has got a new value", () => {
    expect(ownerOf(principal("first", { scope_id: "first" }))).toBe("key:first");
    expect(ownerOf(principal("second", { scope_id: "first" }))).toBe("key:first");
  });

  it("is its team, else its user, where it has one", () => {
    expect(ownerOf(principal("t", { scope_id: "t", team_id: "blue" }, "ann"))).toBe("team:blue");
    expect(ownerOf(principal("t", { scope_id: "t" }, "ann"))).toBe("user:ann");
  });
});
