/** How the cache is used, whatever keeps it. */

export interface CacheSettings {
  /** Operations by their own names; absent: all whose answers can be given again. */
  operations?: ReadonlySet<string>;
  /** Used unless a request says otherwise, or only where it says so (`use-cache`). */
  mode: "default_on" | "default_off";
  /** Seconds. */
  ttl: number;
  /** In front of all names. */
  namespace?: string;
  /** Model groups that stand for each other: what one has answered, the others need not. */
  groups: readonly (readonly string[])[];
  /** Who is given what another was answered: those of one tenant, or all. */
  share: "tenant" | "all";
}

/** Seconds; LiteLLM's, of a cache in memory. */
export const USUAL_TTL = 600;

/** Longest `namespace`, in characters. */
export const LONGEST_NAMESPACE = 200;

export const USUAL_SETTINGS: CacheSettings = { mode: "default_on", ttl: USUAL_TTL, groups: [], share: "tenant" };

/** Operations by the names LiteLLM's `supported_call_types` have for them. */
const CALL_TYPES: Readonly<Record<string, string>> = {
  completion: "chat",
  acompletion: "chat",
  text_completion: "completions",
  atext_completion: "completions",
  embedding: "embeddings",
  aembedding: "embeddings",
  transcription: "transcriptions",
  atranscription: "transcriptions",
  rerank: "rerank",
  arerank: "rerank",
  responses: "responses",
  aresponses: "responses",
  anthropic_messages: "messages",
  generate_content: "generate_content",
  agenerate_content: "generate_content",
  generate_content_stream: "generate_content",
  agenerate_content_stream: "generate_content",
};

/** The operations that `supported_call_types` names; names nobody knows are none. */
export function operationsOf(callTypes: readonly unknown[]): Set<string> {
  return new Set(
    callTypes.flatMap((type) => {
      const name = String(type);
      const operation = Object.hasOwn(CALL_TYPES, name) ? CALL_TYPES[name] : undefined;
      // What is heard is cached whether it was translated or not.
      return operation === "transcriptions" ? [operation, "translations"] : (operation ?? []);
    }),
  );
}
