/** The items of a conversation as the hub's messages. */
import { BadRequestError } from "../../errors.ts";
import { isRecord, type JsonObject } from "../../json.ts";
import {
  type AssistantMessage,
  type ChatMessage,
  type ContentPart,
  type MessageToolCall,
  messageSchema,
  type ThinkingBlock,
} from "../chat.ts";
import { calledFunction } from "./client-tools.ts";
import { toChatContent } from "./content.ts";
import { unseal } from "./sealed.ts";
import type { Item, ResponsesRequest } from "./types.ts";

/** Its items, a text as the user's message: what is to be remembered of a request. */
export function inputItemsOf({ input }: Pick<ResponsesRequest, "input">): Item[] {
  if (input === undefined || input === null) return [];
  if (typeof input === "string")
    return [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }];
  return input.map((item) =>
    typeof item.type === "string" ? item : { ...item, type: isReference(item) ? "item_reference" : "message" },
  );
}

/** A reference may leave its type out: then it is nothing but an id. */
function isReference(item: Item): boolean {
  return typeof item.id === "string" && item["role"] === undefined && item["content"] === undefined;
}

/** Notes of what OpenAI's own tools did: without these tools they say nothing, and the text that follows stays. */
const NOTES: ReadonlySet<string> = new Set([
  "additional_tools",
  "code_interpreter_call",
  "file_search_call",
  "mcp_approval_request",
  "mcp_approval_response",
  "mcp_call",
  "mcp_list_tools",
  "tool_search_call",
  "tool_search_output",
  "web_search_call",
]);

const OUTPUTS: ReadonlySet<string> = new Set([
  "apply_patch_call_output",
  "custom_tool_call_output",
  "function_call_output",
  "local_shell_call_output",
  "shell_call_output",
]);

/**
 * Items of the assistant that follow each other are one message.
 * @param by wire format of the provider they go to: what another has signed does not
 * @throws BadRequestError naming the item that cannot be said to a model that has chat alone
 */
export function toMessages(items: readonly Item[], by?: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let turn = new AssistantTurn();
  const close = () => {
    const message = turn.message();
    if (message !== undefined) messages.push(message);
    turn = new AssistantTurn();
  };
  items.forEach((item, index) => {
    const path = `input[${index}]`;
    const type = item.type ?? "message";
    const call = calledFunction(item);
    if (call !== undefined) {
      turn.call(callIdOf(item, path), call);
    } else if (type === "reasoning") turn.reason(item, by);
    else if (type === "image_generation_call") turn.draw(item);
    else if (type === "message" && item["role"] === "assistant" && !isChatMessage(item))
      turn.say(toChatContent(item["content"], `${path}.content`));
    else if (NOTES.has(type)) return;
    else {
      close();
      if (OUTPUTS.has(type)) putBehindCall(messages, toolMessage(item, path));
      else messages.push(spoken(item, type, path));
    }
  });
  close();
  return messages;
}

/** What the assistant said, thought and called in one turn. */
class AssistantTurn {
  #said: (string | ContentPart[])[] = [];
  #thoughts: string[] = [];
  #images: NonNullable<AssistantMessage["images"]> = [];
  #blocks: ThinkingBlock[] = [];
  #calls: MessageToolCall[] = [];
  #fields: JsonObject = {};
  #callFields: Record<string, JsonObject> = {};

  say(content: string | ContentPart[]): void {
    if (content.length > 0) this.#said.push(content);
  }

  call(id: string, definition: { name: string; arguments: string }): void {
    this.#calls.push({ id, type: "function", function: definition });
  }

  /** An image the model made, which it may be asked to change. */
  draw({ result, output_format: format }: Item): void {
    if (typeof result !== "string" || result === "") return;
    const url = `data:image/${typeof format === "string" ? format : "png"};base64,${result}`;
    this.#images.push({ type: "image_url", image_url: { url } });
  }

