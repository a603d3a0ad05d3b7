/**
 * A session in which both sides speak the Live API's own messages. They pass as they are, but for the model in the first; what of
 * them counts is told in OpenAI's events. Source: Gemini API reference, "Live API - WebSockets API reference".
 */
import { BadRequestError } from "../../errors.ts";
import { asRecord, isRecord, isSame, type JsonObject, recordsIn } from "../../json.ts";
import { newId, type ReadMessage, type RealtimeEvent, type RealtimeReader } from "../../openai/realtime.ts";
import { repeatedField } from "../../repeated-field.ts";
import { realtimeUsage } from "./usage.ts";

/** Samples a second of sound that does not say so. */
const USUAL_RATE = 16_000;
const RATES = { least: 8000, most: 48_000 };

interface Made {
  id: string;
  /** The client spoke while it was made. */
  isInterrupted: boolean;
  /** It is over, and what it used is not told yet. */
  isOver: boolean;
}

export class LiveReader implements RealtimeReader {
  readonly #model: string;
  #session: JsonObject | undefined;
  #rate = 0;
  #made: Made | undefined;
  #usage: JsonObject | undefined;
  /** What was told last of a response that is over. */
  #charged: JsonObject | undefined;

  /** Whatever a client says interrupts the model. */
  readonly stop = JSON.stringify({ clientContent: { turns: [], turnComplete: false } });

  /** @param model as the API names it, which stands in place of the client's name for it */
  constructor(model: string) {
    this.#model = model;
  }

