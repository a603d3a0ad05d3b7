/** Answers of the Responses API as chat's. */
import { isRecord, type JsonObject, recordsIn } from "../../json.ts";
import type { AssistantMessage, ChatChunk, ChatCompletion, ToolCall, ToolCallDelta, Usage } from "../chat.ts";
import { ChunkWriter } from "../chunks.ts";
import { toChatAnnotation } from "./annotations.ts";
import { finishOf } from "./response-object.ts";
import { searchesOf } from "./searches.ts";
import type { OutputItem, ResponseEvent, ResponseObject } from "./types.ts";
import { toHubUsage } from "./usage.ts";

/** What an answer may lack. `created` in Unix seconds. */
export interface Defaults {
  id: string;
  created: number;
  model: string;
  /** Names of the client's custom tools: others were called, and carried out, by the provider itself (xAI's search). */
  customTools: ReadonlySet<string>;
}

export function toCompletion(response: ResponseObject, defaults: Defaults): ChatCompletion {
  const message: AssistantMessage = { role: "assistant", content: null };
  const logprobs: unknown[] = [];
  for (const item of response.output ?? []) if (isClients(item, defaults)) addItem(message, item, logprobs);
  const usage = usageOf(response);
  return {
    id: response.id || defaults.id,
    object: "chat.completion",
    created: response.created_at || defaults.created,
    model: response.model || defaults.model,
    choices: [
      {
        index: 0,
        message,
        finish_reason: finishOf(response, Boolean(message.tool_calls)),
        logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
      },
    ],
    ...(usage && { usage }),
    ...(typeof response.service_tier === "string" && { service_tier: response.service_tier }),
  };
}

function isClients({ type, name }: OutputItem, { customTools }: Defaults): boolean {
  return type !== "custom_tool_call" || customTools.has(textOf(name));
}

function usageOf(response: ResponseObject): Usage | undefined {
  const usage = toHubUsage(response.usage);
  const searches = searchesOf(response);
  if (usage === undefined || searches === 0 || usage.server_tool_use) return usage;
  return { ...usage, server_tool_use: { web_search_requests: searches } };
}

function addItem(message: AssistantMessage, item: OutputItem, logprobs: unknown[]): void {
  switch (item.type) {
    case "message":
      for (const part of recordsIn(item["content"])) {
        if (part["type"] === "refusal") message.refusal = (message.refusal ?? "") + textOf(part["refusal"]);
        else addText(message, part, logprobs);
      }
      break;
    case "reasoning": {
      const text = reasoningOf(item);
      if (text !== "") message.reasoning_content = [message.reasoning_content, text].filter(Boolean).join("\n\n");
      const kept = keptReasoning(item);
      if (kept !== undefined) keep(message, kept);
      break;
    }
    case "image_generation_call": {
      const image = imageOf(item);
      if (image !== undefined) message.images = [...(message.images ?? []), image];
      break;
    }
    default: {
      const call = toolCallOf(item);
      if (call !== undefined) message.tool_calls = [...(message.tool_calls ?? []), call];
    }
  }
}

function addText(message: AssistantMessage, part: JsonObject, logprobs: unknown[]): void {
  const before = message.content?.length ?? 0;
  message.content = (message.content ?? "") + textOf(part["text"]);
  const annotations = recordsIn(part["annotations"]).map((annotation) => toChatAnnotation(annotation, before));
  if (annotations.length > 0) message.annotations = [...(message.annotations ?? []), ...annotations];
  if (Array.isArray(part["logprobs"])) logprobs.push(...part["logprobs"]);
}

/** Field of `provider_specific_fields` in which reasoning that only its maker can read waits for the next turn. */
export const REASONING_ITEMS = "reasoning_items";

function keep(message: AssistantMessage, item: JsonObject): void {
  const fields = message.provider_specific_fields ?? {};
  const before = Array.isArray(fields[REASONING_ITEMS]) ? fields[REASONING_ITEMS] : [];
  message.provider_specific_fields = { ...fields, [REASONING_ITEMS]: [...before, item] };
}

/** The item as it must come back; `undefined` where there is nothing in it but text. */
function keptReasoning(item: OutputItem): JsonObject | undefined {
  if (typeof item["encrypted_content"] !== "string" || item["encrypted_content"] === "") return undefined;
  const { id, type, summary, encrypted_content } = item;
  return { id, type, summary: summary ?? [], encrypted_content };
}

function reasoningOf(item: OutputItem): string {
  const texts = [...recordsIn(item["summary"]), ...recordsIn(item["content"])].map((part) => textOf(part["text"]));
  return texts.filter(Boolean).join("\n\n");
}

function imageOf({
  result,
  output_format: format,
}: OutputItem): { type: "image_url"; image_url: { url: string } } | undefined {
  if (typeof result !== "string" || result === "") return undefined;
  const type = typeof format === "string" ? format : "png";
  return { type: "image_url", image_url: { url: `data:image/${type};base64,${result}` } };
}

/** A call the client is to carry out; `undefined` for an item that is none. */
function toolCallOf(item: OutputItem): ToolCall | undefined {
  const id = textOf(item["call_id"]) || textOf(item.id);
  const name = textOf(item["name"]);
  if (item.type === "function_call")
    return { id, type: "function", function: { name, arguments: textOf(item["arguments"]) } };
  if (item.type === "custom_tool_call") return { id, type: "custom", custom: { name, input: textOf(item["input"]) } };
  return undefined;
}

/** What of an item has been told already. */
interface Told {
  /** Its place among the answer's calls. */
  call?: number;
  text: boolean;
  reasoning: boolean;
}

