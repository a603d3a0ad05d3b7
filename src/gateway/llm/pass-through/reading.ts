/**
 * What a call to a provider's own API may use, and has used: read by the operation that it is, where the path tells
 * which. The bytes are not touched, and whatever cannot be read is counted here, or costs nothing.
 */
import { AWS_EVENT_STREAM, AwsEventStreamDecoder } from "../../../formats/aws-event-stream.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import { type ServerEvent, SseDecoder } from "../../../formats/sse.ts";
import type { CostOptions } from "../../../models/cost.ts";
import { longestOutput } from "../../../models/worst-case.ts";
import { modelIn } from "../../../operations/answered-by.ts";
import type { ForwardAnswer, ForwardReading } from "../../../operations/forward.ts";
import type { Meter } from "../../../operations/operation.ts";
import type { Exchange, StreamDecoder, Target } from "../../../providers/provider.ts";
import type { KnownCall } from "./known.ts";

/** @param fields of its body */
export async function readingOf(
  { operation, reader, asked, target: settled }: KnownCall,
  fields: Record<string, unknown>,
  deployed: Target,
): Promise<ForwardReading> {
  const target = settled?.(deployed) ?? deployed;
  const adapter = operation.adapter(reader.forModel?.(target) ?? reader, target);
  if (adapter === undefined) return {};
  const said = safely(() => asked?.(fields)) ?? fields;
  const read = (await safelyAwaited(async () => operation.read?.(said))) ?? said;
  const request = { ...read, model: target.model };
  const info = safely(() => operation.rowFor?.(request, target)) ?? target.info;
  const priced = info === undefined ? target : { ...target, info };
  const answers = safely(() => operation.answersOf(request)) ?? 1;
  const room = safely(() => operation.roomFor?.(request, priced)) ?? 0;
  const countInput = async () => (await safelyAwaited(() => operation.countInput(request))) ?? 0;
  const outputBound = (safely(() => operation.outputBound(request)) ?? longestOutput(info) * answers) + room;
  return {
    countInput,
    outputBound,
    answersOf: answers,
    termsOf: safely(() => operation.termsOf(request)) ?? {},
    ...(info !== undefined && { info }),
    meter: () =>
      new ForwardMeter(operation.meter(request, priced), {
        response: (body) => adapter.response(body, exchangeOf(request, priced)),
        stream: () => adapter.stream(exchangeOf(request, priced)),
        worst: async () => usageOf(await countInput(), outputBound),
      }),
  };
}

function usageOf(prompt_tokens: number, completion_tokens: number): Usage {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

function exchangeOf<Request>(request: Request, target: Target): Exchange<Request> {
  return { request, target, headers: {}, now: 0, id: "" }; // only usage is read of what comes of it
}

/** JSON larger than this, in bytes, is not read; its usage is counted here. */
const MOST_KEPT = 8 * 1024 * 1024;

interface Readings {
  response(body: unknown): unknown;
  stream(): StreamDecoder<unknown>;
  /** What the call may have used at most. */
  worst(): Promise<Usage>;
}

interface EventDecoder {
  push(bytes: Uint8Array): ServerEvent[];
  end(): ServerEvent[];
}

function eventsIn(contentType: string): EventDecoder | undefined {
  if (contentType.startsWith("text/event-stream")) return new SseDecoder();
  return contentType.startsWith(AWS_EVENT_STREAM) ? new AwsEventStreamDecoder() : undefined;
}

/** Reads usage off bytes as they pass. It never fails: the answer is the provider's, whatever it is. */
class ForwardMeter implements Meter<ForwardAnswer, never> {
  readonly #meter: Meter<unknown, unknown>;
  readonly #readings: Readings;
  /** Of the framing that the content type names. */
  #events: EventDecoder | undefined;
  #decoder: StreamDecoder<unknown> | undefined;
  #isOver = false;
  readonly #utf8 = new TextDecoder();
  /** Of JSON that came as bytes. */
  #text = "";
  #size = 0;
  answer: ForwardAnswer;

  constructor(meter: Meter<unknown, unknown>, readings: Readings) {
    this.#meter = meter;
    this.#readings = readings;
  }

  chunk(): void {}

  response(answer: ForwardAnswer): void {
    this.answer = answer;
    // Google's streams without `alt=sse` are lists of what are events elsewhere.
    if (Array.isArray(answer)) for (const part of answer) this.#event(JSON.stringify(part));
    else safely(() => this.#meter.response(this.#readings.response(answer)));
  }

  bytes(piece: Uint8Array, contentType: string): void {
    if (/\bjson\b/i.test(contentType)) {
      this.#size += piece.length;
      if (this.#size <= MOST_KEPT) this.#text += this.#utf8.decode(piece, { stream: true });
    }
    this.#events ??= eventsIn(contentType);
    if (this.#events === undefined) {
      safely(() => this.#meter.bytes?.(piece, contentType));
      return;
    }
    for (const { data, event } of safely(() => this.#events?.push(piece)) ?? []) this.#event(data, event);
  }

  #event(data: string, event?: string): void {
    safely(() => {
      this.#decoder ??= this.#readings.stream();
      for (const chunk of this.#decoder.event(event === undefined ? { data } : { data, event }))
        this.#meter.chunk(chunk);
    });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#text !== "" && this.#size <= MOST_KEPT) safely(() => this.response(JSON.parse(this.#text)));
    for (const { data, event } of safely(() => this.#events?.end()) ?? []) this.#event(data, event);
    safely(() => {
      for (const chunk of this.#decoder?.end() ?? []) this.#meter.chunk(chunk);
    });
  }

  get usage(): Usage | undefined {
    this.#finish();
    return this.#meter.usage;
  }

  get terms(): CostOptions {
    return this.#meter.terms;
  }

  get model(): string | undefined {
    this.#finish();
    return modelIn(this.#meter);
  }

  /** Of a request that is strange to the gateway, and was taken all the same, the worst is reckoned with. */
  async estimate(model: string): Promise<Usage> {
    return (await safelyAwaited(() => this.#meter.estimate(model))) ?? this.#readings.worst();
  }
}

async function safelyAwaited<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}

/** What is read of a call must never be the end of it. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
