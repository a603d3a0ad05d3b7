import { AWS_PARAM_VARIABLES, AWS_SIGN_IN_PARAMS } from "../aws-params.ts";
import type { Provider } from "../provider.ts";
import { chat } from "./chat.ts";
import { sagemakerAuthorize, sagemakerHasCredentials } from "./endpoint.ts";
import { LABEL } from "./errors.ts";
import { text } from "./text.ts";

const shared = {
  label: LABEL,
  keyVariables: [],
  baseVariables: [],
  paramVariables: AWS_PARAM_VARIABLES,
  signInParams: AWS_SIGN_IN_PARAMS,
  authorize: sagemakerAuthorize,
  hasCredentials: sagemakerHasCredentials,
} satisfies Omit<Provider, "slug">;

/** Endpoints of SageMaker: containers that complete texts, and those that speak OpenAI's format. */
export const sagemaker: Provider = { ...shared, slug: "sagemaker", chat: text };
export const sagemakerChat: Provider = { ...shared, slug: "sagemaker_chat", chat };
