/** A chat completion → an answer of the Messages API. */

import { parseDataUrl } from "../data-url.ts";
import { isRecord } from "../json.ts";
import type { Annotation, AssistantMessage, ChatCompletion, ThinkingBlock, Usage } from "../openai/chat.ts";
import { parseArguments } from "../openai/message-calls.ts";
import { text } from "./fields.ts";
import { toStopReason } from "./finish-reason.ts";
import type { Block, Message } from "./types.ts";
import { fromUsage } from "./usage.ts";

/** What of the request an answer is read by. */
export interface MessageReading {
  /** The client's names for tools that were renamed. */
  toolNames: ReadonlyMap<string, string>;
  stopSequences: readonly string[];
}

export function fromHubResponse(completion: ChatCompletion, reading: MessageReading): Message {
  const [choice] = completion.choices;
  const content = choice === undefined ? [] : blocksOf(choice.message, reading);
  const calledTools = content.some(({ type }) => type === "tool_use");
  return {
    id: messageId(completion.id),
    type: "message",
    role: "assistant",
    model: completion.model,
    content,
    ...stopOf(choice?.message.refusal ? { ...choice, finish_reason: "content_filter" } : choice, calledTools, reading),
    usage: usageOf(completion.usage, completion.service_tier),
  };
}

/** Anthropic's ids begin with `msg_`. */
export function messageId(id: string): string {
  return id.startsWith("msg_") ? id : `msg_${id.replace(/^chatcmpl-/, "")}`;
}

/** The blocks as they were where the upstream was Anthropic's, else made from what the hub keeps apart. */
function blocksOf(message: AssistantMessage, { toolNames }: MessageReading): Block[] {
  const kept = message.provider_specific_fields?.["content_blocks"];
  const named = (name: string) => toolNames.get(name) ?? name;
  if (Array.isArray(kept) && kept.length > 0 && kept.every(isBlock))
    return kept.map((block) => (block.type === "tool_use" ? { ...block, name: named(text(block["name"])) } : block));
  const said = (message.content ?? "") + (message.refusal ?? "") || transcriptOf(message);
  const citations = citationsOf(message.annotations);
  const calls = (message.tool_calls ?? []).filter(isRecord); // a list may have holes where an upstream numbered wrongly
  return [
    ...thinkingOf(message),
    ...(said === "" ? [] : [{ type: "text", text: said, ...(citations.length > 0 && { citations }) }]),
    ...imageBlocks(message.images),
    ...calls.map((call) => ({
      type: "tool_use",
      id: call.id,
      name: named(call.function?.name ?? ""),
      input: parseArguments(call.function?.arguments ?? ""),
    })),
  ];
}

function isBlock(value: unknown): value is Block {
  return isRecord(value) && typeof value["type"] === "string";
}

/** What was said aloud. */
function transcriptOf({ audio }: AssistantMessage): string {
  return audio?.transcript ?? "";
}

/** Blocks with their signatures, or the reasoning as one block without. */
function thinkingOf({ thinking_blocks: blocks, reasoning_content: reasoning }: AssistantMessage): Block[] {
  const known = (blocks ?? []).filter(isBlock).flatMap(thinkingBlock);
  return known.length === 0 && reasoning ? [{ type: "thinking", thinking: reasoning, signature: "" }] : known;
}

function thinkingBlock(block: ThinkingBlock): Block[] {
  if (block.type === "redacted_thinking") return [{ ...block }];
  if (!block.thinking && !block.signature) return [];
  return [{ type: "thinking", thinking: block.thinking ?? "", signature: block.signature ?? "" }];
}

/** Web pages as Anthropic cites them. What was read there the hub does not know. */
export function citationsOf(annotations: readonly Annotation[] | undefined): Record<string, unknown>[] {
  return (annotations ?? []).flatMap(({ url_citation: cited }) =>
    cited === undefined
      ? []
      : [
          {
            type: "web_search_result_location",
            url: cited.url,
            title: cited.title,
            cited_text: "",
            encrypted_index: "",
          },
        ],
  );
}

/** Images the model made. Claude makes none: the block is the one Anthropic has for images it is shown. */
export function imageBlocks(images: AssistantMessage["images"]): Block[] {
  return (images ?? []).flatMap(({ image_url: { url } }) => {
    const data = parseDataUrl(url);
    const source = data ? { type: "base64", media_type: data.mediaType, data: data.base64 } : { type: "url", url };
    return [{ type: "image", source }];
  });
}

/** What a choice says of its end. */
interface Ending {
  finish_reason?: string | null;
  [field: string]: unknown;
}

/** Why it stopped: in Anthropic's words where it was asked, else translated. */
export function stopOf(
  choice: Ending | undefined,
  calledTools: boolean,
  { stopSequences }: MessageReading,
): Pick<Message, "stop_reason" | "stop_sequence"> & Record<string, unknown> {
  const fields = choice?.["provider_specific_fields"];
  if (isRecord(fields) && typeof fields["stop_reason"] === "string")
    return {
      stop_reason: fields["stop_reason"],
      stop_sequence: typeof fields["stop_sequence"] === "string" ? fields["stop_sequence"] : null,
      ...(isRecord(fields["stop_details"]) && { stop_details: fields["stop_details"] }),
    };
  // vLLM and others tell which sequence it was.
  const sequence = stopSequences.find((one) => one === choice?.["stop_reason"]);
  const reason = toStopReason(choice?.finish_reason, calledTools);
  return sequence !== undefined && reason === "end_turn"
    ? { stop_reason: "stop_sequence", stop_sequence: sequence }
    : { stop_reason: reason, stop_sequence: null };
}

/** OpenAI calls the usual tier `default`. */
export function usageOf(usage: Usage | null | undefined, tier: string | null | undefined): Record<string, unknown> {
  const told = usage ? fromUsage(usage) : { input_tokens: 0, output_tokens: 0 };
  return tier ? { ...told, service_tier: tier === "default" ? "standard" : tier } : told;
}
