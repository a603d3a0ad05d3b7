/**
 * Between OpenAI's realtime events and the messages of Gemini's Live API.
 *
 * The two differ in when things are told. Gemini takes a session's settings once, before anything else: they are sent with
 * the first input. It answers results of functions and the end of speech by itself: what OpenAI's client adds is kept here
 * until the client asks for a response.
 * Source: Gemini API reference, "Live API - WebSockets API reference".
 */
import { APIError, BadRequestError } from "../../errors.ts";
import { asRecord, isRecord, isSame, type JsonObject, recordsIn } from "../../json.ts";
import { newId, type RealtimeEvent, type RealtimeTranslator, type Translated } from "../../openai/realtime.ts";
import type { Content, Part } from "../types.ts";
import { LiveResponse, serverEvent } from "./response.ts";
import { hearsTurns, modalityOf, newSession, type Session, setupOf, updated } from "./session.ts";
import { realtimeUsage } from "./usage.ts";

export class LiveTranslator implements RealtimeTranslator {
  readonly #isBeta: boolean;
  readonly #conversationId = newId("conv");
  #session: Session;
  /** As it was told to Gemini; absent until there is input. */
  #setup: JsonObject | undefined;
  #isReady = false;
  /** Until Gemini is ready. */
  readonly #waiting: string[] = [];
  /** What the client has added since the last response. */
  #turns: Content[] = [];
  #results: JsonObject[] = [];
  /** Names of functions by the id of their call. */
  readonly #functions = new Map<string, string>();
  /** The client speaks, and says itself when it has ended. */
  #isSpeaking = false;
  #response: LiveResponse | undefined;
  #metadata: unknown;
  #usage: JsonObject | undefined;
  /** The client does not want the rest of the response. */
  #isCancelled = false;
  /** The user's speech that is being written down. */
  #heard: { id: string; text: string } | undefined;

  constructor(model: string, isBeta: boolean) {
    this.#session = newSession(model);
    this.#isBeta = isBeta;
  }

