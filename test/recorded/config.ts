/** The gateway's configuration for the replay: one deployment for each exchange, named by its id. */
import { writeFileSync } from "node:fs";
import { findProvider } from "../../src/providers/registry.ts";
import type { Exchange } from "./exchanges.ts";
import { textOf } from "./json.ts";

export const MASTER_KEY = "sk-recorded-traffic";
export const PROVIDER_KEY = "test-key";

/**
 * Providers under the name the gateway has for them, best first. What has none is one of many servers with OpenAI's
 * format at an address of its own.
 */
const SLUGS: Readonly<Record<string, readonly string[]>> = {
  azure: ["azure", "openai"],
  azure_anthropic: ["anthropic"],
  bedrock: ["custom_openai"], // its OpenAI surface; the provider of that name speaks Converse
  llamacpp: ["llamafile"], // the same server
  ollama_openai: ["anthropic"], // chat is settled below
  vertex_ai: ["gemini"],
  vertex_anthropic: ["anthropic"],
  watsonx: ["custom_openai"], // the compatible surface; the provider of that name has its own
};

/** Where they are others, for operations beside chat. */
const OTHER_SLUGS: Readonly<Record<string, string>> = {
  azure: "openai",
  llamacpp: "llamafile",
  venice: "veniceai",
  vertex_ai: "gemini",
  vllm: "hosted_vllm",
};

export function slugOf({ provider, endpoint, operation, wire }: Exchange): string {
  if (operation === "completions" && ["azure", "ollama_openai", "openai"].includes(provider))
    return "text-completion-openai";
  if (operation !== "chat") {
    const slug = OTHER_SLUGS[provider] ?? provider;
    return findProvider(slug)?.[operation] === undefined ? "custom_openai" : slug;
  }
  const isForeignChat = endpoint === "chat" && (provider === "anthropic" || provider.endsWith("_openai"));
  const candidates = isForeignChat ? [] : (SLUGS[provider] ?? [provider]);
  const known = candidates.find((slug) => findProvider(slug)?.chat?.wire === wire);
  return known ?? "custom_openai";
}

/** The model upstream: of the body, or of the path where the path has it. */
export function upstreamModel({ request, url, model, wire, operation }: Exchange): string {
  if (wire === "gemini" && operation === "imageGenerations") return "imagen-4.0-generate-001"; // recorded without its name
  const path = decodeURIComponent(url.pathname);
  const inPath =
    wire === "gemini" ? /\/((?:models|tunedModels)\/[^:]+)/.exec(path)?.[1]?.replace(/^models\//, "") : undefined;
  return (
    inPath ??
    (textOf(request?.["model"]) || /\/(?:deployments|engines)\/([^/]+)/.exec(path)?.[1] || model || "some-model")
  );
}

/** What a user would configure as base: the recorded address without what the provider's adapter appends. */
export function basePath({ url, wire }: Exchange): string {
  const path = url.pathname.replace(/^\/\/+/, "/");
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
