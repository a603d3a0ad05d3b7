import { countableRequest } from "../formats/anthropic/countable.ts";
import { text } from "../formats/anthropic/fields.ts";
import { MessageBuilder } from "../formats/anthropic/message-events.ts";
import type { Message, MessagesRequest, StreamEvent } from "../formats/anthropic/types.ts";
import { toUsage } from "../formats/anthropic/usage.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import type { CostOptions } from "../models/cost.ts";
import { estimateUsage } from "../models/tokens.ts";
import type { Meter } from "./operation.ts";
import { isPlausible } from "./plausible.ts";

/** Reads usage off messages and their streams. */
export class MessageMeter implements Meter<Message, StreamEvent> {
  readonly #request: MessagesRequest;
  readonly #builder = new MessageBuilder();
  #response: Message | undefined;

  constructor(request: MessagesRequest) {
    this.#request = request;
  }

  chunk(event: StreamEvent): void {
    this.#builder.add(event);
  }

  response(response: Message): void {
    this.#response = response;
  }

  get answer(): Message | undefined {
    return this.#response ?? this.#builder.message;
  }

  /** Blocks of a stream that have begun and not ended. */
  get open(): ReadonlySet<number> {
    return this.#builder.open;
  }

  /** The format cannot leave usage out: where nothing was used at all, nothing was told. */
  get usage(): Usage | undefined {
    const told = this.#told;
    const usage = told && toUsage(told);
    return usage === undefined || usage.total_tokens === 0 ? undefined : usage;
  }

  get terms(): CostOptions {
    const told = this.#told ?? {};
    const given = { serviceTier: told["service_tier"], geo: told["inference_geo"], speed: told["speed"] };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === "string" && value !== ""));
  }

  /** Of a stream that broke off the input is known since its beginning, with what was cached; the output is counted here. */
  async estimate(model: string): Promise<Usage> {
    const said = (this.answer?.content ?? []).map((block) => {
      const input = isRecord(block["input"]) ? JSON.stringify(block["input"]) : "";
      return [text(block["thinking"]), text(block["text"]), text(block["name"]), input === "{}" ? "" : input].join("");
    });
    const output = said.join("") + this.#builder.unfinishedInputs;
    const { estimated: _, ...usage } = await estimateUsage(countableRequest(this.#request), output, model);
    const { started } = this.#builder;
    const told = isRecord(started) ? toUsage({ ...started, output_tokens: usage.completion_tokens }) : undefined;
    return isPlausible(told) && told.prompt_tokens > 0 ? told : usage;
  }

  get #told(): Record<string, unknown> | undefined {
    if (this.#response === undefined) return this.#builder.usage;
    return isRecord(this.#response["usage"]) ? this.#response["usage"] : undefined;
  }
}
