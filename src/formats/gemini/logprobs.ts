import { isRecord } from "../json.ts";

interface TokenLogprob {
  token: string;
  logprob: number;
  bytes: number[] | null;
}

/** OpenAI's `logprobs.content` out of Gemini's `logprobsResult`; empty where there is none. */
export function logprobsOf(result: unknown): (TokenLogprob & { top_logprobs: TokenLogprob[] })[] {
  if (!isRecord(result)) return [];
  const top = Array.isArray(result["topCandidates"]) ? result["topCandidates"] : [];
  return tokens(result["chosenCandidates"]).map((chosen, index) => {
    const alternatives: unknown = top[index];
    return { ...chosen, top_logprobs: isRecord(alternatives) ? tokens(alternatives["candidates"]) : [] };
  });
}

function tokens(list: unknown): TokenLogprob[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map((candidate) => {
    const token = typeof candidate["token"] === "string" ? candidate["token"] : "";
    const logprob = typeof candidate["logProbability"] === "number" ? candidate["logProbability"] : 0;
    return { token, logprob, bytes: Array.from(new TextEncoder().encode(token)) };
  });
}
