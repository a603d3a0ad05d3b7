import { fromBase64, toBase64 } from "../formats/base64.ts";
import { BadRequestError } from "../formats/errors.ts";
import type { Usage } from "../formats/openai/chat.ts";
import {
  OPENAI_SPEECH_PARAMS,
  type SpeechAudio,
  type SpeechEvent,
  type SpeechRequest,
  speechRequestSchema,
} from "../formats/openai/speech.ts";
import { DONE_EVENT, formatEvent } from "../formats/sse.ts";
import { mostSeconds, mostSpokenTokens, spokenTokens, usualSeconds } from "../models/audio.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { CostOptions } from "../models/cost.ts";
import { countTokens } from "../models/tokens.ts";
import { settleParams, withoutNulls } from "../providers/params.ts";
import type { SpeechAdapter, Target } from "../providers/provider.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { Meter, Operation } from "./operation.ts";
import { SpokenAudio } from "./spoken-audio.ts";

export type SpeechOperation = Operation<SpeechRequest, SpeechAudio, SpeechEvent>;

/** Speech: OpenAI's format. The audio is its bytes, as they come; or events (`stream_format: "sse"`). */
export const speech: SpeechOperation = {
  name: "speech",
  summary: "Speak a text",
  paths: [
    "/v1/audio/speech",
    "/audio/speech",
    "/openai/deployments/:model{.+}/audio/speech",
    "/v1/openai/deployments/:model{.+}/audio/speech",
    "/engines/:model{.+}/audio/speech",
    "/v1/engines/:model{.+}/audio/speech",
  ],
  request: speechRequestSchema,
  wire: "openai",
  idPrefix: "",
  adapter: (provider) => provider.speech,
  // Bytes are streamed anyway: whether there are events is said by the format.
  async read({ stream: _, ...fields }) {
    return fields["stream_format"] === "sse" ? { ...fields, stream: true } : fields;
  },
  settleParams: settled,
  countInput,
  outputBound: ({ input, speed }) => mostSpokenTokens(charactersOf(input), speed ?? 1),
  answersOf: () => 1,
  termsOf({ input, speed }) {
    const inputCharacters = charactersOf(input);
    return { mayTalk: true, measured: { inputCharacters, seconds: mostSeconds(inputCharacters, speed ?? 1) } };
  },
  bounded: (request) => request,
  paramsOf: (request) => OPENAI_SPEECH_PARAMS.filter((param) => (request[param] ?? undefined) !== undefined),
  affinityOf: (_, session) => ({ session, user: undefined, promptPrefix: undefined }),
  isContent: ({ type }) => type === "speech.audio.delta",
  chunksOf: ({ audio, usage }) => [
    { type: "speech.audio.delta", audio: toBase64(audio) },
    { type: "speech.audio.done", ...(usage && { usage: speechUsage(usage) }) },
  ],
  isDialect: (part) => "audio" in part && typeof part.audio !== "string", // the client wants the audio, not the JSON it came in
  mock: mockSpeech,
  wantsStreamUsage: () => true, // it stands in the last event, always
  askForUsage: (request) => request,
  encodeWhole: ({ audio }) => audio,
  contentType: ({ contentType }) => contentType,
  encode: (event) => formatEvent(JSON.stringify(event)),
  done: DONE_EVENT,
  encodeError: (error) => formatEvent(JSON.stringify(error.toBody())),
  errorBody: (error) => error.toBody(),
  meter: (request, { info }) => new SpeechMeter(request, info),
  continuation: () => undefined,
};

/** The gateway's own fields, which providers of audio do not know. */
const GATEWAY_FIELDS = ["metadata", "user"];

function settled(
  request: SpeechRequest,
  { supportedParams }: SpeechAdapter,
  target: Target,
  policy: Parameters<SpeechOperation["settleParams"]>[3],
): SpeechRequest {
  const supported = supportedParams(target);
  const lacks = (name: string) => supported !== "all" && !supported.has(name);
  const asksNothing = (name: string, value: unknown) =>
    (name === "speed" && value === 1) || (name === "stream_format" && value === "audio");
  const isSaid = (name: string) => !(name === "stream" && request.stream_format !== "sse"); // an admin's default may say so
  const given = Object.entries(withoutNulls(request)).filter(
    ([name, value]) => !GATEWAY_FIELDS.includes(name) && isSaid(name) && !(lacks(name) && asksNothing(name, value)),
  );
  const rest = Object.fromEntries(given) as SpeechRequest; // all a request must have is still there
  return settleParams(rest, supported, policy, target.provider, OPENAI_SPEECH_PARAMS);
}

