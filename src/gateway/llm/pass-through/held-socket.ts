/** A client's WebSocket whose first message tells where all of them go. */
import type { Socket } from "../../../call/realtime/session.ts";

/** Characters or bytes of what may wait. */
const MOST_WAITING = 24 * 1024 * 1024;

/** What is heard before the session has begun waits for it. */
export class HeldSocket implements Socket {
  readonly #socket: WebSocket;
  readonly #heard = new EventTarget();
  readonly #first = Promise.withResolvers<string>();
  #waiting: Event[] | undefined = [];
  #size = 0;
  /** Aborts when the client leaves before. */
  readonly #left = new AbortController();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#take(new MessageEvent("message", { data }), data));
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      this.#left.abort(new Error("the client has left"));
      this.#take(new CloseEvent("close", { code, reason, wasClean }));
    });
    socket.addEventListener("error", () => {
      this.#left.abort(new Error("the client's connection broke"));
      this.#take(new Event("error"));
    });
    socket.accept();
    this.#left.signal.addEventListener("abort", () => this.#first.reject(this.#left.signal.reason));
    this.#first.promise.catch(() => {}); // whoever waits for it hears of it
  }

  /** The first message, as a text. It comes again, as all others, when the session begins. Rejects where there will be none. */
  get first(): Promise<string> {
    return this.#first.promise;
  }

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  get binaryType(): WebSocket["binaryType"] {
    return this.#socket.binaryType;
  }

  set binaryType(type: WebSocket["binaryType"]) {
    this.#socket.binaryType = type;
  }

  /** The session is there to hear, as soon as it has begun: as with any WebSocket nothing is heard in the middle of that. */
  accept(): void {
    queueMicrotask(() => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const event of waiting) this.#heard.dispatchEvent(event);
    });
  }

  send(message: string | ArrayBuffer | ArrayBufferView): void {
    this.#socket.send(message);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  // the events are those of a WebSocket, which the target cannot know
  readonly addEventListener = ((type: string, listener: (event: Event) => void) => {
    this.#heard.addEventListener(type, listener);
  }) as Socket["addEventListener"];

  #take(event: Event, data?: string | ArrayBuffer): void {
    if (this.#waiting === undefined) {
      this.#heard.dispatchEvent(event);
      return;
    }
    if (data !== undefined) {
      this.#size += typeof data === "string" ? data.length : data.byteLength;
      if (this.#size > MOST_WAITING) {
        this.#left.abort(new Error("too much was sent before the session has begun"));
        this.#socket.close(1009, "Too many messages wait to be passed on.");
        return;
      }
      this.#first.resolve(typeof data === "string" ? data : new TextDecoder().decode(data));
    }
    this.#waiting.push(event);
  }
}
