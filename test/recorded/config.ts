/** The gateway's configuration for the replay: one deployment for each exchange, named by its id. */
import { writeFileSync } from "node:fs";
import { findProvider, providerFor } from "../../src/providers/registry.ts";
import type { Exchange } from "./exchanges.ts";
import { textOf } from "./json.ts";
import { isVertex, vertexModelName, vertexParams } from "./vertex.ts";

export const MASTER_KEY = "sk-recorded-traffic";
export const PROVIDER_KEY = "test-key";

/**
 * Providers under the name the gateway has for them, best first. What has none is one of many servers with OpenAI's
 * format at an address of its own.
 */
const SLUGS: Readonly<Record<string, readonly string[]>> = {
  azure_anthropic: ["azure_ai"],
  bedrock: ["custom_openai"], // its OpenAI surface; the provider of that name speaks Converse
  llamacpp: ["llamafile"], // the same server
  ollama_openai: ["anthropic"], // chat is settled below
  vertex_anthropic: ["vertex_ai"],
  watsonx: ["custom_openai"], // the compatible surface; the provider of that name has its own
};

/** Where they are others, for operations beside chat. */
const OTHER_SLUGS: Readonly<Record<string, string>> = {
  llamacpp: "llamafile",
  venice: "veniceai",
  vllm: "hosted_vllm",
};

export function slugOf(exchange: Exchange): string {
  const { provider, endpoint, operation, wire } = exchange;
  if (operation === "completions" && provider === "azure") return "azure_text";
  if (operation === "completions" && ["ollama_openai", "openai"].includes(provider)) return "text-completion-openai";
  if (wire === "converse") return provider;
  if (operation !== "chat") {
    const slug = OTHER_SLUGS[provider] ?? provider;
    return findProvider(slug)?.[operation] === undefined ? "custom_openai" : slug;
  }
  const isForeignChat = endpoint === "chat" && (provider === "anthropic" || provider.endsWith("_openai"));
  const candidates = isForeignChat ? [] : (SLUGS[provider] ?? [provider]);
  const model = upstreamModel(exchange);
  const known = candidates.find((slug) => providerFor({ provider: slug, model })?.chat?.wire === wire);
  return known ?? "custom_openai";
}

/** The model upstream: of the body, or of the path where the path has it. */
export function upstreamModel(exchange: Exchange): string {
  const { provider, request, url, model, wire, operation } = exchange;
  if (wire === "gemini" && operation === "imageGenerations") return "imagen-4.0-generate-001"; // recorded without its name
  if (isVertex(exchange)) return vertexModelName(exchange) ?? "some-model";
  const path = decodeURIComponent(url.pathname);
  if (wire === "converse") return `converse/${/\/model\/(.+)\/converse/.exec(path)?.[1] ?? model}`;
  const inPath =
    wire === "gemini" ? /\/((?:models|tunedModels)\/[^:]+)/.exec(path)?.[1]?.replace(/^models\//, "") : undefined;
  const deployment = /\/(?:deployments|engines)\/([^/]+)/.exec(path)?.[1];
  if (provider === "azure" && deployment !== undefined) return deployment;
  return inPath ?? (textOf(request?.["model"]) || deployment || model || "some-model");
}

/** What of Azure's addresses users configure by itself. */
export function azureParams({ provider, url }: Pick<Exchange, "provider" | "url">): { api_version?: string } {
  if (provider !== "azure" || url.pathname.startsWith("/openai/v1/")) return {};
  return { api_version: url.searchParams.get("api-version") ?? ANY_VERSION };
}

/** Where the source of a recording took the query away. */
const ANY_VERSION = "2025-04-01-preview";

/** What a user would configure as base: the recorded address without what the provider's adapter appends. */
export function basePath({ provider, url, wire }: Pick<Exchange, "provider" | "url" | "wire">): string {
  const path = url.pathname.replace(/^\/\/+/, "/");
  if (isVertex({ provider })) return "";
  if (provider === "azure") return path.startsWith("/openai/v1/") ? `/openai/v1${url.search}` : "";
  switch (wire) {
    case "openai":
      return (
        path.replace(/\/(?:chat|(?:chat\/)?completions|embeddings|images\/generations|moderations|rerank)$/, "") +
        url.search
      );
    case "cohere":
      return path.replace(/\/(?:embed|rerank)$/, "");
    case "anthropic":
      return /\/v1\/messages$/.test(path) ? path.replace(/\/v1\/messages$/, "") : "";
    case "gemini":
      return path.replace(/\/(?:models|tunedModels)\/[^/]+$/, "");
    case "converse":
      return path.replace(/\/model\/.*$/, "");
  }
}

/** Writes the file; JSON is YAML too. */
export function writeConfig(
  file: string,
  exchanges: readonly Exchange[],
  replayUrl: (exchange: Exchange) => string,
): void {
  const config = {
    model_list: exchanges.map((exchange) => ({
      model_name: exchange.id,
      litellm_params: {
        model: `${slugOf(exchange)}/${upstreamModel(exchange)}`,
        api_base: `${replayUrl(exchange)}/${exchange.id}${basePath(exchange)}`,
        ...azureParams(exchange),
        ...vertexParams(exchange),
        api_key: PROVIDER_KEY,
        max_retries: 0,
      },
    })),
    general_settings: { master_key: MASTER_KEY },
    litellm_settings: { request_timeout: 60, num_retries: 0 },
    router_settings: { disable_cooldowns: true }, // a recorded failure is an answer like any other
  };
  writeFileSync(file, JSON.stringify(config, null, 1));
}