  client(message: string): ReadMessage {
    const said = messageIn(message);
    if ("setup" in said) return this.#setUp(said);
    if (this.#session === undefined) throw new BadRequestError("The first message must be the setup.");
    const events = Object.keys(said).flatMap((name) => this.#heard(name, said[name]));
    return { events, mayBringAnswer: true, asksForAnswer: Object.keys(said).some((name) => asks(name, said[name])) };
  }

  /** Written anew: what was judged is what is asked for. */
  #setUp({ setup, ...others }: JsonObject): ReadMessage {
    if (this.#session !== undefined) throw new BadRequestError("A session is set up once.");
    if (!isRecord(setup) || Object.keys(others).length > 0)
      throw new BadRequestError("The first message must be the setup, and nothing else.");
    const read = [setup, field(setup, "generationConfig"), field(setup, "sessionResumption")];
    if (read.some((object) => standsTwice(asRecord(object))))
      throw new BadRequestError("A field of the setup stands twice, by each of its names.");
    this.#session = sessionOf(setup);
    const text = JSON.stringify({ setup: { ...setup, model: this.#model } });
    const resumed = isResumption(setup) ? [{ type: "session.resumed" }] : [];
    return { events: [{ type: "session.update", session: this.#session }, ...resumed], text, mayBringAnswer: false };
  }

  #heard(name: string, value: unknown): RealtimeEvent[] {
    switch (camel(name)) {
      case "realtimeInput":
        return this.#input(asRecord(value));
      case "clientContent": {
        const turns = recordsIn(field(asRecord(value), "turns"));
        return this.#items(turns.flatMap((turn) => recordsIn(turn["parts"])));
      }
      default: // results of functions, and what the API will have
        return [item([{ type: "input_text", text: JSON.stringify(value) }])];
    }
  }

  #input(input: JsonObject): RealtimeEvent[] {
    return Object.keys(input).flatMap((name) => {
      const value = input[name];
      switch (camel(name)) {
        case "audio":
        case "video":
          return this.#media(asRecord(value));
        case "mediaChunks":
          return recordsIn(value).flatMap((media) => this.#media(media));
        case "text":
          return [item([{ type: "input_text", text: value }])];
        case "activityStart":
          return [{ type: "input_audio_buffer.speech_started" }];
        case "activityEnd":
          return [{ type: "input_audio_buffer.committed" }];
        default:
          return [];
      }
    });
  }

  #media(blob: JsonObject): RealtimeEvent[] {
    const { data, mimeType } = mediaIn(blob);
    if (data === undefined) return [];
    if (/^image\//i.test(mimeType)) return [item([imagePart(mimeType, data)])];
    return [...this.#rateOf(mimeType), { type: "input_audio_buffer.append", audio: data }];
  }

  #items(parts: readonly JsonObject[]): RealtimeEvent[] {
    const events: RealtimeEvent[] = [];
    const content: JsonObject[] = [];
    for (const part of parts) {
      const { data, mimeType } = mediaIn(asRecord(field(part, "inlineData")));
      if (data === undefined) content.push({ type: "input_text", text: JSON.stringify(part) });
      else if (/^image\//i.test(mimeType)) content.push(imagePart(mimeType, data));
      else {
        events.push(...this.#rateOf(mimeType));
        content.push({ type: "input_audio", audio: data });
      }
    }
    return [...events, item(content)];
  }

  /** Told where it changes. */
  #rateOf(mimeType: string): RealtimeEvent[] {
    const told = Number(/rate=(\d+)/i.exec(mimeType)?.[1] ?? USUAL_RATE);
    const rate = Math.min(Math.max(told, RATES.least), RATES.most);
    if (rate === this.#rate) return [];
    this.#rate = rate;
    return [{ type: "session.update", session: { audio: { input: { format: { type: "audio/pcm", rate } } } } }];
  }

  server(message: string): RealtimeEvent[] {
    const said = asRecord(parsed(message));
    const content = asRecord(said["serverContent"]);
    const events: RealtimeEvent[] = [];
    if (said["setupComplete"] !== undefined) events.push({ type: "session.updated", session: this.#session ?? {} });
    const turn: unknown = asRecord(content["modelTurn"])["parts"];
    const pieces = recordsIn(turn).map(pieceOf);
    const calls = said["toolCall"] !== undefined;
    if (pieces.length > 0 || calls || content["outputTranscription"] !== undefined) events.push(...this.#begun());
    events.push(...pieces);
    if (isRecord(said["usageMetadata"])) events.push(...this.#used(realtimeUsage(said["usageMetadata"])));
    if (content["interrupted"] === true && this.#made !== undefined) this.#made.isInterrupted = true;
    // Until it has the results of its functions the model says no more.
    if (content["turnComplete"] === true || calls) events.push(...this.#over());
    return events;
  }

  #begun(): RealtimeEvent[] {
    if (this.#made !== undefined && !this.#made.isOver && !this.#made.isInterrupted) return [];
    const before = this.#done(); // of which nothing more will be told
    const id = newId("resp");
    this.#made = { id, isInterrupted: false, isOver: false };
    return [...before, { type: "response.created", response: { id } }];
  }

  /** What was used is told with the last message of a turn, after it, or along the way. */
  #used(usage: JsonObject): RealtimeEvent[] {
    if (this.#made === undefined && (isSame(usage, this.#charged) || usage["total_tokens"] === 0)) return [];
    const begun = this.#made === undefined ? this.#begun() : [];
    this.#usage = usage;
    if (begun.length > 0 && this.#made !== undefined) this.#made.isOver = true; // nothing was said, but it is charged
    return this.#made?.isOver === true ? [...begun, ...this.#done()] : begun;
  }

  #over(): RealtimeEvent[] {
    if (this.#made === undefined) return [];
    this.#made.isOver = true;
    return this.#usage === undefined ? [] : this.#done();
  }

  #done(): RealtimeEvent[] {
    const made = this.#made;
    const usage = this.#usage;
    if (made === undefined) return [];
    this.#made = undefined;
    this.#usage = undefined;
    this.#charged = usage;
    const status = made.isInterrupted ? "cancelled" : "completed";
    return [{ type: "response.done", response: { id: made.id, status, ...(usage && { usage }) } }];
  }
}

/**
 * The model a session is set up for, as its client names it; `undefined` where it names none.
 * @throws BadRequestError where the message is no setup
 */
export function modelOfSetup(message: string): string | undefined {
  const { setup } = messageIn(message);
  if (!isRecord(setup)) throw new BadRequestError("The first message must be the setup.");
  const { model } = setup;
  return typeof model === "string" && model !== "" ? model : undefined;
}

/** Google's servers take a field by either of its names: what stands twice could be read otherwise than here. */
function messageIn(text: string): JsonObject {
  const value = parsed(text);
  if (!isRecord(value)) throw new BadRequestError("A message must be a JSON object.");
  if (repeatedField(text) === undefined && !standsTwice(value)) return value;
  throw new BadRequestError("A field of the message stands twice.");
}

/** Does a field stand there by both of its names? */
function standsTwice(object: JsonObject): boolean {
  const names = Object.keys(object).map(camel);
  return new Set(names).size < names.length;
}

/** Of sound nobody can say whether, or when, it is answered. */
function asks(name: string, value: unknown): boolean {
  const said = asRecord(value);
  switch (camel(name)) {
    case "clientContent":
      return field(said, "turnComplete") === true;
    case "realtimeInput":
      return said["text"] !== undefined;
    case "toolResponse":
      return recordsIn(field(said, "functionResponses")).some(({ scheduling }) => scheduling !== "SILENT");
    default:
      return false;
  }
}

/** Does the session go on with a conversation of another one, of which nothing is known? */
function isResumption(setup: JsonObject): boolean {
  const { handle } = asRecord(field(setup, "sessionResumption"));
  return handle !== undefined && handle !== null && handle !== "";
}

/** What decides how large a response may be, in the words of OpenAI's sessions. */
function sessionOf(setup: JsonObject): JsonObject {
  const config = asRecord(field(setup, "generationConfig"));
  const longest = field(config, "maxOutputTokens");
  const modalities = field(config, "responseModalities");
  const isNamed = Array.isArray(modalities) && modalities.every((name) => /^(?:audio|text)$/i.test(textOf(name)));
  return {
    instructions: JSON.stringify(field(setup, "systemInstruction")),
    tools: setup["tools"],
    ...(typeof longest === "number" && longest > 0 && { max_output_tokens: longest }),
    ...(isNamed && { output_modalities: modalities.map((name) => String(name).toLowerCase()) }),
  };
}

function pieceOf(part: JsonObject): RealtimeEvent {
  const { data, mimeType } = mediaIn(asRecord(part["inlineData"]));
  if (data !== undefined && /^audio\//i.test(mimeType || "audio/pcm"))
    return { type: "response.output_audio.delta", delta: data };
  return { type: "response.output_text.delta", delta: textOf(part["text"]) };
}

function item(content: readonly JsonObject[]): RealtimeEvent {
  return { type: "conversation.item.create", item: { type: "message", role: "user", content } };
}

function imagePart(mimeType: string, data: string): JsonObject {
  return { type: "input_image", image_url: `data:${mimeType};base64,${data}` };
}

function mediaIn(blob: JsonObject): { data: string | undefined; mimeType: string } {
  const { data } = blob;
  return { data: typeof data === "string" ? data : undefined, mimeType: textOf(field(blob, "mimeType")) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** By its name in JSON, or in the API's definition (`turn_complete`). */
function field(object: JsonObject, name: string): unknown {
  return object[name] ?? object[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
