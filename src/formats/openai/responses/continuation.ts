/** Going on with a response whose stream broke off: what to ask for, and how the rest becomes a part of it. */
import { isRecord, recordsIn } from "../../json.ts";
import type { Usage } from "../chat.ts";
import { addUsage, FreshText, GO_ON } from "../continuation.ts";
import type { OutputItem, ResponseEvent, ResponseObject, ResponsesRequest } from "./types.ts";
import { toHubUsage, toResponsesUsage } from "./usage.ts";

/** The message a stream broke off in, and what was said before it. */
interface Broken {
  item: OutputItem;
  /** Place among the items of the response. */
  index: number;
  text: string;
}

/**
 * Where the rest can be told: in the text of a message, which is the last item. Nothing can go on from a call that was
 * begun, and what is kept under an id must be what was said.
 */
export function brokenText(request: ResponsesRequest, { output }: ResponseObject): Broken | undefined {
  const index = output.length - 1;
  const item = output[index];
  if (request.store !== false || item?.type !== "message" || item.status === "completed") return undefined;
  const parts = recordsIn(item["content"]);
  const [part, ...others] = parts;
  if (part?.["type"] !== "output_text" || typeof part["text"] !== "string" || others.length > 0) return undefined;
  return { item, index, text: part["text"] };
}

/** @param prefill the model goes on from a last message of the assistant; others are asked to by a user's turn */
export function continueResponse(request: ResponsesRequest, { text }: Broken, prefill: boolean): ResponsesRequest {
  const asked = typeof request.input === "string" ? [{ role: "user", content: request.input }] : (request.input ?? []);
  const said = { type: "message", role: "assistant", content: [{ type: "output_text", text }] };
  const goOn = { type: "message", role: "user", content: [{ type: "input_text", text: GO_ON }] };
  return { ...request, input: [...asked, said, ...(prefill ? [] : [goOn])] as ResponsesRequest["input"] }; // items as any client writes them
}

/** Makes the events of a continuation those of the response they continue. */
export class ResponseJoiner {
  readonly #before: ResponseObject;
  readonly #broken: Broken;
  readonly #usage: Usage;
  readonly #fresh: FreshText;
  #sequence: number;
  /** Place in the continuation of the message that goes on, once it has begun. */
  #going: number | undefined;
  /** Places in the continuation of what is left out: the response has thought already. */
  readonly #leftOut = new Set<number>();
  /** Places in the response, by those in the continuation. */
  readonly #places = new Map<number, number>();
  #text: string;

  /**
   * @param sequence number of the last event that was delivered
   * @param usage of what was delivered, added to that of the continuation
   */
  constructor(before: ResponseObject, broken: Broken, sequence: number, usage: Usage) {
    this.#before = before;
    this.#broken = broken;
    this.#sequence = sequence;
    this.#usage = usage;
    this.#fresh = new FreshText(broken.text);
    this.#text = broken.text;
  }

  /** Number of the last event that was told. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The response as far as it was told. */
  get answer(): ResponseObject {
    const { item } = this.#broken;
    const [part, ...others] = recordsIn(item["content"]);
    const said = { ...item, content: [{ ...part, text: this.#text }, ...others] };
    return { ...this.#before, output: [...this.#before.output.slice(0, -1), said] };
  }

  join(event: ResponseEvent): ResponseEvent[] {
    if (event.response !== undefined) return this.#ofResponse(event, event.response);
    const place = event.output_index;
    if (place === undefined) return [this.#numbered(event)];
    if (event.type === "response.output_item.added") this.#place(place, event.item);
    if (this.#leftOut.has(place)) return [];
    if (place === this.#going) return this.#ofMessage(event);
    return [this.#numbered({ ...event, output_index: this.#places.get(place) ?? place })];
  }

  #place(place: number, item: OutputItem | undefined): void {
    if (item?.type === "reasoning") this.#leftOut.add(place);
    else if (item?.type === "message" && this.#going === undefined) this.#going = place;
    else this.#places.set(place, this.#broken.index + 1 + this.#places.size);
  }

  /** The text goes on in the part that is open. */
  #ofMessage(event: ResponseEvent): ResponseEvent[] {
    const { item, index } = this.#broken;
    const here = { output_index: index, ...(event.item_id !== undefined && { item_id: item.id }) };
    switch (event.type) {
      case "response.output_item.added":
      case "response.content_part.added":
        return [];
      case "response.output_text.delta":
        return this.#delta(event, this.#fresh.of(event.delta ?? "", false), here);
      case "response.output_text.done":
        return [
          ...this.#delta(event, this.#fresh.of("", true), here),
          this.#numbered({ ...event, ...here, text: this.#text }),
        ];
      case "response.content_part.done":
        return [this.#numbered({ ...event, ...here, part: this.#whole(event["part"]) })];
      case "response.output_item.done":
        return [this.#numbered({ ...event, ...here, item: this.#joined(event.item ?? item) })];
      default:
        return [this.#numbered({ ...event, ...here })];
    }
  }

  #delta(event: ResponseEvent, delta: string, here: object): ResponseEvent[] {
    if (delta === "") return [];
    this.#text += delta;
    const { content_index, logprobs = [] } = event;
    const type = "response.output_text.delta";
    return [this.#numbered({ type, content_index, logprobs, ...here, delta } as ResponseEvent)]; // as the event it was made of
  }

  #whole(part: unknown): unknown {
    return isRecord(part) ? { ...part, text: this.#text } : part;
  }

  #joined(item: OutputItem): OutputItem {
    const [first, ...rest] = Array.isArray(item["content"]) ? item["content"] : [];
    return { ...item, id: this.#broken.item.id, content: [this.#whole(first), ...rest] };
  }

  /** Its beginning was told already; its end tells the whole. */
  #ofResponse(event: ResponseEvent, response: ResponseObject): ResponseEvent[] {
    if (/\.(?:created|in_progress|queued)$/.test(event.type)) return [];
    const { id, created_at, output } = this.#before;
    const [going, ...others] = response.output.filter(({ type }) => type !== "reasoning");
    const said = going === undefined ? [] : [this.#joined(going), ...others];
    const told = toHubUsage(response.usage);
    const usage = told && toResponsesUsage(addUsage(this.#usage, told));
    const whole = { ...response, id, created_at, output: [...output.slice(0, -1), ...said], ...(usage && { usage }) };
    return [this.#numbered({ ...event, response: whole })];
  }

  #numbered(event: ResponseEvent): ResponseEvent {
    this.#sequence += 1;
    return { ...event, sequence_number: this.#sequence };
  }
}
