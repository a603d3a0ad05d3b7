/** Every provider by its slug. What an admin puts behind a route is none that a model could name. */
import { anthropic } from "./anthropic/index.ts";
import { azure, azureText } from "./azure/index.ts";
import { azureAi } from "./azure-ai/index.ts";
import { bedrock } from "./bedrock/index.ts";
import { bedrockMantle } from "./bedrock-mantle/index.ts";
import { cohere } from "./cohere/index.ts";
import { gemini } from "./gemini/index.ts";
import { jina } from "./jina/index.ts";
import { openai, textCompletionOpenai } from "./openai/index.ts";
import { compatibleProviders } from "./openai-compatible/index.ts";
import { passThrough } from "./pass-through.ts";
import type { Provider, Target } from "./provider.ts";
import { recraft } from "./recraft/index.ts";
import { sagemaker, sagemakerChat } from "./sagemaker/index.ts";
import { searchProviders } from "./search/index.ts";
import { services } from "./services.ts";
import { vertexAi, vertexAiBeta } from "./vertex/index.ts";
import { voyage } from "./voyage/index.ts";

export const providers: ReadonlyMap<string, Provider> = new Map(
  [
    openai,
    { ...openai, slug: "aiohttp_openai" }, // LiteLLM's name for the same with another HTTP client
    textCompletionOpenai,
    anthropic,
    bedrock,
    bedrockMantle,
    gemini,
    azure,
    azureText,
    azureAi,
    cohere,
    jina,
    voyage,
    recraft,
    sagemaker,
    sagemakerChat,
    vertexAi,
    vertexAiBeta,
    ...compatibleProviders,
    ...searchProviders,
    ...services,
  ].map((provider) => [provider.slug, provider]),
);

export function findProvider(slug: string): Provider | undefined {
  return slug === passThrough.slug ? passThrough : providers.get(slug);
}

/** What serves the model of a target. */
export function providerFor(
  target: Pick<Target, "provider" | "model" | "baseModel" | "params" | "info">,
): Provider | undefined {
  const provider = findProvider(target.provider);
  return provider?.forModel?.(target) ?? provider;
}
