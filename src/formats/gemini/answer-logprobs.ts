import { isRecord, recordsIn } from "../json.ts";
import type { JsonObject } from "./json.ts";

/** OpenAI's `logprobs` as Gemini's `logprobsResult` and `avgLogprobs`; no field where there are none. */
export function toLogprobsResult(logprobs: unknown): JsonObject {
  const tokens = recordsIn(isRecord(logprobs) ? logprobs["content"] : undefined);
  if (tokens.length === 0) return {};
  const chosenCandidates = tokens.map(candidate);
  const sum = chosenCandidates.reduce((total, { logProbability }) => total + logProbability, 0);
  return {
    avgLogprobs: sum / tokens.length,
    logprobsResult: {
      chosenCandidates,
      topCandidates: tokens.map(({ top_logprobs }) => ({ candidates: recordsIn(top_logprobs).map(candidate) })),
    },
  };
}

function candidate({ token, logprob }: JsonObject): { token: string; logProbability: number } {
  return { token: String(token ?? ""), logProbability: typeof logprob === "number" ? logprob : 0 };
}
