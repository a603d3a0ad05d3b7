/** Writes the events of one stream: numbers them, keeps the items that are done, and knows what belongs to whole items. */
import { type JsonObject, recordsIn } from "../../json.ts";
import type { OutputItem, ResponseEvent, ResponseObject } from "./types.ts";

export class EventWriter {
  #events: ResponseEvent[] = [];
  #sequence = 0;
  /** By output index; a place is empty while its item is open. */
  #output: (OutputItem | undefined)[] = [];

  emit(type: string, fields: JsonObject): void {
    this.#events.push({ type, ...fields, sequence_number: this.#sequence });
    this.#sequence += 1;
  }

  /** Begins the stream, with the response as it stands. */
  begin(response: ResponseObject): void {
    this.emit("response.created", { response });
    this.emit("response.in_progress", { response });
  }

  /** Begins an item, and gives its place. */
  add(item: OutputItem): number {
    const index = this.#output.length;
    this.#output.push(undefined);
    this.emit("response.output_item.added", { output_index: index, item });
    return index;
  }

  done(index: number, item: OutputItem): void {
    this.#output[index] = item;
    this.emit("response.output_item.done", { output_index: index, item });
  }

  /** All events of an item that is known whole. */
  whole(item: OutputItem): void {
    const index = this.add(emptied(item));
    const at = { item_id: item.id ?? "", output_index: index };
    switch (item.type) {
      case "message":
        for (const [content_index, part] of recordsIn(item["content"]).entries())
          this.#contentPart(part, { ...at, content_index });
        break;
      case "reasoning":
        for (const [summary_index, part] of recordsIn(item["summary"]).entries())
          this.#summaryPart(part, { ...at, summary_index });
        for (const [content_index, part] of recordsIn(item["content"]).entries())
          this.#contentPart(part, { ...at, content_index });
        break;
      case "function_call":
        this.#text("response.function_call_arguments", item["arguments"], at, "arguments", { name: item["name"] });
        break;
      case "custom_tool_call":
        this.#text("response.custom_tool_call_input", item["input"], at, "input");
        break;
      case "web_search_call":
        for (const step of ["in_progress", "searching", "completed"]) this.emit(`response.web_search_call.${step}`, at);
        break;
      case "image_generation_call":
        for (const step of ["in_progress", "generating", "completed"])
          this.emit(`response.image_generation_call.${step}`, at);
        break;
      default: // of the others the item itself says all
        break;
    }
    this.done(index, item);
  }

  /** The items that are done, in order. */
  get output(): OutputItem[] {
    return this.#output.filter((item) => item !== undefined);
  }

  /** The events written since the last call. */
  take(): ResponseEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #contentPart(part: JsonObject, at: JsonObject): void {
    const isRefusal = part["type"] === "refusal";
    const text = isRefusal ? part["refusal"] : part["text"];
    const empty = isRefusal ? { refusal: "" } : { text: "" };
    this.emit("response.content_part.added", {
      ...at,
      part: { ...part, ...empty, ...(part["annotations"] ? { annotations: [] } : {}) },
    });
    if (isRefusal) this.#text("response.refusal", text, at, "refusal");
    else if (part["type"] === "reasoning_text") this.#text("response.reasoning_text", text, at, "text");
    else {
      this.#text("response.output_text", text, at, "text", { logprobs: [] });
      for (const [annotation_index, annotation] of recordsIn(part["annotations"]).entries())
        this.emit("response.output_text.annotation.added", { ...at, annotation_index, annotation });
    }
    this.emit("response.content_part.done", { ...at, part });
  }

  #summaryPart(part: JsonObject, at: JsonObject): void {
    this.emit("response.reasoning_summary_part.added", { ...at, part: { ...part, text: "" } });
    this.#text("response.reasoning_summary_text", part["text"], at, "text");
    this.emit("response.reasoning_summary_part.done", { ...at, part });
  }

  #text(type: string, value: unknown, at: JsonObject, field: string, more: JsonObject = {}): void {
    const text = typeof value === "string" ? value : "";
    const { name, ...both } = more;
    if (text !== "") this.emit(`${type}.delta`, { ...at, delta: text, ...both });
    this.emit(`${type}.done`, { ...at, [field]: text, ...both, ...(name !== undefined && { name }) });
  }
}

/** The item as it begins. */
function emptied(item: OutputItem): OutputItem {
  const status = item.status === undefined ? {} : { status: "in_progress" };
  switch (item.type) {
    case "message":
      return { ...item, ...status, content: [] };
    case "reasoning": {
      const { encrypted_content: _, ...open } = item;
      return { ...open, ...status, summary: [], ...(item["content"] ? { content: [] } : {}) };
    }
    case "function_call":
      return { ...item, ...status, arguments: "" };
    case "custom_tool_call":
      return { ...item, ...status, input: "" };
    case "image_generation_call":
      return { ...item, ...status, result: null };
    default:
      return { ...item, ...status };
  }
}

/** The type of the event that ends a stream with this response. */
export function lastEventType({ status }: Pick<ResponseObject, "status">): string {
  return status === "incomplete" || status === "failed" ? `response.${status}` : "response.completed";
}

/** A whole answer as the events of a stream. */
export function eventsOfResponse(response: ResponseObject): ResponseEvent[] {
  const writer = new EventWriter();
  writer.begin({ ...response, status: "in_progress", output: [], usage: null });
  for (const item of response.output ?? []) writer.whole(item);
  writer.emit(lastEventType(response), { response });
  return writer.take();
}
