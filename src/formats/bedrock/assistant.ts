/**
 * An assistant's turn: Converse's blocks ↔ the hub's message. As with Claude's own API, a turn whose order or citations the
 * hub cannot say carries its blocks word for word in `provider_specific_fields.content_blocks`.
 */

import { JSON_TOOL, type Reading } from "../anthropic/assistant.ts";
import { upstreamToolName } from "../anthropic/tool-names.ts";
import { toDataUrl } from "../data-url.ts";
import { BadRequestError } from "../errors.ts";
import { asRecord, isRecord } from "../json.ts";
import type {
  Annotation,
  AssistantMessage,
  ChatMessage,
  MessageToolCall,
  ThinkingBlock,
  ToolCall,
} from "../openai/chat.ts";
import { isInOrder, parseArguments, textOfMessage, toolCallsOf } from "../openai/message-calls.ts";
import { type ContentOptions, cachePoint, textBlocks, toBlocks } from "./content.ts";
import type { Block } from "./types.ts";

export interface TurnOptions extends ContentOptions {
  /** Ids of tool calls may only have letters, digits, `_` and `-`. */
  plainIds: boolean;
  /** The model takes reasoning back; else it stays here. */
  takesReasoning: boolean;
}

/** The hub's message for the blocks of an answer. */
export function fromBlocks(blocks: readonly Block[], reading: Reading): AssistantMessage {
  let content = "";
  let spoke = false;
  let reasoning = "";
  const thinking: ThinkingBlock[] = [];
  const calls: ToolCall[] = [];
  const annotations: Annotation[] = [];
  const images: Image[] = [];
  for (const block of blocks) {
    const said = saidBy(block, reading);
    if (said !== undefined) {
      annotations.push(...annotationsOf(block, content.length, said.length));
      content += said;
      spoke = true;
    }
    const thought = thinkingOf(block);
    if (thought !== undefined) {
      reasoning += thought.thinking ?? "";
      thinking.push(thought);
    }
    if (isCall(block, reading)) calls.push(toolCall(block, reading));
    images.push(...imagesOf(block, images.length));
  }
  const message: AssistantMessage = { role: "assistant", content: null };
  if (spoke && (content !== "" || calls.length === 0)) message.content = content;
  if (calls.length > 0) message.tool_calls = calls;
  if (thinking.length > 0) {
    message.reasoning_content = reasoning;
    message.thinking_blocks = thinking;
  }
  if (annotations.length > 0) message.annotations = annotations;
  if (images.length > 0) message.images = images;
  const fields = specificFields(blocks, reading);
  if (fields !== undefined) message.provider_specific_fields = fields;
  return message;
}

/** What a block adds to the text; `undefined` where it is no text. */
function saidBy(block: Block, reading: Reading): string | undefined {
  if (typeof block.text === "string") return block.text;
  if (block.citationsContent) return citedText(block);
  if (isJsonAnswer(block, reading)) return JSON.stringify(block.toolUse?.input ?? {});
  return undefined;
}

function citedText({ citationsContent }: Block): string {
  return (citationsContent?.content ?? []).map(({ text }) => text ?? "").join("");
}

/** Reasoning as LiteLLM has it; `undefined` where the block is none. */
export function thinkingOf({ reasoningContent }: Block): ThinkingBlock | undefined {
  if (!reasoningContent) return undefined;
  const { reasoningText, redactedContent } = reasoningContent;
  if (typeof redactedContent === "string") return { type: "redacted_thinking", data: redactedContent };
  const signature = reasoningText?.signature;
  return { type: "thinking", thinking: reasoningText?.text ?? "", ...(signature && { signature }) };
}

/** Is it a call the client is to answer? Tools that Bedrock runs itself are none. */
export function isCall(block: Block, reading: Reading): block is Block & { toolUse: NonNullable<Block["toolUse"]> } {
  return block.toolUse != null && block.toolUse.type !== "server_tool_use" && !isJsonAnswer(block, reading);
}

export function isJsonAnswer({ toolUse }: Block, reading: Reading): boolean {
  return reading.jsonTool && toolUse?.name === JSON_TOOL;
}

function toolCall({ toolUse }: Block & { toolUse: NonNullable<Block["toolUse"]> }, reading: Reading): ToolCall {
  const { toolUseId, name, input } = toolUse;
  return {
    id: toolUseId,
    type: "function",
    function: { name: reading.toolNames.get(name) ?? name, arguments: argumentsOf(input) },
  };
}

/** Some models answer with the JSON as text. */
function argumentsOf(input: unknown): string {
  return typeof input === "string" ? input : JSON.stringify(input ?? {});
}

/** OpenAI's annotations for citations of web pages; those of documents have no address. */
export function annotationsOf({ citationsContent }: Block, start: number, length: number): Annotation[] {
  return (citationsContent?.citations ?? []).flatMap((citation) => {
    const location = citation["location"];
    const web = isRecord(location) ? location["web"] : undefined;
    if (!isRecord(web) || typeof web["url"] !== "string") return [];
    const title = citation["title"] ?? web["domain"];
    const place = { start_index: start, end_index: start + length };
    return [
      {
        type: "url_citation",
        url_citation: { url: web["url"], title: typeof title === "string" ? title : "", ...place },
      },
    ];
  });
}

