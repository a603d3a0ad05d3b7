/** What is known of a model: LiteLLM's field names, prices in US dollars. Absent means unknown, never 0. */
export interface ModelInfo {
  litellm_provider?: string;
  /** `chat`, `embedding`, `image_generation`, `audio_transcription`, ... */
  mode?: string;
  max_tokens?: number;
  max_input_tokens?: number;
  max_output_tokens?: number;
  input_cost_per_token?: number;
  output_cost_per_token?: number;
  supports_reasoning?: boolean;
  [field: string]: unknown;
}
