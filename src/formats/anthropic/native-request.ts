/** What a conversation brings along from other models, and Anthropic would refuse. All else goes up as it is. */
import { splitToolCallId } from "../gemini/signature.ts";
import { text } from "./fields.ts";
import { upstreamToolId } from "./tool-names.ts";
import type { Block, CountTokensRequest, Turn } from "./types.ts";

/**
 * Thinking nobody signed is left out, and ids of tool calls get letters Anthropic takes: it has given neither, so that
 * a conversation Anthropic could have had is the same object.
 */
export function withoutForeignState<Request extends Pick<CountTokensRequest, "messages">>(request: Request): Request {
  const messages = request.messages.map(nativeTurn);
  return messages.every((turn, index) => turn === request.messages[index]) ? request : { ...request, messages };
}

function nativeTurn(turn: Turn): Turn {
  if (typeof turn.content === "string") return turn;
  const content = turn.content.flatMap((block) => (isUnsigned(block) ? [] : [nativeIds(block)]));
  return content.length === turn.content.length && content.every((block, index) => block === turn.content[index])
    ? turn
    : { ...turn, content };
}

/** As this gateway writes the thinking of models that sign none. */
function isUnsigned(block: Block): boolean {
  return block.type === "thinking" && block["signature"] === "";
}

function nativeIds(block: Block): Block {
  const field = block.type === "tool_use" ? "id" : block.type === "tool_result" ? "tool_use_id" : undefined;
  if (field === undefined) return block;
  const given = text(block[field]);
  if (/^[a-zA-Z0-9_-]*$/.test(given) && !given.includes("__thought__")) return block;
  return { ...block, [field]: upstreamToolId(splitToolCallId(given).id) };
}
