import { describe, expect, it } from "vitest";
import { ConversationMemory } from "../../../src/call/responses-socket/memory.ts";

const message = (text: string) => ({ type: "message", role: "user", content: text });

describe("what a connection remembers", () => {
  it("is all that was said before, with the response that somebody else keeps at its beginning", () => {
    const memory = new ConversationMemory(10_000);
    memory.remember("resp_1", "resp_kept", [message("one")]);
    memory.remember("resp_2", "resp_1", [message("two")]);
    expect(memory.find("resp_2")).toMatchObject({ root: "resp_kept", items: [message("one"), message("two")] });
    expect(memory.find("resp_1")).toMatchObject({ root: "resp_kept", items: [message("one")] });
    expect(memory.find("resp_kept")).toBeUndefined();
  });

  it("has forks", () => {
    const memory = new ConversationMemory(10_000);
    memory.remember("resp_1", undefined, [message("one")]);
    memory.remember("resp_2", "resp_1", [message("left")]);
    memory.remember("resp_3", "resp_1", [message("right")]);
    expect(memory.find("resp_3")?.items).toEqual([message("one"), message("right")]);
  });

  it("leaves out reasoning that only its provider could read, and the ids that hang on it", () => {
    const memory = new ConversationMemory(10_000);
    const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: "{}" };
    memory.remember("resp_1", undefined, [{ type: "reasoning", id: "rs_1" }, call]);
    const { id: _, ...withoutId } = call;
    expect(memory.find("resp_1")?.items).toEqual([withoutId]);
    const sealed = { type: "reasoning", id: "rs_2", encrypted_content: "abc" };
    memory.remember("resp_2", undefined, [sealed, call]);
    expect(memory.find("resp_2")?.items).toEqual([sealed, call]);
  });

  it("begins with the last compaction, which stands for all before", () => {
    const memory = new ConversationMemory(10_000);
    memory.remember("resp_1", "resp_kept", [message("one")]);
    const compaction = { type: "compaction", encrypted_content: "abc" };
    memory.remember("resp_2", "resp_1", [message("two"), compaction, message("three")]);
    expect(memory.find("resp_2")).toMatchObject({ root: undefined, items: [compaction, message("three")] });
  });

  it("is bounded: the oldest go first, and what is too large is not kept", () => {
    const memory = new ConversationMemory(250);
    for (const id of ["a", "b", "c"]) memory.remember(id, undefined, [message("x".repeat(50))]);
    expect([memory.find("a"), memory.find("b"), memory.find("c")].map((found) => found !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    memory.remember("d", undefined, [message("x".repeat(500))]);
    expect(memory.find("d")).toBeUndefined();
    const many = new ConversationMemory(1_000_000);
    for (let index = 0; index < 100; index++) many.remember(`resp_${index}`, undefined, [message("x")]);
    expect(many.find("resp_0")).toBeUndefined();
    expect(many.find("resp_99")).toBeDefined();
  });
});
