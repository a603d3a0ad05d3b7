/** Going on with a message whose stream broke off: what to ask for, and how the rest becomes a part of it. */
import { isRecord } from "../json.ts";
import type { Usage } from "../openai/chat.ts";
import { addUsage, FreshText, GO_ON } from "../openai/continuation.ts";
import { text } from "./fields.ts";
import { isThinking } from "./thinking.ts";
import type { Message, MessagesRequest, StreamEvent } from "./types.ts";
import { fromUsage, mergeUsage, toUsage } from "./usage.ts";

/**
 * The request that goes on from what was delivered; `undefined` where nothing can: a tool was called, or the message has
 * ended.
 * @param prefill the model goes on from a last message of the assistant; others are asked to by a user's turn
 */
export function continueMessages(
  request: MessagesRequest,
  delivered: Message,
  prefill: boolean,
): MessagesRequest | undefined {
  if (delivered.stop_reason || !delivered.content.every(({ type }) => type === "text" || /thinking$/.test(type)))
    return undefined;
  const said = textOf(delivered);
  if (said.trim() === "") return request; // only thinking came: the answer itself has not begun
  // What thinks, and what ends in white space, is no beginning of an answer that Anthropic takes.
  const isBegun = prefill && !isThinking(request.thinking) && !/\s$/.test(said);
  const assistant = { role: "assistant" as const, content: said };
  const goOn = { role: "user" as const, content: GO_ON };
  return { ...request, messages: [...request.messages, assistant, ...(isBegun ? [] : [goOn])] };
}

function textOf({ content }: Message): string {
  return content.map((block) => (block.type === "text" ? text(block["text"]) : "")).join("");
}

/** Makes the events of a continuation those of the message they continue. */
export class MessageJoiner {
  /** Of the message, by the index in the continuation; `undefined` for a block that is left out. */
  readonly #indices = new Map<number, number | undefined>();
  readonly #usage: Usage;
  readonly #fresh: FreshText;
  readonly #hasSpoken: boolean;
  /** The block the stream broke off in, as long as nothing has followed it. */
  #broken: { index: number; isText: boolean } | undefined;
  /** Index in the continuation of the text whose beginning may be a repetition. */
  #first: number | undefined;
  #next: number;
  #started: unknown;

  /**
   * @param open blocks of it that have not ended
   * @param usage of what was delivered, added to that of the continuation
   */
  constructor(delivered: Message, open: ReadonlySet<number>, usage: Usage) {
    const said = textOf(delivered);
    this.#fresh = new FreshText(said);
    this.#hasSpoken = said.trim() !== "";
    this.#usage = usage;
    this.#next = delivered.content.length;
    const [index] = open;
    if (index !== undefined) this.#broken = { index, isText: delivered.content[index]?.type === "text" };
  }

  join(event: StreamEvent): StreamEvent[] {
    const index = event.index ?? 0;
    switch (event.type) {
      case "message_start":
        this.#started = isRecord(event["message"]) ? event["message"]["usage"] : undefined;
        return [];
      case "content_block_start":
        return this.#begin(event, index);
      case "content_block_delta":
        return this.#moved(this.#withoutRepetition(event, index), index);
      case "content_block_stop":
        return [...this.#held(index), ...this.#moved(event, index)];
      case "message_delta":
        return [...this.#closeBroken(), this.#withUsage(event)];
      default: // ping, message_stop
        return [event];
    }
  }

  #begin(event: StreamEvent, index: number): StreamEvent[] {
    const block = isRecord(event["content_block"]) ? event["content_block"] : {};
    const isText = block["type"] === "text";
    if (this.#hasSpoken && /thinking$/.test(text(block["type"]))) {
      this.#indices.set(index, undefined); // the message has thought already
      return [];
    }
    const isFirst = isText && this.#hasSpoken && this.#first === undefined;
    if (isFirst) this.#first = index;
    if (isFirst && this.#broken?.isText) {
      this.#indices.set(index, this.#broken.index);
      this.#broken = undefined;
      return [];
    }
    this.#indices.set(index, this.#next);
    const closed = this.#closeBroken();
    this.#next += 1;
    return [...closed, ...this.#moved(event, index)];
  }

  #closeBroken(): StreamEvent[] {
    if (this.#broken === undefined) return [];
    const { index } = this.#broken;
    this.#broken = undefined;
    return [{ type: "content_block_stop", index }];
  }

  #withoutRepetition(event: StreamEvent, index: number): StreamEvent | undefined {
    const delta = event["delta"];
    if (index !== this.#first || !isRecord(delta) || delta["type"] !== "text_delta") return event;
    const fresh = this.#fresh.of(text(delta["text"]), false);
    return fresh === "" ? undefined : { ...event, delta: { ...delta, text: fresh } };
  }

  /** Text that was held back until it was clear that it is new. */
  #held(index: number): StreamEvent[] {
    const fresh = index === this.#first ? this.#fresh.of("", true) : "";
    if (fresh === "") return [];
    return this.#moved({ type: "content_block_delta", index, delta: { type: "text_delta", text: fresh } }, index);
  }

  #moved(event: StreamEvent | undefined, index: number): StreamEvent[] {
    const moved = this.#indices.get(index);
    return event === undefined || moved === undefined ? [] : [{ ...event, index: moved }];
  }

  #withUsage(event: StreamEvent): StreamEvent {
    const told = toUsage(mergeUsage(this.#started, event["usage"]));
    return { ...event, usage: fromUsage(addUsage(this.#usage, told)) };
  }
}
