import { createParser, type EventSourceMessage } from "eventsource-parser";

/** One server-sent event: `event` is absent where the stream names none. */
export interface ServerEvent {
  event?: string;
  data: string;
  /** What `data` was read from, where that is no UTF-8: a piece of a text that was cut within a character. */
  bytes?: Uint8Array;
}

/**
 * Decodes server-sent events from bytes cut anywhere, also inside a character.
 * `push` gives the events completed by these bytes; `end` what a last event without its blank line holds.
 */
export class SseDecoder {
  #events: ServerEvent[] = [];
  #text = new TextDecoder();
  #parser = createParser({
    onEvent: (message: EventSourceMessage) => {
      this.#events.push(
        message.event === undefined ? { data: message.data } : { event: message.event, data: message.data },
      );
    },
  });

  push(bytes: Uint8Array): ServerEvent[] {
    this.#parser.feed(this.#text.decode(bytes, { stream: true }));
    return this.#take();
  }

  end(): ServerEvent[] {
    this.#parser.feed(`${this.#text.decode()}\n\n`);
    return this.#take();
  }

  #take(): ServerEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

/** One event as text, ready to send. `data` must be one line. */
export function formatEvent(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

export const DONE_EVENT = "data: [DONE]\n\n";
