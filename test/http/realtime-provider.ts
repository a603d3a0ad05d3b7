/** A provider of realtime sessions as OpenAI is one, for tests. */
import { type Event, type ServerSession, startSocketServer } from "./sockets.ts";

let ids = 0;
const id = (kind: string) => `${kind}_${++ids}`;

/** How a response of the provider's is, by the text it is asked with. */
export interface Script {
  text?: string;
  usage?: object;
  /** Pieces of sound, base64. */
  audio?: string[];
  call?: { name: string; arguments: string };
  /** `hang`: it begins and never ends, unless it is cancelled. `reset`: the connection breaks off within it. */
  end?: "hang" | "reset" | "failed" | "deaf";
}

export const USAGE = {
  total_tokens: 150,
  input_tokens: 100,
  output_tokens: 50,
  input_token_details: { text_tokens: 60, audio_tokens: 40, cached_tokens: 0 },
  output_token_details: { text_tokens: 20, audio_tokens: 30 },
};

export function startProvider(
  scriptOf: (event: Event, session: ServerSession) => Script,
  options: Parameters<typeof startSocketServer>[1] = {},
) {
  const hanging = new Map<ServerSession, string>();
  return startSocketServer(
    (event, session) => {
      if (event.type === "session.update")
        session.send({ type: "session.updated", event_id: id("event"), session: event["session"] });
      if (event.type === "conversation.item.create")
        session.send({ type: "conversation.item.added", event_id: id("event"), item: event["item"] });
      if (event.type === "input_audio_buffer.commit") {
        session.send({ type: "input_audio_buffer.committed", event_id: id("event"), item_id: id("item") });
        if (event["answer"] === true) respond(session, scriptOf(event, session), event);
        if (event["transcription"] !== undefined)
          session.send({
            type: "conversation.item.input_audio_transcription.completed",
            event_id: id("event"),
            item_id: id("item"),
            content_index: 0,
            transcript: "hello",
            usage: event["transcription"],
          });
      }
      if (event.type === "response.create") respond(session, scriptOf(event, session), event);
      if (event.type === "response.cancel") {
        const responseId = hanging.get(session);
        hanging.delete(session);
        if (responseId !== undefined) session.send(done(responseId, "cancelled", USAGE));
      }
      if (event.type === "close.me") session.close(Number(event["code"]), String(event["reason"] ?? ""));
      if (event.type === "reset.me") session.reset();
    },
    {
      ...options,
      onOpen(session) {
        session.send({
          type: "session.created",
          event_id: id("event"),
          session: {
            type: "realtime",
            object: "realtime.session",
            id: id("sess"),
            model: "gpt-realtime",
            output_modalities: ["audio"],
            max_output_tokens: "inf",
            audio: {
              input: { format: { type: "audio/pcm", rate: 24000 }, transcription: null, turn_detection: null },
              output: { format: { type: "audio/pcm", rate: 24000 }, voice: "alloy" },
            },
          },
        });
        options.onOpen?.(session);
      },
    },
  );

  function respond(session: ServerSession, script: Script, event: Event): void {
    const responseId = id("resp");
    const at = { response_id: responseId, item_id: id("item"), output_index: 0, content_index: 0 };
    if (script.end === "failed" && script.usage === undefined) {
      session.send({
        type: "error",
        event_id: id("event"),
        error: { type: "invalid_request_error", code: "x", message: "not now", event_id: event["event_id"] },
      });
      return;
    }
    session.send({
      type: "response.created",
      event_id: id("event"),
      response: { object: "realtime.response", id: responseId, status: "in_progress", conversation_id: "conv_1" },
    });
    for (const delta of script.audio ?? [])
      session.send({ type: "response.output_audio.delta", event_id: id("event"), ...at, delta });
    if (script.text !== undefined)
      session.send({ type: "response.output_text.delta", event_id: id("event"), ...at, delta: script.text });
    if (script.call !== undefined)
      session.send({
        type: "response.function_call_arguments.done",
        event_id: id("event"),
        ...at,
        call_id: "call_1",
        ...script.call,
      });
    if (script.end === "hang") hanging.set(session, responseId);
    else if (script.end === "reset") session.reset();
    else if (script.end !== "deaf")
      session.send(done(responseId, script.end === "failed" ? "failed" : "completed", script.usage ?? USAGE));
  }
}

function done(responseId: string, status: string, usage: object): Event {
  return {
    type: "response.done",
    event_id: id("event"),
    response: {
      object: "realtime.response",
      id: responseId,
      status,
      status_details:
        status === "failed" ? { type: "failed", error: { code: "server_error", message: "oh no" } } : null,
      output: [],
      conversation_id: "conv_1",
      usage,
    },
  };
}