/** Characters as providers bill them: what is outside the first plane is one, too. */
function charactersOf(text: string): number {
  let characters = 0;
  for (const _ of text) characters++;
  return characters;
}

async function countInput({ input, instructions, model }: SpeechRequest): Promise<number> {
  return (await countTokens(input, model)) + (instructions ? await countTokens(instructions, model) : 0);
}

const NO_TOKENS: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

class SpeechMeter implements Meter<SpeechAudio, SpeechEvent> {
  readonly #request: SpeechRequest;
  readonly #info: ModelInfo | undefined;
  readonly #spoken: SpokenAudio;
  #usage: Usage | undefined;
  /** Audio is nothing to write down. */
  readonly answer = undefined;

  constructor(request: SpeechRequest, info: ModelInfo | undefined) {
    this.#request = request;
    this.#info = info;
    this.#spoken = new SpokenAudio(request.response_format ?? undefined);
  }

  chunk(event: SpeechEvent): void {
    if (event.type === "speech.audio.delta") this.#spoken.add(fromBase64(event.audio) ?? new Uint8Array());
    else if (event.usage) this.#usage = usageOf(event.usage);
  }

  response({ audio, contentType, usage }: SpeechAudio): void {
    this.#usage = usage;
    this.#spoken.add(audio, contentType);
  }

  bytes(piece: Uint8Array, contentType: string): void {
    this.#spoken.add(piece, contentType);
  }

  /** Where characters are billed, tokens are not counted, and nothing is to be guessed. */
  get usage(): Usage | undefined {
    const byCharacters =
      this.#info?.["input_cost_per_character"] !== undefined && this.#info.input_cost_per_token === undefined;
    return this.#usage ?? (byCharacters ? NO_TOKENS : undefined);
  }

  get terms(): CostOptions {
    return { measured: { inputCharacters: charactersOf(this.#request.input), seconds: this.#seconds } };
  }

  /** Of the audio that came; where none did, or its format does not tell, of what was to be said. */
  get #seconds(): number {
    const { input, speed } = this.#request;
    return this.#spoken.seconds ?? usualSeconds(charactersOf(input), speed ?? 1);
  }

  async estimate(model: string): Promise<Usage> {
    const prompt_tokens = await countInput({ ...this.#request, model });
    const audio_tokens = spokenTokens(this.#seconds, this.#info);
    return {
      prompt_tokens,
      completion_tokens: audio_tokens,
      total_tokens: prompt_tokens + audio_tokens,
      completion_tokens_details: { audio_tokens },
    };
  }
}

/** What is made is audio, whether or not the provider says so. */
function usageOf({ input_tokens, output_tokens, total_tokens }: NonNullable<UsageOfEvent>): Usage {
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens,
    completion_tokens_details: { audio_tokens: output_tokens },
  };
}

type UsageOfEvent = Extract<SpeechEvent, { type: "speech.audio.done" }>["usage"];

function speechUsage({ prompt_tokens, completion_tokens, total_tokens }: Usage) {
  return { input_tokens: prompt_tokens, output_tokens: completion_tokens, total_tokens };
}

/** Audio as a data URL. */
async function mockSpeech(mock: MockOptions, _: SpeechRequest, { model }: { model: string }): Promise<SpeechAudio> {
  throwMockError(mock, model);
  const [, contentType, data] = /^data:(audio\/[\w.+-]+);base64,(.*)$/s.exec(String(mock.response)) ?? [];
  const audio = data === undefined ? undefined : fromBase64(data);
  if (audio !== undefined && contentType !== undefined) return { audio, contentType };
  throw new BadRequestError("litellm.BadRequestError: mock_response of speech must be a data URL of audio in base64", {
    param: "mock_response",
  });
}
