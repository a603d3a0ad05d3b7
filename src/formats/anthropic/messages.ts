/** The hub's messages → Anthropic's system blocks and alternating turns. */

import type { ChatMessage } from "../openai/chat.ts";
import { answeredCall } from "../openai/message-calls.ts";
import { withToolCallIds } from "../openai/tool-call-ids.ts";
import { assistantBlocks } from "./assistant.ts";
import { toBlocks } from "./content.ts";
import { present, text } from "./fields.ts";
import { upstreamToolId } from "./tool-names.ts";
import type { Block } from "./types.ts";

export interface BlockTurn {
  role: "user" | "assistant" | "system";
  content: Block[];
}

export interface Conversation {
  system: Block[];
  turns: BlockTurn[];
}

export interface ConversationOptions {
  /** The model takes system messages within the conversation; else their text is hoisted into `system`. */
  systemTurns?: boolean | undefined;
  /** Put a user's turn first and results after tool calls where there are none (`modify_params`). */
  repair?: boolean | undefined;
}

/** Stands for the result of a tool call that got none. */
const NO_RESULT = "(no result)";

/** What stands first where a conversation begins with the assistant, and Anthropic is to accept it all the same. */
const PLACEHOLDER = "(continue)";

/**
 * Neighbours of one role become one turn, tool results come first in theirs, blank text is left out.
 * @throws BadRequestError naming the message that cannot be said
 */
export function toConversation(
  given: readonly ChatMessage[],
  { systemTurns = false, repair = false }: ConversationOptions = {},
): Conversation {
  const messages = withToolCallIds(given);
  const system: Block[] = [];
  const turns: BlockTurn[] = [];
  messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    const turn: BlockTurn = { role: roleOf(message), content: blocksOf(message, messages, index, path) };
    markLast(turn.content, message);
    if (turn.role === "system" && turns.length === 0) system.push(...turn.content);
    else append(turns, turn);
  });
  const kept = turns.filter((turn, index) => {
    if (turn.role !== "system" || staysInPlace(turns, index, systemTurns)) return true;
    system.push(...turn.content);
    return false;
  });
  const merged: BlockTurn[] = [];
  for (const turn of kept) append(merged, turn);
  if (repair) answerCalls(merged);
  for (const turn of merged) if (turn.role === "user") turn.content = resultsFirst(turn.content);
  const last = merged.at(-1);
  if (last?.role === "assistant") trimEnd(last);
  if (repair && merged[0]?.role !== "user")
    merged.unshift({ role: "user", content: [{ type: "text", text: PLACEHOLDER }] });
  return { system, turns: merged };
}

function roleOf(message: ChatMessage): BlockTurn["role"] {
  switch (message.role) {
    case "system":
    case "developer":
      return "system";
    case "assistant":
      return "assistant";
    default: // user, tool, function
      return "user";
  }
}

function blocksOf(message: ChatMessage, messages: readonly ChatMessage[], index: number, path: string): Block[] {
  switch (message.role) {
    case "assistant":
      return assistantBlocks(message, path);
    case "tool":
      return [toolResult(message, upstreamToolId(message.tool_call_id ?? ""), path)];
    case "function":
      return [toolResult(message, upstreamToolId(answeredCall(messages, index)), path)];
    default:
      return toBlocks(message.content, `${path}.content`);
  }
}

/** `is_error` and `toolset_name` are Anthropic's own fields of a result, taken from the message where a client sets them. */
function toolResult(message: ChatMessage, id: string, path: string): Block {
  return present({
    type: "tool_result",
    tool_use_id: id,
    content: typeof message.content === "string" ? message.content : toBlocks(message.content, `${path}.content`),
    is_error: message["is_error"],
    toolset_name: message["toolset_name"],
  });
}

/** A cache marker on a message is one on its last block. Thinking takes none. */
function markLast(blocks: Block[], message: ChatMessage): void {
  const last = blocks.at(-1);
  if (!last || !message.cache_control || last["cache_control"] || /thinking$/.test(last.type)) return;
  blocks[blocks.length - 1] = { ...last, cache_control: message.cache_control };
}

function append(turns: BlockTurn[], turn: BlockTurn): void {
  if (turn.content.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === turn.role) last.content = [...last.content, ...turn.content];
  else turns.push({ ...turn });
}

/**
 * Anthropic's rules of place: right after a user's turn (or after a tool Anthropic runs), and last or before the
 * assistant's. Blocks other than text (`tool_addition`) mean something only where they stand.
 */
function staysInPlace(turns: readonly BlockTurn[], index: number, allowed: boolean): boolean {
  const turn = turns[index];
  if (turn?.content.some(({ type }) => type !== "text")) return true;
  const before = turns[index - 1];
  const after = turns[index + 1];
  const follows = before?.role === "user" || before?.content.at(-1)?.type === "server_tool_use";
  return allowed && follows && (after === undefined || after.role === "assistant");
}

/** Each call needs its result in the turn that follows; a client that lost one gets a stand-in. */
function answerCalls(turns: BlockTurn[]): void {
  for (let index = turns.length - 2; index >= 0; index--) {
    const turn = turns[index];
    const next = turns[index + 1];
    if (turn?.role !== "assistant" || !next) continue;
    const answered = new Set(next.role === "user" ? next.content.map((block) => block["tool_use_id"]) : []);
    const missing = turn.content
      .filter((block) => block.type === "tool_use" && !answered.has(block["id"]))
      .map((block) => ({ type: "tool_result", tool_use_id: block["id"], content: NO_RESULT }));
    if (missing.length === 0) continue;
    if (next.role === "user") next.content = [...missing, ...next.content];
    else turns.splice(index + 1, 0, { role: "user", content: missing });
  }
}

function resultsFirst(blocks: readonly Block[]): Block[] {
  const isResult = ({ type }: Block) => type === "tool_result";
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}

/** A prefill may not end in white space. */
function trimEnd(turn: BlockTurn): void {
  const last = turn.content.at(-1);
  if (last?.type === "text")
    turn.content = [...turn.content.slice(0, -1), { ...last, text: text(last["text"]).trimEnd() }];
}