  reason(item: Item, by: string | undefined): void {
    const found = unseal(item.encrypted_content);
    const sealed = found?.by === undefined || by === undefined || found.by === by ? found : undefined;
    const texts = [...textsOf(item["summary"]), ...textsOf(item["content"])];
    this.#thoughts.push(...texts);
    for (const block of sealed?.thinking ?? []) this.#think(block);
    Object.assign(this.#fields, sealed?.fields);
    Object.assign(this.#callFields, sealed?.calls);
  }

  /** A signature that came later belongs to the thinking that has none yet. */
  #think(block: ThinkingBlock): void {
    const last = this.#blocks.at(-1);
    if (last?.type === "thinking" && !last.signature && block.type === "thinking" && !block.thinking && block.signature)
      last.signature = block.signature;
    else this.#blocks.push({ ...block });
  }

  /** `undefined` where it neither said nor did anything. */
  message(): ChatMessage | undefined {
    if (this.#said.length === 0 && this.#calls.length === 0 && this.#images.length === 0) return undefined;
    const reasoning = this.#thoughts.join("\n\n");
    return {
      role: "assistant",
      content: joined(this.#said),
      ...(reasoning !== "" && { reasoning_content: reasoning }),
      ...(this.#blocks.length > 0 && { thinking_blocks: this.#blocks }),
      ...(this.#images.length > 0 && { images: this.#images }),
      ...(this.#calls.length > 0 && { tool_calls: this.#calls.map((call) => this.#withFields(call)) }),
      ...(Object.keys(this.#fields).length > 0 && { provider_specific_fields: this.#fields }),
    };
  }

  #withFields(call: MessageToolCall): MessageToolCall {
    const fields = this.#callFields[call.id ?? ""];
    return fields === undefined ? call : { ...call, provider_specific_fields: fields };
  }
}

/** A text where there is but one, parts otherwise. */
function joined(said: readonly (string | ContentPart[])[]): string | ContentPart[] | null {
  const parts = said.flatMap((content): ContentPart[] =>
    typeof content === "string" ? [{ type: "text", text: content }] : content,
  );
  const [first, ...others] = parts;
  if (first === undefined) return null;
  return others.length === 0 && first.type === "text" && Object.keys(first).length === 2 ? first.text : parts;
}

function textsOf(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part) =>
    isRecord(part) && typeof part["text"] === "string" && part["text"] !== "" ? [part["text"]] : [],
  );
}

/** The id that ties a call to its result. Shells of the first kind have it as the item's own. */
function callIdOf(item: Item, path: string): string {
  const id = item["call_id"] ?? item.id;
  if (typeof id === "string" && id !== "") return id;
  throw new BadRequestError(`An item of type ${item.type} needs a call_id.`, { param: `${path}.call_id` });
}

/** A result may come late here, after what the user said meanwhile; in chat nothing stands between a call and its results. */
function putBehindCall(messages: ChatMessage[], result: ChatMessage): void {
  const call = messages.findLastIndex(({ tool_calls: calls }) => calls?.some(({ id }) => id === result.tool_call_id));
  const next = call < 0 ? -1 : messages.findIndex(({ role }, at) => at > call && role !== "tool");
  messages.splice(next < 0 ? messages.length : next, 0, result);
}

function toolMessage(item: Item, path: string): ChatMessage {
  return { role: "tool", tool_call_id: callIdOf(item, path), content: resultOf(item, `${path}.output`) };
}

function resultOf({ type, output, status }: Item, path: string): string | ContentPart[] {
  if (typeof output === "string") return output;
  if (type === "apply_patch_call_output") return typeof status === "string" ? status : "completed";
  if (output === undefined || output === null)
    throw new BadRequestError("The result of a tool call needs an output.", { param: path });
  if (type === "shell_call_output" || !Array.isArray(output)) return JSON.stringify(output);
  return toChatContent(output, path);
}

/** What others than the assistant say. */
function spoken(item: Item, type: string, path: string): ChatMessage {
  if (type === "item_reference")
    throw new BadRequestError(
      `Item with id ${JSON.stringify(item.id)} not found: this model keeps no items. Send the items themselves.`,
      { param: path },
    );
  if (type !== "message")
    throw new BadRequestError(`Items of type ${JSON.stringify(type)} cannot be said to this model.`, { param: path });
  if (isChatMessage(item)) return chatMessage(item, path);
  const { role } = item;
  if (role !== "user" && role !== "system" && role !== "developer")
    throw new BadRequestError(
      `Invalid value: ${JSON.stringify(role)}. Supported values are: 'assistant', 'system', 'developer', and 'user'.`,
      { param: `${path}.role` },
    );
  return { role, content: toChatContent(item["content"], `${path}.content`) };
}

/** Clients that mix the two formats (Cursor) send messages of chat among the items. */
function isChatMessage(item: Item): boolean {
  return item["role"] === "tool" || item["role"] === "function" || Array.isArray(item["tool_calls"]);
}

function chatMessage({ type: _, ...item }: Item, path: string): ChatMessage {
  const parsed = messageSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadRequestError(issue?.message ?? "The message is not valid.", { param: path });
}
