/**
 * Names of functions where Google's rules are wider than others': it takes dots and colons, which OpenAI and Anthropic
 * refuse. Both sides are pure functions of the name, so that the answer can be translated back.
 */
import { upstreamToolName } from "../anthropic/tool-names.ts";
import { isRecord } from "../json.ts";
import type { ChatMessage, ChatRequest } from "../openai/chat.ts";

/** From the names that others were told to the client's; names that are legal everywhere are absent. */
export function originalNames(names: readonly string[]): ReadonlyMap<string, string> {
  const changed = names.filter((name) => upstreamToolName(name) !== name);
  return new Map(changed.map((name) => [upstreamToolName(name), name]));
}

/** @param request its messages are portable already */
export function withLegalNames(request: ChatRequest): ChatRequest {
  const { tools, tool_choice: choice } = request;
  return {
    ...request,
    messages: request.messages.map(legalMessage),
    ...(tools && { tools: tools.map((tool) => (tool.function ? { ...tool, function: legal(tool.function) } : tool)) }),
    ...(isRecord(choice) &&
      isRecord(choice["function"]) && {
        tool_choice: { ...choice, function: { name: upstreamToolName(String(choice["function"]["name"])) } },
      }),
  };
}

/** Names of calls are made legal with the rest of their messages. */
function legalMessage(message: ChatMessage): ChatMessage {
  return message.role === "tool" && message.name ? { ...message, name: upstreamToolName(message.name) } : message;
}

function legal<Named extends { name: string }>(named: Named): Named {
  return { ...named, name: upstreamToolName(named.name) };
}