  open(): Translated {
    return { toClient: this.#event("session.created", { session: this.#session }) };
  }

  fromClient(event: RealtimeEvent): Translated {
    switch (event.type) {
      case "session.update":
        return this.#update(asRecord(event["session"]));
      case "conversation.item.create":
        return this.#addItem(asRecord(event["item"]));
      case "input_audio_buffer.append":
        return this.#hear(event["audio"]);
      case "input_audio_buffer.commit":
        return this.#commit();
      case "input_audio_buffer.clear":
        return { toClient: this.#event("input_audio_buffer.cleared", {}) };
      case "response.create":
        return this.#ask(asRecord(event["response"]));
      case "response.cancel":
        return this.#cancel();
      case "conversation.item.truncate": {
        const { item_id, content_index = 0, audio_end_ms = 0 } = event;
        return { toClient: this.#event("conversation.item.truncated", { item_id, content_index, audio_end_ms }) };
      }
      default:
        throw new BadRequestError(`Gemini has no equal of ${event.type}.`, { param: "type" });
    }
  }

  fromUpstream(message: string): Translated {
    const said = parsed(message);
    if (isRecord(said["usageMetadata"])) this.#usage = realtimeUsage(said["usageMetadata"]);
    if (isRecord(said["error"])) throw new APIError(String(said["error"]["message"] ?? "Gemini ended the session"));
    if (said["setupComplete"] !== undefined) {
      this.#isReady = true;
      return { toUpstream: this.#waiting.splice(0) };
    }
    const toClient: RealtimeEvent[] = [];
    if (isRecord(said["serverContent"])) toClient.push(...this.#content(said["serverContent"]));
    if (isRecord(said["toolCall"])) toClient.push(...this.#calls(said["toolCall"]));
    return { toClient };
  }

  // What the client says.

  #update(given: JsonObject): Translated {
    const next = updated(this.#session, given);
    if (this.#setup !== undefined && !isSame(setupOf(next), this.#setup))
      throw new BadRequestError("Gemini takes the settings of a session only before its first input.", {
        param: "session",
      });
    setupOf(next); // a tool that has no equal is refused now
    this.#session = next;
    return { toClient: this.#event("session.updated", { session: next }) };
  }

  #addItem(given: JsonObject): Translated {
    const item = { id: newId("item"), object: "realtime.item", status: "completed", ...given };
    switch (given["type"]) {
      case "message":
        this.#turns.push({ role: given["role"] === "assistant" ? "model" : "user", parts: partsOf(given["content"]) });
        break;
      case "function_call_output":
        this.#results.push(this.#resultOf(given));
        break;
      default:
        throw new BadRequestError(`Gemini takes no items of type ${String(given["type"])}.`, { param: "item.type" });
    }
    return {
      toClient: [
        ...this.#event("conversation.item.added", { previous_item_id: null, item }),
        ...this.#event("conversation.item.done", { previous_item_id: null, item }),
      ],
    };
  }

  #resultOf({ call_id, output }: JsonObject): JsonObject {
    const name = this.#functions.get(String(call_id));
    if (name === undefined)
      throw new BadRequestError(`There was no function call ${String(call_id)}.`, { param: "item.call_id" });
    const text = typeof output === "string" ? output : JSON.stringify(output);
    const value = parsedOr(text);
    return { id: call_id, name, response: isRecord(value) ? value : { output: value ?? text } };
  }

  #hear(audio: unknown): Translated {
    if (typeof audio !== "string") throw new BadRequestError("audio must be base64.", { param: "audio" });
    const messages: JsonObject[] = [];
    if (!hearsTurns(this.#session) && !this.#isSpeaking) {
      this.#isSpeaking = true;
      messages.push({ realtimeInput: { activityStart: {} } });
    }
    messages.push({ realtimeInput: { audio: { data: audio, mimeType: "audio/pcm;rate=24000" } } });
    return this.#say(messages);
  }

  /** Gemini would answer at once: the end of speech is told when the client asks for a response. */
  #commit(): Translated {
    const item_id = newId("item");
    const item = { id: item_id, object: "realtime.item", type: "message", status: "completed", role: "user" };
    const content = [{ type: "input_audio", transcript: null }];
    const toClient = [
      ...this.#event("input_audio_buffer.committed", { previous_item_id: null, item_id }),
      ...this.#event("conversation.item.added", { previous_item_id: null, item: { ...item, content } }),
    ];
    const messages = hearsTurns(this.#session) ? [{ realtimeInput: { audioStreamEnd: true } }] : [];
    return { ...this.#say(messages), toClient };
  }

  #ask({ instructions, metadata }: JsonObject): Translated {
    this.#metadata = metadata ?? null;
    const messages: JsonObject[] = [];
    if (this.#results.length > 0) messages.push({ toolResponse: { functionResponses: this.#results } });
    const turns = [...this.#turns];
    if (typeof instructions === "string" && instructions !== "")
      turns.push({ role: "user", parts: [{ text: instructions }] });
    const isAsked = this.#isSpeaking || this.#results.length > 0;
    if (turns.length > 0 || !isAsked) messages.push({ clientContent: { turns, turnComplete: !this.#isSpeaking } });
    if (this.#isSpeaking) messages.push({ realtimeInput: { activityEnd: {} } });
    this.#isSpeaking = false;
    this.#turns = [];
    this.#results = [];
    return this.#say(messages);
  }

  /** Whatever a client says interrupts Gemini. */
  #cancel(): Translated {
    if (this.#response === undefined) return {};
    this.#isCancelled = true;
    return this.#say([{ clientContent: { turns: [], turnComplete: false } }]);
  }

  /** Says it as soon as Gemini is ready to hear it. */
  #say(messages: readonly JsonObject[]): Translated {
    const texts = messages.map((message) => JSON.stringify(message));
    if (this.#isReady) return { toUpstream: texts };
    this.#waiting.push(...texts);
    if (this.#setup !== undefined || texts.length === 0) return {};
    this.#setup = setupOf(this.#session);
    return { toUpstream: [JSON.stringify(this.#setup)] };
  }

  // What Gemini says.

  #content(content: JsonObject): RealtimeEvent[] {
    const events: RealtimeEvent[] = [];
    const heard = textIn(content["inputTranscription"]);
    if (heard !== "") events.push(...this.#heardText(heard));
    const parts: unknown = asRecord(content["modelTurn"])["parts"];
    for (const part of recordsIn(parts)) events.push(...this.#part(part));
    const spoken = textIn(content["outputTranscription"]);
    if (spoken !== "") events.push(...this.#answer((response) => response.transcript(spoken)));
    if (content["interrupted"] === true) events.push(...this.#interrupted());
    if (content["turnComplete"] === true) events.push(...this.#end(this.#isCancelled ? "cancelled" : "completed"));
    return events;
  }

  #part({ text, thought, inlineData }: JsonObject): RealtimeEvent[] {
    const { data, mimeType } = asRecord(inlineData);
    if (typeof data === "string" && /^audio\//.test(String(mimeType ?? "audio/pcm")))
      return this.#answer((response) => response.audio(data));
    if (typeof text !== "string" || text === "" || thought === true) return [];
    // A model that speaks writes beside it what is not for the ear.
    return modalityOf(this.#session) === "text" ? this.#answer((response) => response.text(text)) : [];
  }

  #calls({ functionCalls }: JsonObject): RealtimeEvent[] {
    const calls = recordsIn(functionCalls);
    const events = calls.flatMap(({ id, name, args }) => {
      const call_id = typeof id === "string" && id !== "" ? id : newId("call");
      this.#functions.set(call_id, String(name));
      const call = { call_id, name: String(name), arguments: JSON.stringify(args ?? {}) };
      return this.#answer((response) => response.functionCall(call));
    });
    // It says no more until it has the results.
    return [...events, ...this.#end("completed")];
  }

  /** A part of the answer, which may be its first. */
  #answer(say: (response: LiveResponse) => RealtimeEvent[]): RealtimeEvent[] {
    if (this.#response !== undefined) return this.#isCancelled ? [] : say(this.#response);
    const metadata = this.#metadata;
    this.#metadata = null;
    this.#response = new LiveResponse({
      speaks: modalityOf(this.#session) === "audio",
      isBeta: this.#isBeta,
      conversationId: this.#conversationId,
      metadata,
    });
    return [...this.#heardAll(), ...this.#response.created(), ...say(this.#response)];
  }

  #interrupted(): RealtimeEvent[] {
    const speech = hearsTurns(this.#session)
      ? this.#event("input_audio_buffer.speech_started", { audio_start_ms: 0, item_id: newId("item") })
      : [];
    const reason = this.#isCancelled ? "client_cancelled" : "turn_detected";
    return [...speech, ...this.#end("cancelled", reason)];
  }

  #end(status: "completed" | "cancelled", reason?: string): RealtimeEvent[] {
    const response = this.#response;
    const heard = this.#heardAll();
    if (response === undefined) return heard;
    const usage = this.#usage;
    this.#response = undefined;
    this.#usage = undefined;
    this.#isCancelled = false;
    return [...heard, ...response.done(status, usage, reason)];
  }

  #heardText(delta: string): RealtimeEvent[] {
    this.#heard ??= { id: newId("item"), text: "" };
    this.#heard.text += delta;
    const at = { item_id: this.#heard.id, content_index: 0 };
    return this.#event("conversation.item.input_audio_transcription.delta", { ...at, delta });
  }

  #heardAll(): RealtimeEvent[] {
    if (this.#heard === undefined) return [];
    const { id, text } = this.#heard;
    this.#heard = undefined;
    const at = { item_id: id, content_index: 0 };
    return this.#event("conversation.item.input_audio_transcription.completed", { ...at, transcript: text });
  }

  #event(type: string, fields: JsonObject): RealtimeEvent[] {
    return serverEvent(type, fields, this.#isBeta);
  }
}

/** @throws BadRequestError for content Gemini cannot read */
function partsOf(content: unknown): Part[] {
  const given = recordsIn(content);
  return given.map(({ type, text, audio, image_url: image, transcript }): Part => {
    if (typeof text === "string") return { text };
    if (typeof audio === "string") return { inlineData: { mimeType: "audio/pcm;rate=24000", data: audio } };
    if (typeof transcript === "string") return { text: transcript };
    const [, mimeType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(typeof image === "string" ? image : "") ?? [];
    if (mimeType !== undefined && data !== undefined) return { inlineData: { mimeType, data } };
    throw new BadRequestError(`Gemini takes no content of type ${String(type)} like this.`, { param: "item.content" });
  });
}

function textIn(transcription: unknown): string {
  const { text } = asRecord(transcription);
  return typeof text === "string" ? text : "";
}

function parsed(message: string): JsonObject {
  return asRecord(parsedOr(message));
}

/** `undefined` where it is no JSON. */
function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
