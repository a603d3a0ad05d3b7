/** What is taken out of a request before it goes to a provider that speaks the format itself: what only the gateway, or another provider, could read. */
import { splitToolCallId } from "../../gemini/signature.ts";
import { isSealed } from "./sealed.ts";
import type { Item, ResponsesRequest } from "./types.ts";

/** The request itself where nothing is to be taken out. */
export function forNative(request: ResponsesRequest): ResponsesRequest {
  const { input, metadata } = request;
  let settled = request;
  if (Array.isArray(input)) {
    const items = input.filter((item) => !isSealed(item.encrypted_content)).map(withPlainId);
    if (items.length !== input.length || items.some((item, index) => item !== input[index]))
      settled = { ...settled, input: items };
  }
  // OpenAI takes texts alone; the rest is what LiteLLM's users tell the gateway there (`tags`, ...).
  const foreign = metadata ? Object.values(metadata).some((value) => typeof value !== "string") : false;
  if (metadata && foreign) {
    const texts = Object.entries(metadata).filter(([, value]) => typeof value === "string");
    settled = { ...settled, metadata: Object.fromEntries(texts) };
  }
  return settled;
}

/** A call id without a signature of Gemini's in it, which is too long for others. */
function withPlainId(item: Item): Item {
  const { call_id: id } = item;
  const plain = typeof id === "string" ? splitToolCallId(id).id : id;
  return plain === id ? item : { ...item, call_id: plain };
}
