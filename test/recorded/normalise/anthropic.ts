/** The same said in two ways in Anthropic's Messages API. */
import { isRecord, type Json, recordsOf } from "../json.ts";
import { mapRecords, nullIsAbsent, type Rule } from "./rules.ts";

/** `stream: false` is the default. */
function streamDefault(body: Json): Json {
  const { stream, ...rest } = body;
  return stream === true ? { ...rest, stream } : rest;
}

/** Text is one text block, in `system`, turns and tool results. */
function textIsBlock(body: Json): Json {
  const blocks = (value: unknown): unknown => (typeof value === "string" ? [{ type: "text", text: value }] : value);
  const inside = (block: Json): Json =>
    block["type"] === "tool_result" && "content" in block ? { ...block, content: blocks(block["content"]) } : block;
  const normal: Json = {
    ...body,
    messages: mapRecords(body["messages"], (turn) => ({
      ...turn,
      content: mapRecords(blocks(turn["content"]), inside),
    })),
  };
  if ("system" in body) normal["system"] = blocks(body["system"]);
  return normal;
}

/** "consecutive user or assistant turns in your request will be combined into a single turn". */
function neighboursAreOneTurn(body: Json): Json {
  if (!Array.isArray(body["messages"])) return body;
  const turns: Json[] = [];
  for (const turn of recordsOf(body["messages"])) {
    const last = turns.at(-1);
    if (last && last["role"] === turn["role"] && Array.isArray(last["content"]) && Array.isArray(turn["content"]))
      last["content"] = [...last["content"], ...turn["content"]];
    else turns.push({ ...turn });
  }
  return { ...body, messages: turns };
}

/**
 * A tool's type is `custom` where none is said; lists that are empty are none; `is_error` is false by
 * default, and the caller of a tool the model itself (`direct`). A system prompt of empty text is none.
 */
function anthropicDefaults(body: Json): Json {
  const normal: Json = { ...body };
  if (Array.isArray(body["tools"]))
    normal["tools"] = mapRecords(body["tools"], ({ type, ...tool }) =>
      type === undefined || type === "custom" ? tool : { type, ...tool },
    );
  if (Array.isArray(body["system"])) normal["system"] = recordsOf(body["system"]).filter(({ text }) => text !== "");
  for (const name of ["tools", "stop_sequences", "system"])
    if (Array.isArray(normal[name]) && normal[name].length === 0) delete normal[name];
  const block = ({ is_error, caller, ...rest }: Json): Json => ({
    ...rest,
    ...(is_error === true && { is_error }),
    ...(isRecord(caller) && caller["type"] !== "direct" && { caller }),
  });
  normal["messages"] = mapRecords(body["messages"], (turn) => ({
    ...turn,
    content: mapRecords(turn["content"], block),
  }));
  return normal;
}

export const RULES: readonly Rule[] = [
  nullIsAbsent,
  streamDefault,
  textIsBlock,
  neighboursAreOneTurn,
  anthropicDefaults,
];
