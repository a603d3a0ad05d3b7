/** One response of a connection: what it goes on from, its events as messages, and what is remembered of it. */
import { APIConnectionError } from "../../formats/errors.ts";
import { asRecord, isRecord, type JsonObject } from "../../formats/json.ts";
import { inputItemsOf } from "../../formats/openai/responses/input-items.ts";
import { type CreateEvent, errorMessage, inLane } from "../../formats/openai/responses/socket-events.ts";
import type { Item, ResponseEvent, ResponsesRequest } from "../../formats/openai/responses/types.ts";
import { SseDecoder } from "../../formats/sse.ts";
import type { ConversationMemory, Remembered } from "./memory.ts";

export interface TurnPorts {
  memory: ConversationMemory;
  /** Answers a request as `POST /v1/responses` does. */
  answer(body: JsonObject, signal: AbortSignal): Promise<Response>;
  /** Answers a request that wants no output. @throws SluiceError */
  warmUp(body: JsonObject): Promise<ResponseEvent[]>;
  send(message: string): void;
}

/** @throws whatever `answer` throws, APIConnectionError */
export async function takeTurn(ports: TurnPorts, event: CreateEvent, signal: AbortSignal): Promise<void> {
  const { lane, generates } = event;
  const telling = new Telling(ports, event);
  if (!generates) {
    for (const told of await ports.warmUp(telling.asked)) telling.tell(JSON.stringify(told));
    return;
  }
  const reply = await ports.answer(telling.asked, signal);
  if (reply.ok && reply.body !== null && /^text\/event-stream/i.test(reply.headers.get("content-type") ?? ""))
    await readEvents(reply.body, (data) => telling.tell(data), signal);
  else ports.send(JSON.stringify(await refusalOf(reply, lane)));
}

/** Tells the events of one response, and remembers it where nobody else does. */
class Telling {
  readonly #ports: TurnPorts;
  readonly #event: CreateEvent;
  /** The response it goes on from. */
  readonly #previous: string | undefined;
  /** It, where the connection remembers it. */
  readonly #before: Remembered | undefined;
  readonly #own: Item[] | undefined;

  constructor(ports: TurnPorts, event: CreateEvent) {
    this.#ports = ports;
    this.#event = event;
    const { previous_response_id: previous } = event.body;
    this.#previous = typeof previous === "string" && previous !== "" ? previous : undefined;
    this.#before = this.#previous === undefined ? undefined : ports.memory.find(this.#previous);
    this.#own = itemsIn(event.body);
  }

  /** The request with all that it goes on from and nobody else knows. */
  get asked(): JsonObject {
    const { body } = this.#event;
    if (this.#before === undefined || this.#own === undefined) return body; // what is wrong with the input is said by whoever checks it
    const { root, items } = this.#before;
    const { previous_response_id: _, ...rest } = body;
    return { ...rest, ...(root !== undefined && { previous_response_id: root }), input: [...items, ...this.#own] };
  }

  tell(data: string): void {
    const { lane } = this.#event;
    const event = lane !== undefined || HAS_RESPONSE.test(data) ? parsed(data) : undefined;
    const response = event?.["response"];
    if (event !== undefined && isRecord(response) && ENDS.has(event["type"])) this.#remember(response);
    const isRetold = this.#before !== undefined && isRecord(response);
    if (event === undefined || (lane === undefined && !isRetold)) {
      this.#ports.send(data);
      return;
    }
    const told = isRetold ? { ...event, response: { ...response, previous_response_id: this.#previous } } : event;
    this.#ports.send(JSON.stringify(inLane(told, lane)));
  }

  #remember(response: JsonObject): void {
    const { body, generates } = this.#event;
    const { id, output } = response;
    // Whatever is kept elsewhere is found by its id.
    const isOurs = !generates || body["store"] === false || response["store"] === false;
    if (!isOurs || this.#own === undefined || typeof id !== "string") return;
    const said = Array.isArray(output) ? output.filter(isRecord) : [];
    this.#ports.memory.remember(id, this.#previous, [...this.#own, ...said]);
  }
}

/** Events that may have a response in them: their type begins with it, and has no further part but the step. */
const HAS_RESPONSE = /"type"\s*:\s*"response\.(?:created|queued|in_progress|completed|incomplete|failed)"/;

/** Events with which a response is there to be gone on from. */
const ENDS: ReadonlySet<unknown> = new Set(["response.completed", "response.incomplete"]);

/** `undefined` where the input is none. */
function itemsIn({ input }: JsonObject): Item[] | undefined {
  const isInput = input === undefined || input === null || typeof input === "string" || Array.isArray(input);
  if (!isInput || (Array.isArray(input) && !input.every(isRecord))) return undefined;
  return inputItemsOf({ input: input as ResponsesRequest["input"] }); // just seen
}

async function readEvents(body: ReadableStream<Uint8Array>, tell: (data: string) => void, signal: AbortSignal) {
  const reader = body.getReader();
  const leave = () => void reader.cancel(signal.reason).catch(() => {}); // it is being stopped already
  if (signal.aborted)
    leave(); // while it was asked
  else signal.addEventListener("abort", leave, { once: true });
  const decoder = new SseDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      for (const { data } of done ? decoder.end() : decoder.push(value)) if (data !== "[DONE]") tell(data);
      if (done) return;
    }
  } catch (cause) {
    leave(); // nobody reads on, and whoever makes the answer is to know
    throw cause;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** Headers of a refusal that say when to come again. */
const TOLD = /^(?:retry-after|x-ratelimit-|x-litellm-call-id$)/;

async function refusalOf(reply: Response, lane: string | undefined): Promise<JsonObject> {
  const error = asRecord(parsed(await reply.text())?.["error"]);
  if (reply.ok) throw new APIConnectionError("The answer is no stream, and cannot be told over WebSocket.");
  const headers = Object.fromEntries([...reply.headers].filter(([name]) => TOLD.test(name)));
  return errorMessage({ status: reply.status, error, headers }, lane);
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
