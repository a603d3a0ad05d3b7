/** Rows of models that the catalogue's source lacks. What it has goes before them. */
import type { ModelInfo } from "./catalogue.ts";

/**
 * Groq, "Compound": a system that asks several models, each at its own price, and runs tools; its window and longest answer
 * are of "Supported Models". The prices are those of the dearest it asks (Llama 3.3 70B), for what is reserved and for
 * answers that do not tell which were asked. A web search is $5 for 1,000.
 */
const COMPOUND: ModelInfo = {
  litellm_provider: "groq",
  mode: "chat",
  max_input_tokens: 131_072,
  max_output_tokens: 8192,
  max_tokens: 8192,
  input_cost_per_token: 5.9e-7,
  output_cost_per_token: 7.9e-7,
  split_pricing: true,
  search_context_cost_per_query: { search_context_size_medium: 0.005 },
  supports_web_search: true,
};

/** AssemblyAI, "Pricing": dollars for an hour of audio, without what is made of its text. */
const transcripts = (hour: number): ModelInfo => ({
  litellm_provider: "assemblyai",
  mode: "audio_transcription",
  input_cost_per_second: hour / 3600,
  output_cost_per_second: 0,
});

/** "Up to 10 tool calls per request", "up to 1 tool call". */
const OWN_ROWS: Readonly<Record<string, ModelInfo>> = {
  "groq/compound": { ...COMPOUND, least_searches: 10 },
  "groq/compound-mini": { ...COMPOUND, least_searches: 1 },
  "groq/compound-beta": { ...COMPOUND, least_searches: 10 },
  "groq/compound-beta-mini": { ...COMPOUND, least_searches: 1 },
  "assemblyai/universal": transcripts(0.15),
  "assemblyai/universal-2": transcripts(0.15),
  "assemblyai/universal-3-pro": transcripts(0.21),
  "assemblyai/universal-3-5-pro": transcripts(0.21),
};

/** The caller's own. */
export function ownRow(name: string): ModelInfo | undefined {
  const row = Object.hasOwn(OWN_ROWS, name) ? OWN_ROWS[name] : undefined;
  return row && { ...row };
}
