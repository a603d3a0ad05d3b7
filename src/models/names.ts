/** Under which names a model may stand in the catalogue. Facts of LiteLLM's resolution, as of 1.83. */

/** Providers whose rows carry a finer name than their slug. */
const slugs: Record<string, string> = {
  bedrock_converse: "bedrock",
  vertex_ai_beta: "vertex_ai",
  ai21: "ai21_chat",
  "fireworks_ai-embedding-models": "fireworks_ai",
};

/** `vertex_ai-language-models` → `vertex_ai`, `bedrock_converse` → `bedrock`. */
export const baseProvider = (provider: string): string =>
  slugs[provider] ?? (provider.startsWith("vertex_ai-") ? "vertex_ai" : provider);

/** Slugs that share one price list. */
const families: Record<string, string> = {
  cohere_chat: "cohere",
  "text-completion-openai": "openai",
  custom_openai: "openai",
  azure_text: "azure",
  anthropic_text: "anthropic",
  ai21_chat: "ai21",
  sagemaker_chat: "sagemaker",
  sagemaker_nova: "sagemaker",
  bedrock_mantle: "bedrock",
  "text-completion-codestral": "codestral",
  ollama_chat: "ollama",
  watsonx_text: "watsonx",
};

/** They serve models of others under the same names. */
const resellers: Record<string, readonly string[] | "all"> = {
  azure_ai: ["azure", "openai"],
  github: "all",
  litellm_proxy: "all",
};

/** May a row of this `litellm_provider` price a call to this provider? */
export function sameProvider(slug: string, rowProvider: string): boolean {
  const family = (provider: string) => families[baseProvider(provider)] ?? baseProvider(provider);
  const sells = resellers[slug];
  return family(slug) === family(rowProvider) || sells === "all" || (sells?.includes(family(rowProvider)) ?? false);
}

const place = /^(us-gov|us|eu|apac|ap|au|jp|ca|sa|global)\./;

/** Bedrock: without ARN, route or region. An inference profile's place stays: some cost more than the model itself. */
function withoutRoute(model: string): string {
  const last = model.includes("arn:") ? (model.split("/").at(-1) ?? model) : model;
  return last
    .replace(/^bedrock\//, "")
    .replace(/^(converse|converse_like|invoke)\//, "")
    .replace(/^[a-z]{2}(-gov)?-[a-z]+-\d\//, "");
}

/** The model without what LiteLLM strips for a provider, where it fails to find the full name. */
function stripped(model: string, provider: string | undefined): string {
  // `ft:gpt-4o-2024-08-06:org:suffix:id`; the suffix may be empty.
  if (model.startsWith("ft:")) return model.replace(/^(ft:[^:]+):.*$/, "$1");
  switch (provider && baseProvider(provider)) {
    case "bedrock":
      return withoutRoute(model).replace(place, "");
    case "vertex_ai":
    case "gemini":
    case "databricks":
      return model.replace(/-\d+$/, "");
    default:
      return model;
  }
}

/** Names to look a model up by, best first, without repetition. */
export function candidates(name: string, provider: string | undefined, region: string | undefined): string[] {
  const model = provider !== undefined && name.startsWith(`${provider}/`) ? name.slice(provider.length + 1) : name;
  const short = stripped(model, provider);
  const bare = provider && baseProvider(provider) === "bedrock" ? withoutRoute(model) : model;
  return [
    ...new Set([
      ...(region && provider ? [`${provider}/${region}/${model}`, `${provider}/${region}/${bare}`] : []),
      ...(provider ? [`${provider}/${model}`, `${baseProvider(provider)}/${model}`] : []),
      model,
      bare,
      ...(provider ? [`${provider}/${short}`] : []),
      short,
    ]),
  ];
}

/** `gpt-4o-mini-2024-07-18` → `gpt-4o-mini`, `claude-sonnet-4-5-20250929` → `claude-sonnet-4-5`. */
export function withoutDate(name: string): string {
  return name.replace(/[-@](\d{8}|\d{4}-\d{2}-\d{2})$/, "");
}

/** The family a dated snapshot belongs to, where the price data says that snapshots cost the same. */
export function snapshotBase(name: string, dated: ReadonlySet<string>): string | undefined {
  const base = withoutDate(name);
  return base !== name && dated.has(base) ? base : undefined;
}
