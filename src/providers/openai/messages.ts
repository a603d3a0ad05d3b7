/** What happens to the messages and tools of a request before they go to a provider that speaks OpenAI's format. */

import { isRecord } from "../../formats/json.ts";
import type { ChatMessage, ChatRequest, ContentPart } from "../../formats/openai/chat.ts";
import { type Json, without } from "./json.ts";

/** Fields the gateway adds to OpenAI's format. Hardly any provider knows them, some refuse them. */
export const GATEWAY_FIELDS = ["cache_control", "provider_specific_fields", "thinking_blocks"] as const;

/** Those, and what other providers add to their answers: a strict provider refuses to have them back. */
export const FOREIGN_FIELDS = [
  ...GATEWAY_FIELDS,
  "citations",
  "images",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
] as const;

/** A fix that does not look at the target. */
type PureFix = (request: ChatRequest) => ChatRequest;

/** Applies `fix` to each message. The request is copied only where a message changes. */
export function eachMessage(fix: (message: ChatMessage) => ChatMessage): PureFix {
  return (request) => {
    const messages = request.messages.map(fix);
    return messages.every((message, index) => message === request.messages[index]) ? request : { ...request, messages };
  };
}

/** Applies `fix` to each content part of each message; what it answers `undefined` for is left out. */
export function eachPart(fix: (part: ContentPart) => object | undefined): PureFix {
  return eachMessage((message) => {
    if (!Array.isArray(message.content)) return message;
    const parts = message.content.map(fix);
    if (parts.every((part, index) => part === message.content?.[index])) return message;
    // A provider's own part stands among those the gateway knows: the schema lets both through.
    return { ...message, content: parts.filter((part) => part !== undefined) as ContentPart[] };
  });
}

/** Takes fields off messages, their parts and tool calls, and off tools. */
export function stripFields(fields: readonly string[]): PureFix {
  const strip = <T extends object>(value: T): T => without(value, fields);
  const fromParts = eachPart(strip);
  const fromMessages = eachMessage((message) => {
    const stripped = strip(message);
    return stripped.tool_calls ? { ...stripped, tool_calls: stripped.tool_calls.map(strip) } : stripped;
  });
  return (request) => {
    const stripped = fromMessages(fromParts(request));
    if (!stripped.tools) return stripped;
    const tools = stripped.tools.map((tool) => {
      const bare = strip(tool);
      return bare.function ? { ...bare, function: strip(bare.function) } : bare;
    });
    return { ...stripped, tools };
  };
}

/** LiteLLM's shorthands as OpenAI has them: an image as a bare URL, the MIME type beside a URL or file. */
export const plainParts: PureFix = eachPart((part) => {
  if (part.type === "image_url")
    return typeof part.image_url === "string"
      ? { ...part, image_url: { url: part.image_url } }
      : withField(part, "image_url", without(part.image_url, ["format"]));
  if (part.type === "file") return withField(part, "file", without(part.file, ["format"]));
  return part;
});

/** Leaves out thinking that stands among the content parts, as Anthropic's clients have it. */
export const noThinkingParts: PureFix = eachPart((part: { type: string }) =>
  part.type === "thinking" || part.type === "redacted_thinking" ? undefined : part,
);

/** LiteLLM's users put the gateway's metadata there; OpenAI takes it only for completions it keeps. */
export const metadataIfStored: PureFix = (request) => (request.store ? request : without(request, ["metadata"]));

/** Asks for the usage of a stream; without a stream the options are refused. */
export function streamUsage<Request extends { stream?: boolean | null; stream_options?: object | null }>(
  request: Request,
): Request {
  return request.stream
    ? { ...request, stream_options: { ...request.stream_options, include_usage: true } }
    : without(request, ["stream_options"]);
}

function withField<T extends Json>(part: T, field: keyof T & string, value: unknown): T {
  return part[field] === value ? part : { ...part, [field]: value };
}

/** The thinking of an assistant message as one text, from wherever it stands. */
export function reasoningOf(message: ChatMessage): string | undefined {
  if (message.reasoning_content) return message.reasoning_content;
  const texts = (message.thinking_blocks ?? []).map(({ thinking }) => thinking ?? "").join("");
  return texts || (typeof message["reasoning"] === "string" ? message["reasoning"] : undefined) || undefined;
}

/** Is any part of the conversation an image? */
export function hasImage(request: ChatRequest): boolean {
  return request.messages.some(
    ({ content }) => Array.isArray(content) && content.some((part) => isRecord(part) && part["type"] === "image_url"),
  );
}
