/**
 * A client's WebSocket to the Responses API: each `response.create` is a call of its own, one after the other in each lane.
 * What is wrong with a message is said in-band; the connection stays.
 */
import { BadRequestError, RateLimitError, RequestTooLargeError, type SluiceError } from "../../formats/errors.ts";
import type { JsonObject } from "../../formats/json.ts";
import {
  type CreateEvent,
  errorOf,
  LIMIT_REACHED,
  parseClientEvent,
  readCreateEvent,
  steerFailed,
} from "../../formats/openai/responses/socket-events.ts";
import type { Socket } from "../realtime/session.ts";
import { ConversationMemory } from "./memory.ts";
import { type TurnPorts, takeTurn } from "./turn.ts";

export interface SocketPorts extends Pick<TurnPorts, "answer" | "warmUp"> {
  /** Whatever was thrown as the error to tell; a fault of our own is logged. */
  toError(cause: unknown): SluiceError;
  /** The largest message, in bytes. */
  largestMessage: number;
  /** Milliseconds a connection lasts; OpenAI's hour, unless said. */
  lifetime?: number;
}

/** Milliseconds. */
const LIFETIME = 60 * 60_000;
/** Responses that are made or wait to be, and what is held of them, in characters. */
const MOST_PENDING = 32;
const MOST_WAITING = 32 * 1024 * 1024;
/** Characters of JSON that are remembered of conversations. */
const MOST_REMEMBERED = 16 * 1024 * 1024;

export class ResponsesSocket {
  readonly #ports: SocketPorts;
  readonly #memory = new ConversationMemory(MOST_REMEMBERED);
  /** The last turn of each lane. */
  readonly #lanes = new Map<string | undefined, Promise<void>>();
  readonly #left = new AbortController();
  #client: Socket | undefined;
  #pending = 0;
  #waiting = 0;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: SocketPorts) {
    this.#ports = ports;
  }

  start(client: Socket): void {
    this.#client = client;
    client.binaryType = "arraybuffer";
    client.addEventListener("message", ({ data }) => this.#take(data));
    client.addEventListener("close", () => this.#gone());
    client.addEventListener("error", () => this.#gone());
    client.accept();
    this.#timer = setTimeout(() => this.#timeIsOver(), this.#ports.lifetime ?? LIFETIME);
  }

  #take(message: unknown): void {
    if (this.#left.signal.aborted) return;
    try {
      const size = this.#sizeOf(message);
      const event = parseClientEvent(message);
      switch (event.type) {
        case "response.create":
          this.#create(readCreateEvent(event), size);
          return;
        case "response.steer":
          this.#send(steerFailed(event));
          return;
        case "response.processed": // Codex tells that it has read a response; nothing waits for that
          return;
        default:
          throw new BadRequestError(`Unknown event type: ${JSON.stringify(event.type.slice(0, 100))}.`, {
            param: "type",
          });
      }
    } catch (cause) {
      this.#send(errorOf(this.#ports.toError(cause), undefined));
    }
  }

  #sizeOf(message: unknown): number {
    const size = message instanceof ArrayBuffer ? message.byteLength : String(message).length;
    if (size <= this.#ports.largestMessage) return size;
    throw new RequestTooLargeError(`A message may have at most ${this.#ports.largestMessage} bytes.`);
  }

  #create(event: CreateEvent, size: number): void {
    const { lane } = event;
    if (this.#isOver) {
      this.#send(limitReached(lane));
      return;
    }
    if (this.#pending >= MOST_PENDING || (this.#pending > 0 && this.#waiting + size > MOST_WAITING)) {
      const error = new RateLimitError("Too many responses wait on this connection: send the next when one is done.");
      this.#send(errorOf(error, lane));
      return;
    }
    this.#pending += 1;
    this.#waiting += size;
    const turn = (this.#lanes.get(lane) ?? Promise.resolve())
      .then(() => this.#turn(event))
      .finally(() => {
        this.#pending -= 1;
        this.#waiting -= size;
        if (this.#lanes.get(lane) === turn) this.#lanes.delete(lane);
        if (this.#isOver && this.#pending === 0) this.#close();
      });
    this.#lanes.set(lane, turn);
  }

  /** Never throws. */
  async #turn(event: CreateEvent): Promise<void> {
    const { signal } = this.#left;
    if (signal.aborted) return;
    const { answer, warmUp } = this.#ports;
    try {
      await takeTurn({ answer, warmUp, memory: this.#memory, send: (text) => this.#sendText(text) }, event, signal);
    } catch (cause) {
      if (!signal.aborted) this.#send(errorOf(this.#ports.toError(cause), event.lane));
    }
  }

  /** What was begun is told to its end. */
  #timeIsOver(): void {
    this.#isOver = true;
    if (this.#pending === 0) this.#close();
  }

  #close(): void {
    this.#send(limitReached(undefined));
    try {
      this.#client?.close(1000, "60 minutes are over");
    } catch {
      // it is gone already
    }
    this.#gone();
  }

  #gone(): void {
    clearTimeout(this.#timer);
    this.#left.abort(new DOMException("the client left", "AbortError"));
  }

  #send(message: JsonObject): void {
    this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string): void {
    if (this.#left.signal.aborted) return;
    try {
      this.#client?.send(text);
    } catch {
      this.#gone(); // without having said so
    }
  }
}

function limitReached(lane: string | undefined): JsonObject {
  const message = "A connection lasts 60 minutes, and this one is over: open another to go on.";
  return errorOf(new BadRequestError(message), lane, LIMIT_REACHED);
}
