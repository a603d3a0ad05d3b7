import { describe, expect, it } from "vitest";
import type { CallRecord } from "../../src/ledger/record.ts";
import { openRow, spendRow, spendRowSchema } from "../../src/ledger/row.ts";
import { newLogId, timeOfLogId } from "../../src/store/spend/log-id.ts";
import { NOW } from "./world.ts";

function recordOf(fields: Partial<CallRecord> = {}): CallRecord {
  return {
    id: "client-id",
    operation: "chat",
    modelGroup: "gpt",
    model: "gpt-4o",
    provider: "openai",
    deploymentId: "d1",
    stream: true,
    outcome: "success",
    status: 200,
    estimated: false,
    startedAt: NOW,
    endedAt: NOW + 900,
    tags: ["a", "b", "a"],
    attempts: [
      {
        deploymentId: "d1",
        modelGroup: "gpt",
        provider: "openai",
        model: "gpt-4o",
        apiBase: "https://x",
        startedAt: NOW,
      },
    ],
    retries: 0,
    fallbacks: 0,
    hedges: 0,
    ...fields,
  };
}

describe("log ids", () => {
  it("say when the call began, and are never the same", () => {
    const ids = Array.from({ length: 1000 }, () => newLogId(NOW));
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(timeOfLogId(id)).toBe(NOW);
    expect(timeOfLogId(crypto.randomUUID())).toBeUndefined();
    expect(timeOfLogId("chatcmpl-1")).toBeUndefined();
  });
});

describe("spendRow", () => {
  it("has all that the call was, under an id the client did not choose", () => {
    const record = recordOf({
      cost: 1234,
      usage: {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 30, cache_creation_tokens: 5, audio_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 7, audio_tokens: 3 },
      },
      attribution: { keyHash: "h", userId: "u", customerId: "c", metadata: { a: 1 } },
    });
    const row = spendRow(record);
    expect(spendRowSchema.parse(JSON.parse(JSON.stringify(row)))).toEqual(JSON.parse(JSON.stringify(row)));
    expect(row).toMatchObject({
      callId: "client-id",
      keyHash: "h",
      userId: "u",
      customerId: "c",
      metadata: { a: 1 },
      apiBase: "https://x",
      tags: ["a", "b"],
      cost: 1234,
      priced: true,
      promptTokens: 100,
      completionTokens: 20,
      totalTokens: 120,
      cacheReadTokens: 30,
      cacheCreationTokens: 5,
      reasoningTokens: 7,
      audioInputTokens: 2,
      audioOutputTokens: 3,
      attempts: 1,
    });
    expect(timeOfLogId(row.id)).toBe(NOW);
    expect(spendRow(record).id).toBe(row.id);
    expect(spendRow(recordOf()).id).not.toBe(row.id); // two calls of one id are two rows: neither is free
  });

  it("has no second id where the gateway made the call's", () => {
    const id = newLogId(NOW);
    expect(spendRow(recordOf({ id, logId: id }))).toMatchObject({ id, callId: undefined });
  });

  it("says where a price is not known", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    expect(spendRow(recordOf({ usage }))).toMatchObject({ cost: 0, priced: false });
    expect(spendRow(recordOf({ outcome: "failure", status: 500 }))).toMatchObject({ cost: 0, priced: true });
  });

  it("can be read whatever a call cost", () => {
    const row = spendRow(recordOf({ cost: 4e39 }));
    expect(spendRowSchema.parse(row).cost).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("is what is charged if the call is lost", () => {
    const record = recordOf();
    expect(openRow(record, 5000)).toMatchObject({ id: record.logId, outcome: "lost", cost: 5000, estimated: true });
  });

  it("fits into a message whatever a client sends", () => {
    const long = "\u0001".repeat(100_000);
    const row = spendRow(
      recordOf({
        modelGroup: long,
        model: long,
        errorMessage: long,
        tags: Array.from({ length: 1000 }, (_, i) => `${i}${long}`),
        attribution: { keyAlias: long, customerId: long, sessionId: long, userId: long, metadata: { long } },
        payload: { messages: long, response: long },
      }),
    );
    expect(Buffer.byteLength(JSON.stringify(row))).toBeLessThan(110_000);
    expect(row.messages).toBeUndefined();
    expect(spendRow(recordOf({ payload: { messages: "[1]", response: "{}" } }))).toMatchObject({ messages: "[1]" });
    expect(spendRow(recordOf({ payload: { ref: "r2/key" } }))).toMatchObject({ payloadRef: "r2/key" });
  });
});
