/**
 * How large the next response of a session may be: what its conversation holds, as far as both sides have told. The
 * provider's own count takes the place of what was reckoned here whenever a response ends.
 */
import { asRecord, isRecord, type JsonObject, recordsIn } from "../../formats/json.ts";
import { type RealtimeEvent, usageOfResponse } from "../../formats/openai/realtime.ts";
import { imageTokens } from "../../models/media.ts";
import { countTokens } from "../../models/tokens.ts";
import { longestOutput } from "../../models/worst-case.ts";
import { isPlausible } from "../../operations/plausible.ts";
import type { Target } from "../../providers/provider.ts";
import type { Speech } from "../../providers/realtime.ts";
import type { Size } from "../reservation.ts";

/** Instructions of the provider's own, where the client gives none, in tokens. */
const OWN_INSTRUCTIONS = 300;
/** Seconds of sound that are reckoned with before anybody was heard to speak: what is said before the provider tells of it. */
const LEAD_SECONDS = 5;

/** Sound as text: characters of base64 for each second. */
const PCM_RATE = 24_000;
const PCM = (PCM_RATE * 2 * 4) / 3;
const G711 = (8000 * 4) / 3;

/** Counted once, however often it is asked for: what is long takes its time, and the client may add to it a word at a time. */
class CountedText {
  #text: string;
  #tokens: number | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** At once, where it was counted before. */
  tokens(model: string): number | Promise<number> {
    return this.#tokens ?? this.#count(model);
  }

  async #count(model: string): Promise<number> {
    const tokens = await countTokens(this.#text, model);
    this.#tokens = tokens;
    this.#text = ""; // which may be long
    return tokens;
  }
}

/** What was added and is in no count of the provider's yet. */
interface Added {
  texts: CountedText[];
  tokens: number;
}

/** What decides how a response is made, as a session says it. */
interface Config {
  /** Tokens of the longest answer; `inf`: as long as the model can. */
  longest?: number | "inf";
  /** May it speak? */
  talks?: boolean;
  /** Does the end of speech make a response? */
  answersSpeech?: boolean;
  isG711?: boolean;
  /** Samples a second, where it is not G.711. */
  rate?: number;
  transcribedBy?: string;
}

export class Conversation {
  readonly #model: string;
  readonly #target: Target;
  readonly #speech: Speech;
  /** As the provider confirmed it, and as the client asked for it last: an update may be refused. */
  #confirmed: Config = {};
  #asked: Config = {};
  /** Tokens, by the provider's count. */
  #held = OWN_INSTRUCTIONS;
  #added: Added = { texts: [], tokens: 0 };
  /** By response: what was added when it began is in its count. */
  readonly #counted = new Map<string, Added>();
  /** Of the sound that is not a part of the conversation yet. */
  #heardSeconds = 0;
  #isSpoken = false;
  #hasAudio = false;

  /** @param onlyListens it was asked for as a session that writes down what is said */
  constructor(model: string, target: Target, speech: Speech, onlyListens = false) {
    if (onlyListens) this.#confirmed.answersSpeech = false;
    this.#model = model;
    this.#target = target;
    this.#speech = speech;
  }

