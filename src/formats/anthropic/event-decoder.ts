/** The events of a Messages stream as they are: for a client that speaks the same. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../errors.ts";
import type { ServerEvent } from "../sse.ts";
import { eventSchema, type StreamEvent } from "./types.ts";

interface EventOptions {
  model: string;
  /** The error for an error event, given its data as text and as JSON. */
  fail(body: string, event: unknown): SluiceError;
}

/** Made anew for each stream. */
export class EventDecoder {
  readonly #options: EventOptions;
  #stopped = false;

  constructor(options: EventOptions) {
    this.#options = options;
  }

  /** @throws SluiceError where the event is an error, or is no JSON */
  event({ data }: ServerEvent): StreamEvent[] {
    if (this.#stopped || data.trim() === "" || data.trim() === "[DONE]") return [];
    const event = parseStreamEvent(data, this.#options.model);
    if (event.type === "error") throw this.#options.fail(data, event);
    this.#stopped = event.type === "message_stop";
    return [event];
  }

  /** @throws APIConnectionError where the stream ended before its `message_stop` */
  end(): StreamEvent[] {
    if (!this.#stopped) throw cutOff(this.#options.model);
    return [];
  }
}

/** @throws APIResponseValidationError where the data is no event */
export function parseStreamEvent(data: string, model: string): StreamEvent {
  try {
    return eventSchema.parse(JSON.parse(data));
  } catch (cause) {
    throw new APIResponseValidationError("litellm.APIResponseValidationError: An event of the stream is no JSON.", {
      model,
      upstream: { event: data.slice(0, 500) },
      cause,
    });
  }
}

export function cutOff(model: string): APIConnectionError {
  return new APIConnectionError("litellm.APIConnectionError: The stream was cut off before its end.", { model });
}
