import { recordsIn } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { ResponseBuilder } from "../formats/openai/responses/builder.ts";
import { searchesOf, sessionsOf } from "../formats/openai/responses/searches.ts";
import { toCountedRequest } from "../formats/openai/responses/to-chat-request.ts";
import type { OutputItem, ResponseEvent, ResponseObject, ResponsesRequest } from "../formats/openai/responses/types.ts";
import { toHubUsage } from "../formats/openai/responses/usage.ts";
import type { CostOptions } from "../models/cost.ts";
import { estimateUsage } from "../models/tokens.ts";
import type { Meter } from "./operation.ts";
import { searchContextSize } from "./responses-facts.ts";

/** Reads usage, and what OpenAI's own tools cost, off responses and their streams. */
export class ResponsesMeter implements Meter<ResponseObject, ResponseEvent> {
  readonly #request: ResponsesRequest;
  readonly #builder = new ResponseBuilder();
  #response: ResponseObject | undefined;

  constructor(request: ResponsesRequest) {
    this.#request = request;
  }

  chunk(event: ResponseEvent): void {
    this.#builder.add(event);
  }

  response(response: ResponseObject): void {
    this.#response = response;
  }

  get answer(): ResponseObject | undefined {
    return this.#response ?? this.#builder.response;
  }

  /** Number of the last event of the stream. */
  get sequence(): number {
    return this.#builder.sequence;
  }

  get usage(): Usage | undefined {
    const { answer } = this;
    // What is made in the background is paid for when it is there.
    const isLater = answer?.["background"] === true && (answer.status === "queued" || answer.status === "in_progress");
    return isLater ? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } : toHubUsage(answer?.usage);
  }

  get terms(): CostOptions {
    const { answer } = this;
    if (answer === undefined) return {};
    // Where usage tells the searches itself, as with answers that were translated, it is not for the items to tell.
    const searches = answer.usage?.["server_tool_use"] ? 0 : searchesOf(answer);
    const sessions = sessionsOf(answer);
    const size = searchContextSize(this.#request);
    const texts = {
      serviceTier: answer.service_tier,
      geo: answer.usage?.["inference_geo"],
      speed: answer.usage?.["speed"],
      searchContextSize: size,
    };
    const told = Object.entries(texts).filter(([, value]) => typeof value === "string" && value !== "");
    return {
      ...Object.fromEntries(told),
      ...(searches > 0 && { searches }),
      ...(sessions > 0 && { measured: { sessions } }),
    };
  }

  async estimate(model: string): Promise<Usage> {
    const output = (this.answer?.output ?? []).map(textOf).join("");
    const { estimated: _, ...usage } = await estimateUsage(toCountedRequest(this.#request), output, model);
    return usage;
  }
}

/** All that the model wrote in an item. */
function textOf(item: OutputItem): string {
  const parts = [item["summary"], item["content"]].flatMap((list) => recordsIn(list));
  const texts = parts.flatMap(({ text, refusal }) => [text, refusal]);
  const said = [...texts, item["name"], item["arguments"], item["input"], item["code"]];
  return said.filter((text) => typeof text === "string").join("");
}
