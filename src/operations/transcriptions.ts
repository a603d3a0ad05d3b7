import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { Usage } from "../formats/openai/chat.ts";
import {
  isTextFormat,
  LIST_FIELDS,
  OPENAI_TRANSCRIPTION_PARAMS,
  type Transcription,
  type TranscriptionEvent,
  type TranscriptionRequest,
  type TranscriptionUsage,
  transcriptionRequestSchema,
} from "../formats/openai/transcriptions.ts";
import { DONE_EVENT, formatEvent } from "../formats/sse.ts";
import { heardTokens, mostHeardTokens, mostWrittenTokens } from "../models/audio.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { CostOptions } from "../models/cost.ts";
import { countTokens } from "../models/tokens.ts";
import { settleParams, withoutNulls } from "../providers/params.ts";
import type { Provider, Target, TranscriptionAdapter } from "../providers/provider.ts";
import { base64Of, measureFile, secondsOf } from "./audio-file.ts";
import { cacheableTranscription } from "./cacheable-answers.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { Meter, Operation } from "./operation.ts";
import { plausibleMeasure } from "./plausible.ts";

export type TranscriptionOperation = Operation<TranscriptionRequest, Transcription, TranscriptionEvent>;

/** Transcriptions: OpenAI's format, for audio in the language it has. */
export const transcriptions = listening("transcriptions", "Write down what is said in a file of audio", {
  adapter: (provider) => provider.transcriptions,
});

/** Translations: the same, in English. They have no streams. */
export const translations = listening("translations", "Write down in English what is said in a file of audio", {
  adapter: (provider) => provider.translations,
  ignored: ["stream"],
});

interface Kind {
  adapter(provider: Provider): TranscriptionAdapter | undefined;
  /** Fields that mean nothing here. */
  ignored?: readonly string[];
}

function listening(name: string, summary: string, { adapter, ignored = [] }: Kind): TranscriptionOperation {
  return {
    name,
    summary,
    paths: [
      `/v1/audio/${name}`,
      `/audio/${name}`,
      `/openai/deployments/:model{.+}/audio/${name}`,
      `/v1/openai/deployments/:model{.+}/audio/${name}`,
      `/engines/:model{.+}/audio/${name}`,
      `/v1/engines/:model{.+}/audio/${name}`,
    ],
    request: transcriptionRequestSchema,
    takesForms: true,
    wire: "openai",
    idPrefix: "",
    adapter,
    async read(fields) {
      await measureFile(fields["file"]);
      return typed(fields, ignored);
    },
    settleParams: settled,
    cacheable: cacheableTranscription,
    prepare: async (request, { takesFiles }) =>
      takesFiles ? request : { ...request, file_base64: await base64Of(request.file) },
    countInput: async ({ file, prompt, model }) =>
      mostHeardTokens(secondsOf(file)) + (prompt ? await countTokens(prompt, model) : 0),
    outputBound: ({ file, response_format: format }) => mostWrittenTokens(secondsOf(file), format === "diarized_json"),
    answersOf: () => 1,
    termsOf: ({ file }) => ({ hasAudio: true, measured: { seconds: Math.ceil(secondsOf(file)) } }),
    bounded: (request) => request,
    paramsOf: (request) => OPENAI_TRANSCRIPTION_PARAMS.filter((param) => (request[param] ?? undefined) !== undefined),
    affinityOf: (_, session) => ({ session, user: undefined, promptPrefix: undefined }),
    isContent: ({ type }) => type !== "transcript.text.done",
    chunksOf,
    isDialect: (part) => "written" in part && part["written"] !== undefined,
    mock: mockTranscription,
    wantsStreamUsage: () => true, // it stands in the last event, always
    askForUsage: (request) => request,
    encodeWhole: ({ written, ...body }, { response_format: format }) =>
      isTextFormat(format) ? (written ?? body.text) : JSON.stringify(body),
    contentType: (_, { response_format: format }) =>
      isTextFormat(format) ? "text/plain; charset=utf-8" : "application/json",
    encode: (event) => formatEvent(JSON.stringify(event)),
    done: DONE_EVENT,
    encodeError: (error) => formatEvent(JSON.stringify(error.toBody())),
    errorBody: (error) => error.toBody(),
    meter: (request, { info }) => new TranscriptionMeter(request, info),
    continuation: () => undefined,
  };
}

/** A form has texts where JSON has numbers, truths and lists. What is neither stays, for the schema to refuse. */
function typed(fields: Record<string, unknown>, ignored: readonly string[]): Record<string, unknown> {
  const { stream, temperature } = fields;
  const lists = LIST_FIELDS.filter((name) => typeof fields[name] === "string" && fields[name] !== "");
  return Object.fromEntries(
    Object.entries({
      ...fields,
      ...(typeof stream === "string" && { stream: truth(stream) }),
      ...(typeof temperature === "string" && temperature.trim() !== "" && { temperature: number(temperature) }),
      ...Object.fromEntries(lists.map((name) => [name, listIn(String(fields[name]))])),
    }).filter(([name, value]) => value !== "" && !ignored.includes(name)),
  );
}

