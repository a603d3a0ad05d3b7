/** Calls on the ledger. */
import { newLogId } from "../../../../src/store/spend/log-id.ts";
import { addSpend, type NewSpendLog } from "../../../../src/store/spend/write.ts";
import { db } from "../fixture.ts";

/** A call at a time, with what is said of it; the id the client knows it by is given back. */
export function callAt(time: string, row: Partial<NewSpendLog> = {}): NewSpendLog {
  const startedAt = Date.parse(time);
  return {
    startedAt,
    id: newLogId(startedAt),
    callType: "chat",
    keyHash: "",
    tags: [],
    model: "gpt-4o",
    modelGroup: "smart",
    provider: "openai",
    stream: false,
    outcome: "success",
    status: 200,
    promptTokens: 10,
    completionTokens: 5,
    totalTokens: 15,
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
    reasoningTokens: 0,
    audioInputTokens: 0,
    audioOutputTokens: 0,
    cost: 100_000_000,
    priced: true,
    estimated: false,
    endedAt: startedAt + 1000,
    attempts: 1,
    retries: 0,
    fallbacks: 0,
    ...row,
  };
}

export async function addCalls(...calls: NewSpendLog[]): Promise<void> {
  await addSpend(db, calls);
}
