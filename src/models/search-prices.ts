/** Prices of web searches that the catalogue's source does not have, and how many a call may make. */
import { geminiModel, isGemini3 } from "../formats/gemini/model.ts";
import type { ModelInfo } from "./catalogue.ts";

interface SearchFacts {
  /** US dollars of a search, whatever its size. */
  perSearch?: number;
  /** US dollars of a source that was used. */
  perSource?: number;
  /** Searches of a call that asks for some, where it does not bound them. */
  asked?: number;
  /** Searches of every call. */
  always?: number;
  /** The same, where no usage says so. */
  untold?: number;
}

/** Searches that a model makes of itself: an assumption, for what is reserved. */
const SEVERAL = 5;

/** @param name of the row */
function factsOf(name: string, { litellm_provider: provider = "" }: ModelInfo): SearchFacts | undefined {
  // OpenAI, "Web search": these models look something up before each answer.
  if (/-search-(?:preview|api)\b/.test(name)) return { untold: 1 };
  // Google, "Gemini Developer API pricing" and "Vertex AI pricing", grounding with Google Search: $14 for 1,000 queries from
  // Gemini 3 on, $35 for 1,000 grounded prompts before. What is free each day is not known to the gateway.
  if (/^(?:gemini|vertex_ai)/.test(provider) && /(?:^|\/)gemini-/.test(name))
    return isGemini3(geminiModel(name)) ? { perSearch: 0.014, asked: SEVERAL } : { perSearch: 0.035 };
  // xAI, "Tools pricing": $5 for 1,000 calls of web search or X search. "Live Search" (until 2026): $25 for 1,000 sources.
  if (provider === "xai") return { perSearch: 0.005, perSource: 0.025, asked: SEVERAL };
  // Groq: $5 for 1,000 searches of the browser that GPT-OSS has there. Compound's are in `own-rows.ts`.
  if (provider === "groq" && /(?:^|\/)gpt-oss-/.test(name)) return { perSearch: 0.005, asked: SEVERAL };
  // Perplexity, "Pricing": a fee for each request of a Sonar model, by the size of its search context.
  if (provider === "perplexity" && name.startsWith("perplexity/sonar")) return { always: 1 };
  return undefined;
}

/** The row with what is known of its searches. What it says itself holds. */
export function withSearchPrices(name: string, row: ModelInfo): ModelInfo {
  const facts = factsOf(name, row);
  if (facts === undefined) return row;
  const { perSearch, perSource, asked, always, untold } = facts;
  return {
    ...(perSearch !== undefined && { search_context_cost_per_query: { search_context_size_medium: perSearch } }),
    ...(perSource !== undefined && { cost_per_search_source: perSource }),
    ...(asked !== undefined && { usual_searches: asked }),
    ...(always !== undefined && { least_searches: always }),
    ...(untold !== undefined && { least_searches: untold, untold_searches: untold }),
    ...row,
  };
}

/** Searches that a call may make. @param allowed by the call itself */
export function possibleSearches(info: ModelInfo, allowed: number | undefined): number | undefined {
  const { usual_searches: usual, least_searches: least } = info;
  const asked = allowed !== undefined && allowed > 0 && typeof usual === "number" ? Math.max(allowed, usual) : allowed;
  return typeof least === "number" ? Math.max(asked ?? 0, least) : asked;
}