  /** Will the provider answer speech without being asked? Unless a session says otherwise, it does. */
  get answersSpeech(): boolean {
    return (this.#confirmed.answersSpeech ?? true) || this.#asked.answersSpeech === true;
  }

  /** The model that writes down what the user says, where one does. */
  get transcribedBy(): string | undefined {
    return this.#confirmed.transcribedBy ?? this.#asked.transcribedBy;
  }

  /** Of the sound that is not a part of the conversation yet. */
  get heardSeconds(): number {
    return this.#heardSeconds;
  }

  /** What the client adds. */
  client(event: RealtimeEvent): void {
    switch (event.type) {
      case "session.update":
      case "transcription_session.update": {
        const session = asRecord(event["session"]);
        this.#asked = { ...this.#asked, ...configOf(session) };
        this.#add({ instructions: session["instructions"], tools: session["tools"] });
        return;
      }
      case "session.resumed": // it may hold all that fits
        this.#held = this.#target.info?.max_input_tokens ?? this.#held;
        return;
      case "conversation.item.create":
        this.#addItem(event["item"]);
        return;
      case "input_audio_buffer.append":
        if (typeof event["audio"] === "string") this.#hear(event["audio"].length);
        return;
      case "input_audio_buffer.clear":
        this.#heardSeconds = 0;
    }
  }

  /** What the provider tells. */
  server(event: RealtimeEvent): void {
    switch (event.type) {
      case "session.created":
      case "session.updated":
      case "transcription_session.created":
      case "transcription_session.updated":
        this.#confirmed = { ...this.#confirmed, ...configOf(asRecord(event["session"])) };
        return;
      case "input_audio_buffer.speech_started":
        this.#isSpoken = true;
        return;
      case "input_audio_buffer.committed":
        this.#isSpoken = false;
        this.#added.tokens += this.#heardSeconds * this.#speech.heard;
        this.#heardSeconds = 0;
        return;
      case "response.created": {
        const { id, conversation_id: conversation } = asRecord(event["response"]);
        if (typeof id !== "string" || conversation === null) return; // apart from the conversation
        this.#counted.set(id, this.#added);
        this.#added = { texts: [], tokens: 0 };
        return;
      }
      case "response.done":
        this.#count(asRecord(event["response"]));
    }
  }

  /**
   * The response that an event asks for, or the one that speech will bring about.
   * @param ahead seconds of speech that are reckoned with beside those heard so far
   */
  sizeOf(asked: RealtimeEvent | undefined, ahead = 0): Size {
    const response = asRecord(asked?.["response"]);
    const { longest, talks } = { ...this.#confirmed, ...configOf(response) };
    // What it has of its own: instructions, tools, items in place of the conversation.
    const own = asked === undefined ? "" : JSON.stringify(response);
    const texts = [...this.#allAdded.flatMap((added) => added.texts), ...(own === "" ? [] : [new CountedText(own)])];
    const spoken = (this.#heardSeconds + ahead) * this.#speech.heard;
    const tokens = this.#held + this.#allAdded.reduce((sum, added) => sum + added.tokens, 0) + spoken;
    const mayTalk = talks ?? true;
    const hasAudio = this.#hasAudio || ahead > 0 || own.includes('"input_audio"');
    return {
      model: this.#model,
      input: async () => Math.ceil(this.#withinWindow(tokens + (await this.#tokensOf(texts)))),
      // Speech is answered without a word of the gateway's that could make the answer shorter.
      output: boundOf(longest) ?? (asked === undefined ? longestOutput(this.#target.info) : undefined),
      roomFor: () => 0,
      answers: 1,
      terms: { hasAudio, mayTalk },
    };
  }

  /** The longest answer the client asked for, confirmed or not. */
  get longestAsked(): number | undefined {
    return boundOf(this.#asked.longest ?? this.#confirmed.longest);
  }

  get #allAdded(): Added[] {
    return [...this.#counted.values(), this.#added];
  }

  async #tokensOf(texts: readonly CountedText[]): Promise<number> {
    let tokens = 0;
    for (const text of texts) {
      const counted = text.tokens(this.#model);
      tokens += typeof counted === "number" ? counted : await counted;
    }
    return tokens;
  }

  /** What no longer fits is left out by the provider. */
  #withinWindow(tokens: number): number {
    return Math.min(tokens, this.#target.info?.max_input_tokens ?? Number.POSITIVE_INFINITY);
  }

  #add(value: object): void {
    const text = JSON.stringify(value);
    if (text !== "{}") this.#added.texts.push(new CountedText(text));
  }

  #addItem(item: unknown): void {
    const content: unknown = asRecord(item)["content"];
    const parts = recordsIn(content);
    const rest: unknown[] = [];
    for (const part of parts) {
      const { audio, image_url: image, ...others } = part;
      rest.push(others);
      if (typeof audio === "string") {
        this.#hasAudio = true;
        this.#added.tokens += this.#secondsOf(audio.length) * this.#speech.heard;
      }
      if (typeof image === "string") this.#added.tokens += imageTokens(image, "high", this.#model);
    }
    this.#add({ ...asRecord(item), content: rest });
  }

  #hear(characters: number): void {
    this.#hasAudio = true;
    const heard = this.#heardSeconds + this.#secondsOf(characters);
    // A microphone that is always open: of silence the provider keeps nothing.
    this.#heardSeconds = this.answersSpeech && !this.#isSpoken ? Math.min(heard, LEAD_SECONDS) : heard;
  }

  #secondsOf(characters: number): number {
    const isG711 = this.#confirmed.isG711 || this.#asked.isG711;
    // What is asked for may be refused.
    const confirmed = this.#confirmed.rate ?? PCM_RATE;
    const rate = Math.min(this.#asked.rate ?? confirmed, confirmed);
    return characters / (isG711 ? G711 : PCM * (rate / PCM_RATE));
  }

  #count(response: JsonObject): void {
    const id = String(response["id"]);
    const begunWith = this.#counted.get(id);
    if (begunWith === undefined) return;
    this.#counted.delete(id);
    const usage = usageOfResponse(response);
    if (!isPlausible(usage) || usage.total_tokens === 0) {
      this.#added = {
        texts: [...begunWith.texts, ...this.#added.texts],
        tokens: begunWith.tokens + this.#added.tokens,
      };
      return;
    }
    this.#held = usage.total_tokens;
    const { prompt_tokens_details: input, completion_tokens_details: output } = usage;
    if ((input?.audio_tokens ?? 0) + (output?.audio_tokens ?? 0) > 0) this.#hasAudio = true;
  }
}

function boundOf(longest: Config["longest"]): number | undefined {
  return typeof longest === "number" ? longest : undefined;
}

/** Of a session, or of a single response; in the words of the API's first version, too. What is not said is not set. */
function configOf(said: JsonObject): Config {
  const audio = asRecord(said["audio"]);
  const input = asRecord(audio["input"]);
  const config: Config = {};
  const longest = said["max_output_tokens"] ?? said["max_response_output_tokens"];
  if (typeof longest === "number" || longest === "inf") config.longest = longest;
  const modalities = said["output_modalities"] ?? said["modalities"];
  if (Array.isArray(modalities)) config.talks = modalities.includes("audio");
  const detection = "turn_detection" in input ? input["turn_detection"] : said["turn_detection"];
  if (said["type"] === "transcription" || said["object"] === "realtime.transcription_session")
    config.answersSpeech = false;
  else if (detection !== undefined)
    config.answersSpeech = isRecord(detection) && detection["create_response"] !== false;
  const format = input["format"] ?? said["input_audio_format"];
  if (format !== undefined) config.isG711 = /g711|pcmu|pcma/.test(String(asRecord(format)["type"] ?? format));
  const { rate } = asRecord(format);
  if (typeof rate === "number" && rate > 0) config.rate = rate;
  const transcription = asRecord(input["transcription"] ?? said["input_audio_transcription"]);
  if (typeof transcription["model"] === "string") config.transcribedBy = transcription["model"];
  return config;
}
