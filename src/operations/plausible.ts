import type { Usage } from "../formats/openai/chat.ts";

/** No call has so many tokens. */
const ABSURD = 1e9;
/** Nor anything else so much: seconds of eleven days. What it costs is still an exact integer. */
const MOST_MEASURED = 1e6;

/** Figures a call can have: what is negative, or beyond all measure, is counted by the gateway instead. */
export function isPlausible(usage: Usage | undefined): usage is Usage {
  if (usage === undefined) return false;
  const { prompt_tokens, completion_tokens, total_tokens, server_tool_use } = usage;
  const searches = [
    server_tool_use?.web_search_requests,
    usage["num_search_queries"],
    usage["num_sources_used"],
    usage["citation_tokens"],
  ];
  return (
    [prompt_tokens, completion_tokens, total_tokens].every((count) => count >= 0 && count < ABSURD) &&
    searches.every((count) => typeof count !== "number" || count < ABSURD)
  );
}

/** What an upstream measured (seconds, pages, searches), if a call can have it: else it is measured here. */
export function plausibleMeasure(told: unknown): number | undefined {
  return typeof told === "number" && told >= 0 && told <= MOST_MEASURED ? told : undefined;
}
