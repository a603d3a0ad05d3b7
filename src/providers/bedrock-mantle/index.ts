/**
 * Amazon Bedrock's endpoint for clients of OpenAI's and Anthropic's formats ("Mantle").
 * Source: Amazon Bedrock user guide, "Inference using Chat Completions API", "Responses API" and "Messages API".
 */
import { AWS_PARAM_VARIABLES, AWS_SIGN_IN_PARAMS } from "../aws-params.ts";
import { openaiChatAdapter } from "../openai/chat.ts";
import { nativeCall } from "../openai/endpoint.ts";
import { compatibleRules } from "../openai/errors.ts";
import { GATEWAY_FIELDS, plainParts, streamUsage, stripFields } from "../openai/messages.ts";
import { openaiParams, thinkingAsEffort } from "../openai/params.ts";
import { openaiResponsesAdapter, servesResponses } from "../openai/responses.ts";
import type { Provider, Target, UpstreamRequest } from "../provider.ts";
import { claudeOnMantle } from "./claude.ts";
import { mantleAuthorize, mantleBase, mantleHasCredentials } from "./endpoint.ts";

const row = {
  slug: "bedrock_mantle",
  label: "Bedrock_mantle",
  keyVariables: ["BEDROCK_MANTLE_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"],
  keyless: true, // AWS's own credentials do, too
  rules: compatibleRules,
};

interface Asked<Request> {
  request(request: Request, target: Target): UpstreamRequest;
}

/** The same, at the address of the target's region. */
function inRegion<Request, Adapter extends Asked<Request>>(adapter: Adapter & Asked<Request>): Adapter {
  return { ...adapter, request: (request, target) => adapter.request(request, located(target)) };
}

function located(target: Target): Target {
  return { ...target, apiBase: mantleBase(target) };
}

export const bedrockMantle: Provider = {
  slug: row.slug,
  label: row.label,
  keyVariables: row.keyVariables,
  baseVariables: ["BEDROCK_MANTLE_API_BASE"],
  paramVariables: {
    ...AWS_PARAM_VARIABLES,
    aws_region_name: ["BEDROCK_MANTLE_REGION", ...AWS_PARAM_VARIABLES.aws_region_name],
  },
  signInParams: AWS_SIGN_IN_PARAMS,
  authorize: mantleAuthorize,
  hasCredentials: mantleHasCredentials,
  native: (call, target) => nativeCall(row, call, located(target)),
  forModel: ({ model }) => (/claude|^anthropic\./.test(model) ? claude : bedrockMantle),
  chat: inRegion(
    openaiChatAdapter({
      ...row,
      supportedParams: openaiParams,
      fixes: [plainParts, thinkingAsEffort, stripFields(GATEWAY_FIELDS), streamUsage],
    }),
  ),
  responses: {
    ...inRegion(openaiResponsesAdapter({ ...row, path: "/responses" })),
    serves: servesResponses,
  },
};

/** Claude has Anthropic's API alone. */
const { chat: _, responses: _responses, ...beside } = bedrockMantle;
const claude: Provider = { ...beside, ...claudeOnMantle };
