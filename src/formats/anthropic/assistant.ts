/**
 * An assistant's turn: Anthropic's list of blocks ↔ the hub's message.
 *
 * The hub keeps text, reasoning and tool calls apart and so loses their order, citations, and the calls and results
 * of tools Anthropic runs itself. A turn that has any of it therefore carries its blocks word for word in
 * `provider_specific_fields.content_blocks`; a client that sends the message back restores the turn exactly.
 */

import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { AssistantMessage, ChatMessage, MessageToolCall, ThinkingBlock, ToolCall } from "../openai/chat.ts";
import { isInOrder, parseArguments, textOfMessage, toolCallsOf } from "../openai/message-calls.ts";
import { citationsOf, toAnnotations } from "./citations.ts";
import { toBlocks } from "./content.ts";
import { present, text } from "./fields.ts";
import { upstreamToolId, upstreamToolName } from "./tool-names.ts";
import type { Block } from "./types.ts";

/** The tool that stands for a JSON answer where the model has no structured output of its own. */
export const JSON_TOOL = "json_tool_call";

/** How to read an answer; both follow from the request it answers. */
export interface Reading {
  /** A call of `JSON_TOOL` is the content. */
  jsonTool: boolean;
  /** The client's names for tools that were renamed. */
  toolNames: ReadonlyMap<string, string>;
}

/** Fields of a `tool_use` block the hub has no place for; they must come back with the next turn. */
const TOOL_USE_STATE = ["caller", "toolset_name"] as const;

/** The hub's message for the blocks of an answer. */
export function fromBlocks(blocks: readonly Block[], reading: Reading): AssistantMessage {
  let content = "";
  let reasoning = "";
  let spoke = false;
  const message: AssistantMessage = { role: "assistant", content: null };
  const thinking: ThinkingBlock[] = [];
  const calls: ToolCall[] = [];
  const annotations = [];
  for (const block of blocks) {
    switch (block.type) {
      case "text": {
        const passage = text(block["text"]);
        annotations.push(...toAnnotations(citationsOf(block), content.length, passage.length));
        content += passage;
        spoke = true;
        break;
      }
      case "thinking":
      case "redacted_thinking":
        reasoning += text(block["thinking"]);
        thinking.push(block);
        break;
      case "tool_use":
        if (isJsonAnswer(block, reading)) {
          content += JSON.stringify(block["input"] ?? {});
          spoke = true;
        } else calls.push(toToolCall(block, reading));
        break;
      default: // kept in provider_specific_fields
        break;
    }
  }
  if (spoke && (content !== "" || calls.length === 0)) message.content = content;
  if (calls.length > 0) message.tool_calls = calls;
  if (thinking.length > 0) {
    message.reasoning_content = reasoning;
    message.thinking_blocks = thinking;
  }
  if (annotations.length > 0) message.annotations = annotations;
  const fields = specificFields(blocks, reading);
  if (fields) message.provider_specific_fields = fields;
  return message;
}

export function isJsonAnswer(block: Block, reading: Reading): boolean {
  return reading.jsonTool && block.type === "tool_use" && block["name"] === JSON_TOOL;
}

/** The call without its arguments, which a stream brings later. */
export function toolCallHead(block: Block, reading: Reading) {
  const name = text(block["name"]);
  const state = present(Object.fromEntries(TOOL_USE_STATE.map((field) => [field, block[field]])));
  const caller = state["caller"];
  if (isRecord(caller) && caller["type"] === "direct") delete state["caller"]; // the model itself: nothing to keep
  return {
    id: text(block["id"]),
    name: reading.toolNames.get(name) ?? name,
    ...(Object.keys(state).length > 0 ? { fields: state } : {}),
  };
}

function toToolCall(block: Block, reading: Reading): ToolCall {
  const { id, name, fields } = toolCallHead(block, reading);
  const call: ToolCall = {
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(block["input"] ?? {}) },
  };
  if (fields) call.provider_specific_fields = fields;
  if (isRecord(block["cache_control"])) call.cache_control = block["cache_control"] as ToolCall["cache_control"]; // a request's own, checked there
  return call;
}

/**
 * What only Anthropic's clients understand: `citations` (a list for each text that has some), the results of the
 * tools it ran (`web_search_results`, `tool_results`), `compaction_blocks`, and all blocks where the order matters.
 */
