/** One response, as the events OpenAI tells it by. */
import type { JsonObject } from "../../json.ts";
import { newId, type RealtimeEvent } from "../../openai/realtime.ts";

/** Names that were others in the API's first version. */
const FIRST_NAMES: Readonly<Record<string, string>> = {
  "response.output_text.delta": "response.text.delta",
  "response.output_text.done": "response.text.done",
  "response.output_audio.delta": "response.audio.delta",
  "response.output_audio.done": "response.audio.done",
  "response.output_audio_transcript.delta": "response.audio_transcript.delta",
  "response.output_audio_transcript.done": "response.audio_transcript.done",
  "conversation.item.added": "conversation.item.created",
};

/** An event of the server's; of the first version, if so asked. Events that version has not are left out. */
export function serverEvent(type: string, fields: JsonObject, isBeta: boolean): RealtimeEvent[] {
  if (isBeta && type === "conversation.item.done") return [];
  const name = (isBeta ? FIRST_NAMES[type] : undefined) ?? type;
  return [{ type: name, event_id: newId("event"), ...fields }];
}

export type Status = "completed" | "cancelled" | "incomplete" | "failed";

export class LiveResponse {
  readonly id = newId("resp");
  readonly #speaks: boolean;
  readonly #isBeta: boolean;
  readonly #conversationId: string;
  readonly #metadata: unknown;
  readonly #output: JsonObject[] = [];
  /** The message that is being spoken or written. */
  #message: { id: string; index: number; text: string; hasAudio: boolean } | undefined;

  constructor({
    speaks,
    isBeta,
    conversationId,
    metadata = null,
  }: {
    speaks: boolean;
    isBeta: boolean;
    conversationId: string;
    metadata?: unknown;
  }) {
    this.#speaks = speaks;
    this.#isBeta = isBeta;
    this.#conversationId = conversationId;
    this.#metadata = metadata;
  }

  created(): RealtimeEvent[] {
    return this.#event("response.created", { response: this.#shown("in_progress") });
  }

  text(delta: string): RealtimeEvent[] {
    const begun = this.#begin();
    this.#add(delta);
    return [...begun, ...this.#event("response.output_text.delta", { ...this.#place(), delta })];
  }

  transcript(delta: string): RealtimeEvent[] {
    const begun = this.#begin();
    this.#add(delta);
    return [...begun, ...this.#event("response.output_audio_transcript.delta", { ...this.#place(), delta })];
  }

  audio(delta: string): RealtimeEvent[] {
    const begun = this.#begin();
    if (this.#message !== undefined) this.#message.hasAudio = true;
    return [...begun, ...this.#event("response.output_audio.delta", { ...this.#place(), delta })];
  }

  functionCall(call: { call_id: string; name: string; arguments: string }): RealtimeEvent[] {
    const ended = this.#endMessage("completed");
    const item = { id: newId("item"), object: "realtime.item", type: "function_call", ...call };
    const place = { response_id: this.id, item_id: item.id, output_index: this.#output.length };
    const done = { ...item, status: "completed" };
    this.#output.push(done);
    const { call_id, name, arguments: json } = call;
    return [
      ...ended,
      ...this.#itemAdded({ ...item, arguments: "", status: "in_progress" }, place.output_index),
      ...this.#event("response.function_call_arguments.delta", { ...place, call_id, delta: json }),
      ...this.#event("response.function_call_arguments.done", { ...place, call_id, name, arguments: json }),
      ...this.#itemDone(done, place.output_index),
    ];
  }

  /** @param usage as OpenAI's, `undefined` where it is not known */
  done(status: Status, usage: JsonObject | undefined, reason?: string): RealtimeEvent[] {
    const ended = this.#endMessage(status === "completed" ? "completed" : "incomplete");
    const details = reason === undefined ? null : { type: status, reason };
    const response = { ...this.#shown(status), status_details: details, usage: usage ?? null };
    return [...ended, ...this.#event("response.done", { response })];
  }

  #shown(status: Status | "in_progress"): JsonObject {
    const modalities = this.#speaks ? ["audio"] : ["text"];
    return {
      object: "realtime.response",
      id: this.id,
      status,
      status_details: null,
      output: [...this.#output],
      conversation_id: this.#conversationId,
      ...(this.#isBeta ? { modalities } : { output_modalities: modalities }),
      metadata: this.#metadata,
      usage: null,
    };
  }

  #begin(): RealtimeEvent[] {
    if (this.#message !== undefined) return [];
    this.#message = { id: newId("item"), index: this.#output.length, text: "", hasAudio: false };
    const { id, index } = this.#message;
    const item = {
      id,
      object: "realtime.item",
      type: "message",
      status: "in_progress",
      role: "assistant",
      content: [],
    };
    return [
      ...this.#itemAdded(item, index),
      ...this.#event("response.content_part.added", { ...this.#place(), part: this.#part("") }),
    ];
  }

  #endMessage(status: "completed" | "incomplete"): RealtimeEvent[] {
    const message = this.#message;
    if (message === undefined) return [];
    const place = this.#place();
    const { id, index, text, hasAudio } = message;
    this.#message = undefined;
    const part = this.#part(text);
    const shown = this.#speaks
      ? { ...part, type: this.#isBeta ? "audio" : "output_audio" }
      : { type: this.#isBeta ? "text" : "output_text", text };
    const item = { id, object: "realtime.item", type: "message", status, role: "assistant", content: [shown] };
    this.#output[index] = item;
    return [
      ...(hasAudio ? this.#event("response.output_audio.done", place) : []),
      ...(this.#speaks
        ? this.#event("response.output_audio_transcript.done", { ...place, transcript: text })
        : this.#event("response.output_text.done", { ...place, text })),
      ...this.#event("response.content_part.done", { ...place, part }),
      ...this.#itemDone(item, index),
    ];
  }

  #itemAdded(item: JsonObject, output_index: number): RealtimeEvent[] {
    return [
      ...this.#event("response.output_item.added", { response_id: this.id, output_index, item }),
      ...this.#event("conversation.item.added", { previous_item_id: null, item }),
    ];
  }

  #itemDone(item: JsonObject, output_index: number): RealtimeEvent[] {
    return [
      ...this.#event("response.output_item.done", { response_id: this.id, output_index, item }),
      ...this.#event("conversation.item.done", { previous_item_id: null, item }),
    ];
  }

  #part(text: string): JsonObject {
    return this.#speaks ? { type: "audio", transcript: text } : { type: "text", text };
  }

  #add(text: string): void {
    if (this.#message !== undefined) this.#message.text += text;
  }

  #place(): JsonObject {
    const { id, index } = this.#message ?? { id: "", index: 0 };
    return { response_id: this.id, item_id: id, output_index: index, content_index: 0 };
  }

  #event(type: string, fields: JsonObject): RealtimeEvent[] {
    return serverEvent(type, fields, this.#isBeta);
  }
}
