/** Microsoft Foundry: models of many makers at one resource, each by the API it is served with. */
import { OPENAI_EMBEDDING_PARAMS } from "../../formats/openai/embeddings.ts";
import { SIGN_IN_VARIABLES, signIn } from "../azure/sign-in.ts";
import { ocrAdapter } from "../ocr.ts";
import { openaiEmbeddingAdapter } from "../openai/embeddings.ts";
import { openaiResponsesAdapter } from "../openai/responses.ts";
import type { Provider } from "../provider.ts";
import { rerankAdapter } from "../rerank.ts";
import { chat, isOpenais } from "./chat.ts";
import { claudeAdapters, isClaude } from "./claude.ts";
import { host, modelName, passParameters } from "./host.ts";
import { images } from "./images.ts";
import { native } from "./native.ts";
import { makersPath, modelPath, responsesPath } from "./place.ts";

const embeddingParams: ReadonlySet<string> = new Set(OPENAI_EMBEDDING_PARAMS);

const foundry: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: host.keyVariables,
  baseVariables: ["AZURE_AI_API_BASE"],
  paramVariables: { ...SIGN_IN_VARIABLES, api_version: ["AZURE_AI_API_VERSION"] },
  ...signIn,
  hasOwnNames: true,
  native,
  chat,
  embeddings: openaiEmbeddingAdapter({
    ...host,
    path: modelPath("/embeddings"),
    headers: passParameters,
    supportedParams: () => embeddingParams,
  }),
  ...images,
  ocr: ocrAdapter({ ...host, path: "/providers/mistral/azure/ocr" }),
  rerank: rerankAdapter({
    ...host,
    path: makersPath("/providers/cohere/v2/rerank", "/v1/rerank"),
    takes: ["top_n", "max_tokens_per_doc"],
  }),
  responses: {
    ...openaiResponsesAdapter({ ...host, path: responsesPath, modelName }),
    // The others have chat alone.
    serves: isOpenais,
  },
};

const claude: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: foundry.keyVariables,
  baseVariables: foundry.baseVariables,
  native,
  ...claudeAdapters,
};

export const azureAi: Provider = { ...foundry, forModel: (target) => (isClaude(target) ? claude : foundry) };