function truth(text: string): unknown {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true;
  return /^(?:false|0|no|off)?$/i.test(text) ? false : text;
}

function number(text: string): unknown {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

/** One item, or a list of them as JSON. */
function listIn(text: string): unknown {
  if (!text.trim().startsWith("[")) return [text];
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return [text];
  }
}

/** The gateway's own fields, which providers of audio do not know. */
const GATEWAY_FIELDS = ["file_base64", "metadata", "user"];

function settled(
  request: TranscriptionRequest,
  { supportedParams }: TranscriptionAdapter,
  target: Target,
  policy: Parameters<TranscriptionOperation["settleParams"]>[3],
): TranscriptionRequest {
  const supported = supportedParams(target);
  const lacks = (name: string) => supported !== "all" && !supported.has(name);
  const given = Object.entries(withoutNulls(request)).filter(
    // A temperature of 0 is what everyone has unless told otherwise.
    ([name, value]) => !GATEWAY_FIELDS.includes(name) && !(name === "temperature" && value === 0 && lacks(name)),
  );
  // all a request must have is still there
  const rest = Object.fromEntries(given) as unknown as TranscriptionRequest & { model: string };
  return settleParams(rest, supported, policy, target.provider, OPENAI_TRANSCRIPTION_PARAMS);
}

function chunksOf({ text, segments, usage }: Transcription): TranscriptionEvent[] {
  const spoken = segments?.filter(({ type }) => type === "transcript.text.segment") ?? [];
  const pieces: TranscriptionEvent[] =
    spoken.length > 0
      ? spoken.map((segment) => ({ ...segment, type: "transcript.text.segment" as const }))
      : [{ type: "transcript.text.delta", delta: text }];
  return [...pieces, { type: "transcript.text.done", text, ...(usage && { usage }) }];
}

const NO_TOKENS: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

class TranscriptionMeter implements Meter<Transcription, TranscriptionEvent> {
  readonly #request: TranscriptionRequest;
  readonly #info: ModelInfo | undefined;
  #response: Transcription | undefined;
  #text = "";

  constructor(request: TranscriptionRequest, info: ModelInfo | undefined) {
    this.#request = request;
    this.#info = info;
  }

  chunk(event: TranscriptionEvent): void {
    if (event.type === "transcript.text.done") {
      const { type: _, ...response } = event;
      this.#response = response;
    } else this.#text += event.type === "transcript.text.delta" ? event.delta : event.text;
  }

  response(response: Transcription): void {
    this.#response = response;
  }

  get answer(): Transcription | undefined {
    return this.#response ?? (this.#text === "" ? undefined : { text: this.#text });
  }

  /** Seconds the upstream tells, which are what it bills. */
  get #told(): number | undefined {
    return plausibleMeasure(this.#response?.usage?.seconds) ?? plausibleMeasure(this.#response?.duration);
  }

  get usage(): Usage | undefined {
    const tokens = usageOf(this.#response?.usage);
    if (tokens !== undefined) return tokens;
    return this.#told !== undefined && !isBilledByTokens(this.#info) ? NO_TOKENS : undefined;
  }

  get terms(): CostOptions {
    return { measured: { seconds: this.#told ?? secondsOf(this.#request.file) } };
  }

  async estimate(model: string): Promise<Usage> {
    if (!isBilledByTokens(this.#info) && isBilledBySeconds(this.#info)) return NO_TOKENS;
    const { file, prompt } = this.#request;
    const audio_tokens = heardTokens(this.#told ?? secondsOf(file), model);
    const text_tokens = prompt ? await countTokens(prompt, model) : 0;
    const completion_tokens = await countTokens(this.answer?.text ?? "", model);
    const prompt_tokens = audio_tokens + text_tokens;
    return {
      prompt_tokens,
      completion_tokens,
      total_tokens: prompt_tokens + completion_tokens,
      prompt_tokens_details: { audio_tokens, text_tokens },
    };
  }
}

function isBilledByTokens(info: ModelInfo | undefined): boolean {
  return info?.input_cost_per_token !== undefined;
}

function isBilledBySeconds(info: ModelInfo | undefined): boolean {
  return info?.["input_cost_per_second"] !== undefined || info?.["output_cost_per_second"] !== undefined;
}

/** Tokens in chat's names; nothing where none are told. */
function usageOf(usage: TranscriptionUsage | undefined): Usage | undefined {
  const { input_tokens: input, output_tokens: output, total_tokens, input_token_details } = usage ?? {};
  if (input === undefined || output === undefined) return undefined;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: total_tokens ?? input + output,
    ...(input_token_details && { prompt_tokens_details: input_token_details }),
  };
}

/** A text is what was said; a whole answer is the answer. */
async function mockTranscription(
  mock: MockOptions,
  _: TranscriptionRequest,
  { model }: { model: string },
): Promise<Transcription> {
  throwMockError(mock, model);
  const { response } = mock;
  if (typeof response === "string") return { text: response };
  if (isRecord(response) && typeof response["text"] === "string") return { ...response, text: response["text"] };
  throw new BadRequestError("litellm.BadRequestError: mock_response of audio must be a text or an answer", {
    param: "mock_response",
  });
}
