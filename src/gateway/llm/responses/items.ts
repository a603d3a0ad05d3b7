/** Items of conversations that the gateway keeps: as they are kept, sent on and listed. */
import { isRecord } from "../../../formats/json.ts";
import { isSealed } from "../../../formats/openai/responses/sealed.ts";
import type { Item } from "../../../formats/openai/responses/types.ts";
import { inputItemId, responseOfItem } from "./ids.ts";

/** What OpenAI's ids of items begin with. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: "msg",
  reasoning: "rs",
  function_call: "fc",
  function_call_output: "fc",
  custom_tool_call: "ctc",
  custom_tool_call_output: "ctc",
};

export function itemPrefix(type: string | null | undefined): string {
  return PREFIXES[type ?? "message"] ?? "item";
}

/** Each with an id, so that it can be referred to. */
export function withIds(items: readonly Item[], responseId: string): Item[] {
  return items.map((item, index) => {
    if (typeof item.id === "string" && item.id !== "") return item;
    return { ...item, id: inputItemId(responseId, itemPrefix(item.type), index) };
  });
}

/**
 * What another provider may be sent of a conversation it has not seen: ids of the gateway's would be looked for there in vain,
 * and so would reasoning whose content it does not have. What other ids name is for it to judge.
 */
export function forStranger(items: readonly Item[]): Item[] {
  return items.flatMap((item) => {
    if (typeof item.id !== "string" || responseOfItem(item.id) === undefined) return [item];
    if (item.type === "reasoning" && (!item.encrypted_content || isSealed(item.encrypted_content))) return [];
    const { id: _, ...rest } = item;
    return [rest];
  });
}

/** As OpenAI lists it: a text is a part, and it is done. */
export function listed(item: Item): Item {
  const { content, role } = item;
  const type = role === "assistant" ? "output_text" : "input_text";
  const parts = typeof content === "string" ? [{ type, text: content }] : content;
  return { status: "completed", ...item, ...(Array.isArray(parts) && { content: parts.filter(isRecord) }) };
}
