import { APIConnectionError, SluiceError, Timeout } from "../formats/errors.ts";
import { type ServerEvent, SseDecoder } from "../formats/sse.ts";
import { type IdleLimit, withinIdleLimit } from "./idle.ts";
import type { StreamDecoder } from "./provider.ts";

/** Where one event ends and the next begins. Bytes may be cut anywhere. */
export interface EventFraming {
  push(bytes: Uint8Array): ServerEvent[];
  /** What a last event without its end holds. */
  end(): ServerEvent[];
}

/**
 * The chunks of one upstream stream, pulled. Nothing runs ahead: bytes are read when chunks are asked for.
 *
 * `begin()` reads up to the first chunk with content, so that a failure before it is still an ordinary error.
 */
export class ChunkSource<Chunk> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder: StreamDecoder<Chunk>;
  readonly #newFraming: () => EventFraming;
  #framing: EventFraming;
  #held: Chunk[] = [];
  #heldBytes: Uint8Array[] = [];
  #done = false;
  /** From the first content on; until then a limit of its own holds. */
  idle: IdleLimit | undefined;
  /** An error that came with chunks before it: those go first. */
  #failure: unknown;

  /** @param newFraming server-sent events, unless said */
  constructor(
    body: ReadableStream<Uint8Array>,
    decoder: StreamDecoder<Chunk>,
    newFraming: () => EventFraming = () => new SseDecoder(),
  ) {
    this.#reader = body.getReader();
    this.#decoder = decoder;
    this.#newFraming = newFraming;
    this.#framing = newFraming();
  }

  /**
   * Reads until a chunk has content, and keeps what was read.
   * @throws SluiceError where the stream fails or breaks off before
   */
  async begin(isContent: (chunk: Chunk) => boolean): Promise<void> {
    while (!this.#held.some(isContent)) {
      const chunks = await this.#next();
      if (this.#failure !== undefined && !chunks?.some(isContent)) throw this.#failure;
      if (chunks === undefined) return;
      this.#held.push(...chunks);
    }
  }

  /**
   * The next chunks, at least one, or `undefined` at the end.
   * @throws SluiceError where the stream fails
   */
  async read(): Promise<Chunk[] | undefined> {
    this.#heldBytes = []; // whoever reads chunks has no use for their bytes
    if (this.#held.length > 0) return this.held();
    for (;;) {
      const chunks = await this.#next();
      if (chunks === undefined || chunks.length > 0) return chunks;
    }
  }

  /**
   * Hands the stream over to whoever will read the rest of the body itself, and gives the bytes read so far.
   * Their chunks are `held()`; `decode()` and `finish()` go on with the same decoder.
   */
  release(): Uint8Array[] {
    this.#reader.releaseLock();
    const bytes = this.#heldBytes;
    this.#heldBytes = [];
    return bytes;
  }

  /** Bytes were left out: what follows begins with an event of its own. */
  skip(): void {
    this.#framing = this.#newFraming();
  }

  /** Chunks of more bytes, for whoever reads the body in this object's place. */
  decode(bytes: Uint8Array): Chunk[] {
    return this.#framing.push(bytes).flatMap((event) => this.#decoder.event(event));
  }

  /** Is an error among what was read, which `finish()` throws? A body that merely ends too soon has none to read. */
  get failed(): boolean {
    return this.#failure !== undefined && !this.#done;
  }

  /** What `begin()` has read, to look at. */
  get begun(): readonly Chunk[] {
    return this.#held;
  }

  /** What was read by `begin()` and not yet handed out. */
  held(): Chunk[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** What the decoder still owes at the end of the body. @throws SluiceError where the stream was cut off */
  finish(): Chunk[] {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#done) return [];
    this.#done = true;
    return [...this.#framing.end().flatMap((event) => this.#decoder.event(event)), ...this.#decoder.end()];
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#done = true;
    await this.#reader.cancel(reason).catch(() => {}); // already closed or broken: there is nothing left to stop
  }

  async #next(): Promise<Chunk[] | undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#done) return undefined;
    const { done, value } = await withinIdleLimit(this.#reader.read(), this.idle).catch((cause: unknown) => {
      throw connectionError(cause);
    });
    const chunks: Chunk[] = [];
    try {
      if (done) {
        this.#done = true;
        for (const event of this.#framing.end()) chunks.push(...this.#decoder.event(event));
        chunks.push(...this.#decoder.end());
      } else {
        this.#heldBytes.push(value);
        for (const event of this.#framing.push(value)) chunks.push(...this.#decoder.event(event));
      }
    } catch (error) {
      if (chunks.length === 0) throw error;
      this.#failure = error;
    }
    return done && chunks.length === 0 ? undefined : chunks;
  }
}

/** What a broken `fetch` or body read becomes. An error of the gateway (a timeout it raised itself) stays. */
export function connectionError(cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return cause;
  if (cause instanceof DOMException && cause.name === "TimeoutError")
    return new Timeout("litellm.Timeout: the upstream took too long", { cause });
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new APIConnectionError(`litellm.APIConnectionError: connection to the upstream failed: ${detail}`, { cause });
}
