/** The hub's messages of a conversation that was held with Claude, for another model. */
import type { ChatMessage, ContentPart } from "../openai/chat.ts";
import { upstreamToolName } from "./tool-names.ts";

/** Stands in a result that is not text, for models that read text alone there. */
const ATTACHED = "The result is attached below.";

/**
 * @param mediaInResults the model takes images and files in the results of tools; for others they follow as the user's,
 * after all results of the turn, as nothing may stand between a call and its result
 * @param failuresInResults the model is told by a field of its own that a call failed; others by a word
 */
export function portableMessages(
  messages: readonly ChatMessage[],
  mediaInResults: boolean,
  failuresInResults = false,
): ChatMessage[] {
  const portable: ChatMessage[] = [];
  let media: ContentPart[] = [];
  const flush = () => {
    if (media.length > 0) portable.push({ role: "user", content: media });
    media = [];
  };
  for (const message of messages) {
    if (message.role !== "tool") flush();
    switch (message.role) {
      case "assistant":
        portable.push(assistantMessage(message));
        break;
      case "tool": {
        const { result, beside } = toolMessage(message, mediaInResults, failuresInResults);
        portable.push(failuresInResults && message["is_error"] === true ? { ...result, is_error: true } : result);
        media.push(...beside);
        break;
      }
      default:
        portable.push(message);
    }
  }
  flush();
  return portable;
}

/** Text in one piece, which every model takes, and never nothing at all: a turn of thinking alone is an empty text. */
function assistantMessage(message: ChatMessage): ChatMessage {
  const calls = message.tool_calls?.map((call) =>
    call.function ? { ...call, function: { ...call.function, name: upstreamToolName(call.function.name) } } : call,
  );
  const isMarked = Array.isArray(message.content) && message.content.some((part) => "cache_control" in part);
  if (isMarked) return { ...message, ...(calls && { tool_calls: calls }) }; // the mark stands on a part
  const content = textOf(message.content);
  const isEmpty = content === "" && calls !== undefined && calls.length > 0;
  return { ...message, content: isEmpty ? null : content, ...(calls && { tool_calls: calls }) };
}

function toolMessage(
  message: ChatMessage,
  mediaInResults: boolean,
  failuresInResults: boolean,
): { result: ChatMessage; beside: readonly ContentPart[] } {
  const { is_error, toolset_name: _, ...result } = message;
  const parts = typeof result.content === "string" ? [] : (result.content ?? []);
  const beside = parts.filter(({ type }) => type !== "text");
  const said = textOf(result.content, "\n");
  const isUntold = is_error === true && !failuresInResults && !/error/i.test(said.slice(0, 200));
  if (beside.length > 0 && mediaInResults)
    return {
      result: isUntold ? { ...result, content: [{ type: "text", text: "Error:" }, ...parts] } : result,
      beside: [],
    };
  const content = isUntold ? `Error: ${said}` : said;
  return { result: { ...result, content: content === "" && beside.length > 0 ? ATTACHED : content }, beside };
}

function textOf(content: ChatMessage["content"], separator = ""): string {
  if (typeof content === "string") return content;
  return (content ?? []).flatMap((part) => (part.type === "text" ? [part.text] : [])).join(separator);
}
