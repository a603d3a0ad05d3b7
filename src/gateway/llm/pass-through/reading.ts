/**
 * What a call to a provider's own API may use, and has used: read by the operation that it is, where the path tells
 * which. The bytes are not touched, and whatever cannot be read is counted here, or costs nothing.
 */
import { toHubRequest as fromAnthropic } from "../../../formats/anthropic/to-hub-request.ts";
import type { MessagesRequest } from "../../../formats/anthropic/types.ts";
import { toHubRequest as fromGemini } from "../../../formats/gemini/to-hub-request.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import { SseDecoder } from "../../../formats/sse.ts";
import type { CostOptions } from "../../../models/cost.ts";
import { longestOutput } from "../../../models/worst-case.ts";
import { chat } from "../../../operations/chat.ts";
import { completions } from "../../../operations/completions.ts";
import { embeddings } from "../../../operations/embeddings.ts";
import type { ForwardAnswer, ForwardReading } from "../../../operations/forward.ts";
import type { AnyOperation, Meter } from "../../../operations/operation.ts";
import { rerank } from "../../../operations/rerank.ts";
import type { Exchange, Provider, StreamDecoder, Target } from "../../../providers/provider.ts";
import { findProvider } from "../../../providers/registry.ts";

/** A call that is one of the gateway's operations, said in the provider's own format. */
interface Known {
  operation: AnyOperation;
  /** The client's body as the operation's request. */
  request(body: Record<string, unknown>, model: string): Record<string, unknown>;
}

const asItIs = (body: Record<string, unknown>, model: string) => ({ ...body, model });

/** By the end of the path, the query left out. */
const KNOWN: readonly { path: RegExp; provider?: (provider: Provider) => boolean; known: Known }[] = [
  {
    path: /\/chat\/completions$/,
    provider: ({ chat: adapter }) => adapter?.wire === "openai",
    known: { operation: chat, request: asItIs },
  },
  {
    path: /\/messages$/,
    provider: ({ chat: adapter }) => adapter?.wire === "anthropic",
    // What Anthropic will refuse is read as far as it can be, and costs nothing.
    known: {
      operation: chat,
      request: (body, model) => ({ ...fromAnthropic({ ...body, model } as unknown as MessagesRequest) }),
    },
  },
  {
    path: /:(?:streamG|g)enerateContent$/,
    provider: ({ chat: adapter }) => adapter?.wire === "gemini",
    known: { operation: chat, request: (body, model) => ({ ...fromGemini(body, { model, stream: false }) }) },
  },
  {
    path: /\/completions$/,
    provider: (one) => one.completions !== undefined,
    known: { operation: completions, request: asItIs },
  },
  { path: /\/embeddings$/, known: { operation: embeddings, request: asItIs } },
  { path: /\/rerank$/, known: { operation: rerank, request: asItIs } },
];

/** @param body of the request, where it is JSON */
export function readingOf(path: string, body: Record<string, unknown> | undefined, target: Target): ForwardReading {
  const provider = findProvider(target.provider);
  const [tail = ""] = path.split("?");
  const found = KNOWN.find(
    (one) => one.path.test(tail) && provider !== undefined && (one.provider?.(provider) ?? true),
  );
  if (found === undefined || body === undefined || provider === undefined) return {};
  const { operation, request } = found.known;
  const adapter = operation.adapter(provider, target);
  const asked = safely(() => request(body, target.model));
  if (adapter === undefined || asked === undefined) return {};
  const answers = safely(() => operation.answersOf(asked)) ?? 1;
  return {
    countInput: async () => (await safely(() => operation.countInput(asked))) ?? 0,
    outputBound: safely(() => operation.outputBound(asked)) ?? longestOutput(target.info) * answers,
    answersOf: answers,
    termsOf: safely(() => operation.termsOf(asked)) ?? {},
    meter: () =>
      new ForwardMeter(operation.meter(asked, target), {
        response: (body) => adapter.response(body, exchangeOf(asked, target)),
        stream: () => adapter.stream(exchangeOf(asked, target)),
      }),
  };
}

function exchangeOf<Request>(request: Request, target: Target): Exchange<Request> {
  return { request, target, headers: {}, now: 0, id: "" }; // only usage is read of what comes of it
}

/** JSON larger than this, in bytes, is not read; its usage is counted here. */
const MOST_KEPT = 8 * 1024 * 1024;

interface Readings {
  response(body: unknown): unknown;
  stream(): StreamDecoder<unknown>;
}

/** Reads usage off bytes as they pass. It never fails: the answer is the provider's, whatever it is. */
class ForwardMeter implements Meter<ForwardAnswer, never> {
  readonly #meter: Meter<unknown, unknown>;
  readonly #readings: Readings;
  readonly #sse = new SseDecoder();
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
    if (!contentType.startsWith("text/event-stream")) return;
    for (const { data, event } of safely(() => this.#sse.push(piece)) ?? []) this.#event(data, event);
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
    for (const { data, event } of safely(() => this.#sse.end()) ?? []) this.#event(data, event);
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

  estimate(model: string): Promise<Usage> {
    return this.#meter.estimate(model);
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
