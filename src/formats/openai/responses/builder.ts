import { isRecord, type JsonObject } from "../../json.ts";
import type { OutputItem, ResponseEvent, ResponseObject } from "./types.ts";

/** Joins the events of a stream into the response they make, as far as they have come. */
export class ResponseBuilder {
  #response: ResponseObject | undefined;
  /** By output index. */
  readonly #items = new Map<number, OutputItem>();
  #sequence = -1;

  /** @param event is not kept: what it says is copied */
  add(event: ResponseEvent): void {
    const { type, response, output_index: index, item, sequence_number: number } = event;
    this.#sequence = Math.max(this.#sequence + 1, typeof number === "number" ? number : 0);
    if (isRecord(response)) this.#response = response;
    if (typeof index !== "number") return;
    if (isRecord(item)) this.#items.set(index, structuredClone(item));
    const known = this.#items.get(index);
    if (known !== undefined && typeof event.delta === "string") extend(known, type, event, event.delta);
  }

  /** Number of the last event. */
  get sequence(): number {
    return this.#sequence;
  }

  /** `undefined` where nothing came. Some upstreams leave the items out of the last event: then they are as they came. */
  get response(): ResponseObject | undefined {
    const response = this.#response;
    if (response === undefined) return undefined;
    const told = Array.isArray(response.output) ? response.output : [];
    if (told.length > 0 || this.#items.size === 0) return { ...response, output: told };
    const items = [...this.#items].sort(([one], [other]) => one - other).map(([, item]) => item);
    return { ...response, output: items };
  }
}

/** Adds a delta to the item it belongs to. */
function extend(item: OutputItem, type: string, event: ResponseEvent, delta: string): void {
  switch (type) {
    case "response.output_text.delta":
      append(partOf(item, "content", event["content_index"], "output_text"), "text", delta);
      break;
    case "response.refusal.delta":
      append(partOf(item, "content", event["content_index"], "refusal"), "refusal", delta);
      break;
    case "response.reasoning_text.delta":
      append(partOf(item, "content", event["content_index"], "reasoning_text"), "text", delta);
      break;
    case "response.reasoning_summary_text.delta":
      append(partOf(item, "summary", event["summary_index"], "summary_text"), "text", delta);
      break;
    case "response.function_call_arguments.delta":
      append(item, "arguments", delta);
      break;
    case "response.custom_tool_call_input.delta":
      append(item, "input", delta);
      break;
    default: // of other tools the item says what counts
      break;
  }
}

/** The part of an item; it is there once something was said in it. */
function partOf(item: OutputItem, list: "content" | "summary", index: unknown, type: string): JsonObject {
  const parts: unknown[] = Array.isArray(item[list]) ? item[list] : [];
  item[list] = parts;
  const at = typeof index === "number" && index >= 0 && index <= parts.length ? index : parts.length;
  const known = parts[at];
  if (isRecord(known)) return known;
  const part: JsonObject = { type, ...(type === "output_text" && { annotations: [], logprobs: [] }) };
  parts[at] = part;
  return part;
}

function append(to: JsonObject, field: string, delta: string): void {
  const before = to[field];
  to[field] = (typeof before === "string" ? before : "") + delta;
}
