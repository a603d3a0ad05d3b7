/**
 * Requests of chat in which some is written as in the Responses API: Cursor and agents made for that API send `messages` with its
 * flat tools and its content parts. They are made those of chat; what is chat's already stays as it is.
 */
import { isRecord, type JsonObject } from "../json.ts";
import { toChatContent } from "./responses/content.ts";

/** @throws BadRequestError where a part of the Responses API cannot be said in chat */
export function inChatWords(fields: JsonObject): JsonObject {
  const { messages, tools, tool_choice: choice } = fields;
  const hasFlatTools = Array.isArray(tools) && tools.some(isFlat);
  const hasParts = Array.isArray(messages) && messages.some(hasResponsesParts);
  if (!hasFlatTools && !hasParts && !isFlat(choice)) return fields;
  return {
    ...fields,
    ...(hasFlatTools && { tools: tools.map((tool: unknown) => (isFlat(tool) ? nested(tool) : tool)) }),
    ...(isFlat(choice) && { tool_choice: { type: "function", function: { name: choice["name"] } } }),
    ...(hasParts && {
      messages: messages.map((message: unknown, index) =>
        hasResponsesParts(message)
          ? { ...message, content: toChatContent(message["content"], `messages[${index}].content`) }
          : message,
      ),
    }),
  };
}

/** A function whose name stands beside its type; in chat it stands within. */
function isFlat(tool: unknown): tool is JsonObject {
  return isRecord(tool) && tool["type"] === "function" && tool["function"] === undefined && "name" in tool;
}

function nested({ type, cache_control, ...definition }: JsonObject): JsonObject {
  return { type, function: definition, ...(cache_control !== undefined && { cache_control }) };
}

const RESPONSES_PARTS: ReadonlySet<unknown> = new Set(["input_text", "output_text", "input_image", "input_file"]);

function hasResponsesParts(message: unknown): message is JsonObject {
  const content = isRecord(message) ? message["content"] : undefined;
  return Array.isArray(content) && content.some((part) => isRecord(part) && RESPONSES_PARTS.has(part["type"]));
}
