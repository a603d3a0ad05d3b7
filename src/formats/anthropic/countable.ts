import type { ChatRequest } from "../openai/chat.ts";
import { portableTurn } from "./portable-blocks.ts";
import { toHubRequest } from "./to-hub-request.ts";
import type { CountTokensRequest } from "./types.ts";

/** The request as the hub has it, with Anthropic's own blocks as the text in them: to count its tokens. */
export function countableRequest(request: CountTokensRequest): ChatRequest {
  const messages = request.messages.map((turn, index) => portableTurn(turn, `messages[${index}]`, true));
  return toHubRequest({ ...request, messages });
}