type Image = NonNullable<AssistantMessage["images"]>[number];

/** An image the model made. @param index among those of the answer */
export function imagesOf(block: Block, index: number): Image[] {
  const { format, source } = asRecord(block["image"]);
  const { bytes } = asRecord(source);
  if (typeof bytes !== "string" || bytes === "") return [];
  return [{ type: "image_url", image_url: { url: toDataUrl(`image/${String(format ?? "png")}`, bytes) }, index }];
}

/** What only clients of Bedrock understand: LiteLLM's `citationsContent`, and all blocks where their order matters. */
export function specificFields(blocks: readonly Block[], reading: Reading): Record<string, unknown> | undefined {
  const cited = blocks.map(({ citationsContent }) => citationsContent).filter((content) => content != null);
  const isAnswer = blocks.some((block) => isJsonAnswer(block, reading));
  const fields = {
    ...(cited.length > 0 && { citationsContent: cited }),
    ...(!isAnswer && !isPlain(blocks) && { content_blocks: blocks }),
  };
  return Object.keys(fields).length > 0 ? fields : undefined;
}

/** Reasoning, then text, then calls: the order in which the hub's message is said again. */
function isPlain(blocks: readonly Block[]): boolean {
  return isInOrder(blocks, stageOf);
}

function stageOf(block: Block): number | undefined {
  if (block.reasoningContent) return 0;
  if (typeof block.text === "string" || "image" in block) return 1;
  return block.toolUse && block.toolUse.type !== "server_tool_use" ? 2 : undefined;
}

/**
 * The blocks of an assistant's message. `path` leads to the message, e.g. `messages[1]`.
 * @throws BadRequestError where the arguments of a tool call are no JSON object
 */
export function assistantBlocks(message: ChatMessage, options: TurnOptions, path: string): Block[] {
  const calls = toolCallsOf(message, path);
  const kept = keptBlocks(message, calls, options);
  if (kept !== undefined) return kept;
  const spoken = toBlocks(message.content, options, `${path}.content`);
  if (spoken.length === 0 && message.refusal) spoken.push(...textBlocks(message.refusal));
  return [
    ...(options.takesReasoning ? (message.thinking_blocks ?? []).flatMap(reasoningBlock) : []),
    ...spoken,
    ...calls.flatMap((call, index) => [
      toolUse(call, options, `${path}.tool_calls[${index}]`),
      ...cachePoint(call.cache_control, options.caches),
    ]),
  ];
}

/** Models take their reasoning back only with the signature they gave; that of others has none. */
function reasoningBlock({ type, thinking, signature, data }: ThinkingBlock): Block[] {
  if (type === "redacted_thinking") return data ? [{ reasoningContent: { redactedContent: data } }] : [];
  return signature ? [{ reasoningContent: { reasoningText: { text: thinking ?? "", signature } } }] : [];
}

/** The id upstream: of Claude's calls it has the rules of names. Calls and results go through it alike. */
export function upstreamToolId(id: string, { plainIds }: TurnOptions): string {
  if (!plainIds && /^[\w.:-]{1,64}$/.test(id)) return id;
  return upstreamToolName(id || "call_0");
}

function toolUse(call: MessageToolCall, options: TurnOptions, path: string): Block {
  if (!call.function)
    throw new BadRequestError(`Bedrock has no tool calls of type ${call.type ?? "unknown"}.`, { param: path });
  const { name, arguments: json } = call.function;
  const input = parseArguments(json);
  return { toolUse: { toolUseId: upstreamToolId(call.id ?? "", options), name: upstreamToolName(name), input } };
}

/** The blocks the turn came with, if the message still says what they say. */
function keptBlocks(
  message: ChatMessage,
  calls: readonly MessageToolCall[],
  options: TurnOptions,
): Block[] | undefined {
  const kept = message.provider_specific_fields?.["content_blocks"];
  if (!Array.isArray(kept) || !kept.every(isOwnBlock)) return undefined;
  const said = textOfMessage(message);
  const text = kept.map((block) => (typeof block.text === "string" ? block.text : citedText(block))).join("");
  const ids = kept.flatMap(({ toolUse: use }) => (use && use.type !== "server_tool_use" ? [use.toolUseId] : []));
  const isSame = text === said && ids.length === calls.length && ids.every((id, index) => id === calls[index]?.id);
  return isSame ? kept.filter((block) => isTakenBack(block, options)) : undefined;
}

/** Blocks of Claude's own API have a type; they are another provider's. */
function isOwnBlock(value: unknown): value is Block {
  return isRecord(value) && !("type" in value);
}

function isTakenBack(block: Block, { takesReasoning }: TurnOptions): boolean {
  if (typeof block.text === "string") return block.text.trim() !== "";
  const thought = thinkingOf(block);
  return thought === undefined || (takesReasoning && (Boolean(thought.signature) || Boolean(thought.data)));
}