export function specificFields(blocks: readonly Block[], reading: Reading): Record<string, unknown> | undefined {
  const fields: Record<string, unknown> = {};
  const keep = (name: string, values: readonly unknown[]) => {
    if (values.length > 0) fields[name] = values;
  };
  keep(
    "citations",
    blocks.map(citationsOf).filter((citations) => citations.length > 0),
  );
  keep(
    "web_search_results",
    blocks.filter(({ type }) => type === "web_search_tool_result"),
  );
  keep(
    "tool_results",
    blocks.filter(({ type }) => type.endsWith("_tool_result") && type !== "web_search_tool_result"),
  );
  keep(
    "compaction_blocks",
    blocks.filter(({ type }) => type === "compaction"),
  );
  if (!isPlain(blocks) && !blocks.some((block) => isJsonAnswer(block, reading))) fields["content_blocks"] = blocks;
  return Object.keys(fields).length > 0 ? fields : undefined;
}

/** Thinking, then text without citations, then tool calls: the order in which the hub's message is said again. */
function isPlain(blocks: readonly Block[]): boolean {
  return isInOrder(blocks, stageOf);
}

function stageOf(block: Block): number | undefined {
  switch (block.type) {
    case "thinking":
    case "redacted_thinking":
      return 0;
    case "text":
      return citationsOf(block).length > 0 ? undefined : 1;
    case "tool_use":
      return 2;
    default:
      return undefined;
  }
}

/**
 * The blocks of an assistant's message. `path` leads to the message, e.g. `messages[1]`.
 * @throws BadRequestError where the arguments of a tool call are no JSON object
 */
export function assistantBlocks(message: ChatMessage, path: string): Block[] {
  const calls = toolCallsOf(message, path);
  const kept = keptBlocks(message, calls);
  if (kept) return kept;
  const spoken = toBlocks(message.content, `${path}.content`);
  if (spoken.length === 0 && message.refusal) spoken.push({ type: "text", text: message.refusal });
  return [
    ...(message.thinking_blocks ?? []).filter(isSigned).map((block) => present(block)),
    ...spoken,
    ...calls.map((call, index) => toolUse(call, `${path}.tool_calls[${index}]`)),
  ];
}

/** The blocks the turn came with, if the message still says what they say. */
function keptBlocks(message: ChatMessage, calls: readonly MessageToolCall[]): Block[] | undefined {
  const kept = message.provider_specific_fields?.["content_blocks"];
  if (!Array.isArray(kept) || !kept.every(isBlock)) return undefined;
  const sameText = kept.map(textOf).join("") === textOfMessage(message);
  const ids = kept.filter(({ type }) => type === "tool_use").map((block) => text(block["id"]));
  const sameCalls = ids.length === calls.length && ids.every((id, index) => id === calls[index]?.id);
  return sameText && sameCalls ? kept.filter(isTakenBack) : undefined;
}

/** Anthropic refuses some of what it may have said itself: blank text, and thinking without its signature. */
function isTakenBack(block: Block): boolean {
  switch (block.type) {
    case "text":
      return textOf(block).trim() !== "";
    case "thinking":
    case "redacted_thinking":
      return isSigned(block);
    default:
      return true;
  }
}

function isBlock(value: unknown): value is Block {
  return isRecord(value) && typeof value["type"] === "string";
}

function textOf(block: Block): string {
  return block.type === "text" ? text(block["text"]) : "";
}

/** Anthropic takes thinking back only with the signature it gave; other providers' reasoning has none. */
function isSigned(block: ThinkingBlock): boolean {
  return block.type === "redacted_thinking" ? Boolean(block.data) : Boolean(block.signature);
}

function toolUse(call: MessageToolCall, path: string): Block {
  if (!call.function)
    throw new BadRequestError(`Anthropic has no tool calls of type ${call.type ?? "unknown"}.`, { param: path });
  const block: Block = {
    type: "tool_use",
    id: upstreamToolId(call.id ?? ""),
    name: upstreamToolName(call.function.name),
    input: parseArguments(call.function.arguments),
    cache_control: call.cache_control,
  };
  for (const field of TOOL_USE_STATE) block[field] = call.provider_specific_fields?.[field];
  return present(block);
}