/** Translates the events of one stream. What came without deltas is told when its item is done. */
export class ChatStream {
  readonly #writer: ChunkWriter;
  readonly #defaults: Defaults;
  /** By output index, and by the item's id: some leave out the one or the other. */
  readonly #told = new Map<unknown, Told>();
  #calls = 0;
  /** Characters of text, and where the part that is being said begins. */
  #length = 0;
  #partStart = 0;
  #kept: JsonObject[] = [];
  #reasoned = false;
  /** Has the part of reasoning that goes on been begun? */
  #partIsNew = false;

  constructor(defaults: Defaults) {
    this.#defaults = defaults;
    this.#writer = new ChunkWriter(defaults);
  }

  event(event: ResponseEvent): ChatChunk[] {
    const { type, response, item, delta } = event;
    const told = this.#toldOf(event);
    if (isRecord(response)) this.#name(response);
    switch (type) {
      case "response.in_progress":
        this.#writer.delta({ content: "" });
        break;
      case "response.output_item.added":
        this.#partIsNew = true;
        if (item?.type === "function_call") this.#begin(item, told);
        break;
      case "response.content_part.added":
        this.#partStart = this.#length;
        break;
      case "response.output_text.delta":
        told.text = true;
        this.#say(textOf(delta), event["logprobs"]);
        break;
      case "response.refusal.delta":
        told.text = true;
        this.#writer.delta({ refusal: textOf(delta) });
        break;
      case "response.output_text.annotation.added":
        this.#annotate(event["annotation"]);
        break;
      case "response.reasoning_summary_part.added":
        this.#partIsNew = true;
        break;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        told.reasoning = true;
        this.#think(textOf(delta));
        break;
      case "response.function_call_arguments.delta":
        if (told.call !== undefined) {
          told.text = true;
          this.#writer.toolArguments(told.call, textOf(delta));
        }
        break;
      case "response.output_item.done":
        if (item !== undefined && isClients(item, this.#defaults)) this.#finishItem(item, told);
        break;
      case "response.completed":
      case "response.incomplete":
        if (response !== undefined) this.#finish(response);
        break;
      default: // steps of tools, and what is yet to come
        break;
    }
    return this.#writer.take();
  }

  #toldOf({ output_index: index, item_id, item }: ResponseEvent): Told {
    const keys = [index, item_id ?? item?.id].filter((key) => key !== undefined);
    const known = keys.map((key) => this.#told.get(key)).find((told) => told !== undefined);
    const told = known ?? { text: false, reasoning: false };
    for (const key of keys) this.#told.set(key, told);
    return told;
  }

  #name({ id, model }: ResponseObject): void {
    this.#writer.rename({ ...(id && { id }), ...(model && { model }) });
  }

  #begin(item: OutputItem, told: Told): void {
    told.call = this.#calls;
    this.#calls += 1;
    const id = textOf(item["call_id"]) || textOf(item.id);
    this.#writer.toolCall(told.call, { id, name: textOf(item["name"]) });
  }

  #say(text: string, logprobs: unknown): void {
    if (text === "") return;
    this.#length += text.length;
    const told = Array.isArray(logprobs) && logprobs.length > 0;
    this.#writer.delta({ content: text }, 0, told ? { logprobs: { content: logprobs, refusal: null } } : {});
  }

  #think(text: string): void {
    if (text === "") return;
    const pause = this.#partIsNew && this.#reasoned ? "\n\n" : "";
    this.#partIsNew = false;
    this.#reasoned = true;
    this.#writer.delta({ reasoning_content: pause + text });
  }

  #annotate(annotation: unknown): void {
    if (isRecord(annotation)) this.#writer.delta({ annotations: [toChatAnnotation(annotation, this.#partStart)] });
  }

  #finishItem(item: OutputItem, told: Told): void {
    switch (item.type) {
      case "function_call":
        if (told.call === undefined) this.#begin(item, told);
        if (!told.text && told.call !== undefined) this.#writer.toolArguments(told.call, textOf(item["arguments"]));
        break;
      case "custom_tool_call": {
        const call = { ...toolCallOf(item), index: this.#calls };
        this.#calls += 1;
        this.#writer.delta({ tool_calls: [call as ToolCallDelta] }); // whole in one piece, and none of a function
        break;
      }
      case "message":
        if (!told.text) this.#sayWhole(item);
        break;
      case "reasoning": {
        this.#partIsNew = true;
        if (!told.reasoning) this.#think(reasoningOf(item));
        const kept = keptReasoning(item);
        if (kept !== undefined) this.#kept.push(kept);
        break;
      }
      case "image_generation_call": {
        const image = imageOf(item);
        if (image !== undefined) this.#writer.delta({ images: [image] });
        break;
      }
      default: // what the provider did itself
        break;
    }
  }

  #sayWhole(item: OutputItem): void {
    for (const part of recordsIn(item["content"])) {
      this.#partStart = this.#length;
      if (part["type"] === "refusal") this.#writer.delta({ refusal: textOf(part["refusal"]) });
      else this.#say(textOf(part["text"]), part["logprobs"]);
      for (const annotation of recordsIn(part["annotations"])) this.#annotate(annotation);
    }
  }

  #finish(response: ResponseObject): void {
    if (this.#kept.length > 0) this.#writer.delta({ provider_specific_fields: { [REASONING_ITEMS]: this.#kept } });
    this.#writer.finish(finishOf(response, this.#calls > 0));
    const usage = usageOf(response);
    const tier = typeof response.service_tier === "string" ? { service_tier: response.service_tier } : {};
    if (usage !== undefined) this.#writer.usage(usage, tier);
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
