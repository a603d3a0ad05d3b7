/** The hub's messages → Converse's system blocks and alternating turns. */

import { BadRequestError } from "../errors.ts";
import type { ChatMessage } from "../openai/chat.ts";
import { answeredCall } from "../openai/message-calls.ts";
import { withToolCallIds } from "../openai/tool-call-ids.ts";
import { assistantBlocks, type TurnOptions, upstreamToolId } from "./assistant.ts";
import { addCachePoint, toBlocks } from "./content.ts";
import { uniqueNames } from "./media.ts";
import type { Block, Turn } from "./types.ts";

export interface Conversation {
  system: Block[];
  turns: Turn[];
}

export interface ConversationOptions extends TurnOptions {
  /** Put turns in where Bedrock asks for one (`modify_params`). */
  repair: boolean;
  /** What a user's turn that is put in says, and an assistant's (`user_continue_message`, `assistant_continue_message`). */
  userContinue: string;
  assistantContinue: string;
}

/** Stands for a result that says nothing: text must have a visible character. */
const NO_OUTPUT = "(no output)";
/** Stands for the result of a tool call that got none. */
const NO_RESULT = "(no result)";

/**
 * System messages go ahead, wherever they stood; neighbours of one role become one turn, and results come first in theirs.
 * @throws BadRequestError naming the message that cannot be said
 */
export function toConversation(given: readonly ChatMessage[], options: ConversationOptions): Conversation {
  const messages = withToolCallIds(given);
  const system: Block[] = [];
  const turns: Turn[] = [];
  messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    const blocks = blocksOf(message, messages, index, options, path);
    addCachePoint(blocks, message.cache_control, options.caches); // on a message it is one after its last block
    if (message.role === "system" || message.role === "developer") system.push(...blocks);
    else {
      const role = message.role === "assistant" ? "assistant" : "user";
      append(turns, { role, content: filled(message, blocks, options) });
    }
  });
  const taken = new Set<string>();
  if (options.repair) repair(turns, options);
  for (const turn of turns) {
    if (turn.role === "user") turn.content = resultsFirst(turn.content);
    uniqueNames(turn.content, taken);
  }
  const last = turns.at(-1);
  if (last?.role === "assistant") trimEnd(last);
  return { system, turns };
}

function blocksOf(
  message: ChatMessage,
  messages: readonly ChatMessage[],
  index: number,
  options: ConversationOptions,
  path: string,
): Block[] {
  switch (message.role) {
    case "assistant":
      return assistantBlocks(message, options, path);
    case "tool":
      return toolResult(message, message.tool_call_id ?? "", options, path);
    case "function":
      return toolResult(message, answeredCall(messages, index), options, path);
    default:
      return toBlocks(message.content, options, `${path}.content`);
  }
}

/** The cache points within a result stand after it: it takes none itself. */
function toolResult(message: ChatMessage, id: string, options: ConversationOptions, path: string): Block[] {
  const blocks = toBlocks(message.content, options, `${path}.content`);
  const points = blocks.filter((block) => "cachePoint" in block);
  const content = blocks.filter((block) => !("cachePoint" in block));
  const status = message["is_error"] === true ? { status: "error" } : {};
  const toolUseId = upstreamToolId(id, options);
  return [
    { toolResult: { toolUseId, content: content.length > 0 ? content : [{ text: NO_OUTPUT }], ...status } },
    ...points.slice(-1),
  ];
}

/** A message of blank text says nothing, and would leave its turn out. */
function filled({ role }: ChatMessage, blocks: Block[], options: ConversationOptions): Block[] {
  if (blocks.length > 0 || !options.repair) return blocks;
  return [{ text: role === "assistant" ? options.assistantContinue : options.userContinue }];
}

function append(turns: Turn[], turn: Turn): void {
  if (turn.content.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === turn.role) last.content = [...last.content, ...turn.content];
  else turns.push({ ...turn });
}

/** A conversation begins and ends with the user, and calls are answered in the turn that follows. */
function repair(turns: Turn[], { userContinue }: ConversationOptions): void {
  answerCalls(turns);
  const turn = (): Turn => ({ role: "user", content: [{ text: userContinue }] });
  if (turns[0]?.role !== "user") turns.unshift(turn());
  if (turns.at(-1)?.role !== "user") turns.push(turn());
}

function answerCalls(turns: Turn[]): void {
  for (let index = turns.length - 1; index >= 0; index--) {
    const turn = turns[index];
    const next = turns[index + 1];
    if (turn?.role !== "assistant") continue;
    const answered = new Set((next?.content ?? []).map(resultId));
    const missing: Block[] = turn.content.flatMap(({ toolUse }) =>
      toolUse && toolUse.type !== "server_tool_use" && !answered.has(toolUse.toolUseId)
        ? [{ toolResult: { toolUseId: toolUse.toolUseId, content: [{ text: NO_RESULT }] } }]
        : [],
    );
    if (missing.length === 0) continue;
    if (next) next.content = [...missing, ...next.content];
    else turns.push({ role: "user", content: missing });
  }
}

function resultId(block: Block): unknown {
  const result = block["toolResult"];
  return typeof result === "object" && result !== null && "toolUseId" in result ? result.toolUseId : undefined;
}

/** Results, each with the cache point that follows it, before what else the user says. */
function resultsFirst(blocks: readonly Block[]): Block[] {
  const results: Block[] = [];
  const others: Block[] = [];
  let list = others;
  for (const block of blocks) {
    if (!("cachePoint" in block)) list = "toolResult" in block ? results : others;
    list.push(block);
  }
  return [...results, ...others];
}

/** A prefill may not end in white space. */
function trimEnd(turn: Turn): void {
  const last = turn.content.at(-1);
  if (typeof last?.text === "string")
    turn.content = [...turn.content.slice(0, -1), { ...last, text: last.text.trimEnd() }];
}

/** @throws BadRequestError where there is nobody to answer */
export function assertTurns(turns: readonly Turn[]): void {
  if (turns.length > 0) return;
  throw new BadRequestError(
    "Bedrock needs a message of a user's beside those of the system: set modify_params to have one put in.",
    { param: "messages" },
  );
}
