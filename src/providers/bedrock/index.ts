import { AWS_PARAM_VARIABLES, AWS_SIGN_IN_PARAMS } from "../aws-params.ts";
import type { Provider, Target } from "../provider.ts";
import { chat } from "./chat.ts";
import { embeddings } from "./embeddings.ts";
import { bedrockAuthorize, bedrockHasCredentials, bedrockNative } from "./endpoint.ts";
import { LABEL } from "./errors.ts";
import { imageEdits, imageGenerations, imageVariations } from "./images.ts";
import { claudeChat, countTokens, messages } from "./invoke/claude.ts";
import { bedrockModel, isClaude, isConverseNamed } from "./model.ts";
import { rerank } from "./rerank.ts";

/** Amazon Bedrock's runtime. */
export const bedrock: Provider = {
  slug: "bedrock",
  label: LABEL,
  keyVariables: ["AWS_BEARER_TOKEN_BEDROCK"],
  baseVariables: ["AWS_BEDROCK_RUNTIME_ENDPOINT", "BEDROCK_API_BASE"],
  paramVariables: AWS_PARAM_VARIABLES,
  signInParams: AWS_SIGN_IN_PARAMS,
  authorize: bedrockAuthorize,
  hasCredentials: bedrockHasCredentials,
  native: bedrockNative,
  forModel: bedrockFor,
  chat,
  embeddings,
  imageGenerations,
  imageEdits,
  imageVariations,
  rerank,
};

/** Claude has Anthropic's API by InvokeModel. Where Converse is asked for by name, everything goes by it. */
function bedrockFor(target: Pick<Target, "model" | "baseModel">): Provider {
  const { route } = bedrockModel(target.model);
  if (!isClaude(target) || isConverseNamed(target.model)) return bedrock;
  return { ...bedrock, messages, countTokens, ...(route === "invoke" && { chat: claudeChat }) };
}
