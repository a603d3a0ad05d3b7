import { AWS_PARAM_VARIABLES, AWS_SIGN_IN_PARAMS } from "../aws-params.ts";
import type { Provider, Target } from "../provider.ts";
import { batchJobs } from "./batch-jobs.ts";
import { withBucket } from "./bucket.ts";
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
  paramVariables: {
    ...AWS_PARAM_VARIABLES,
    s3_bucket_name: ["AWS_S3_BUCKET_NAME"],
    aws_batch_role_arn: ["AWS_BATCH_ROLE_ARN"],
  },
  signInParams: AWS_SIGN_IN_PARAMS,
  authorize: withBucket(bedrockAuthorize),
  hasCredentials: bedrockHasCredentials,
  native: bedrockNative,
  batchJobs,
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
