/** Streams of transcriptions: OpenAI's events, Mistral's, and vLLM's chunks, as OpenAI's. */
import { APIConnectionError, type SluiceError } from "../../formats/errors.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import type { TranscriptionEvent } from "../../formats/openai/transcriptions.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { Exchange, StreamDecoder } from "../provider.ts";
import { type Json, textOf } from "./json.ts";
import { errorIn } from "./stream.ts";
import { transcriptionUsage } from "./transcription-usage.ts";

export function transcriptionStream(
  exchange: Exchange<unknown>,
  fail: (error: unknown) => SluiceError,
): StreamDecoder<TranscriptionEvent> {
  let isDone = false;
  let isOver = false;
  let said = "";
  let usage: unknown;
  const seen = (event: TranscriptionEvent): TranscriptionEvent => {
    if (event.type === "transcript.text.done") isDone = true;
    else if (event.type === "transcript.text.delta") said += event.delta;
    return event;
  };
  return {
    event({ event, data }: ServerEvent) {
      const text = data.trim();
      if (text === "") return [];
      if (text === "[DONE]") {
        isOver = true;
        return isDone ? [] : [seen(doneEvent({ text: said, usage }))];
      }
      const body = parse(text);
      const error = event === "error" ? (body ?? text) : isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw fail(error);
      if (!isRecord(body)) return [];
      usage = body["usage"] ?? usage;
      return eventsOf(body, textOf(body["type"]) ?? event).map(seen);
    },
    end() {
      if (isDone || isOver) return [];
      const { provider, model } = exchange.target;
      throw new APIConnectionError(`litellm.APIConnectionError: the stream of ${provider} broke off before its end`, {
        provider,
        model,
      });
    },
  };
}

function eventsOf(body: Json, type: string | undefined): TranscriptionEvent[] {
  switch (type) {
    case "transcript.text.delta":
    case "transcription.text.delta": {
      const { text, ...rest } = body;
      return [{ ...rest, type: "transcript.text.delta", delta: textOf(body["delta"]) ?? textOf(text) ?? "" }];
    }
    case "transcript.text.segment":
    case "transcription.segment":
      return [segmentEvent(body)];
    case "transcript.text.done":
    case "transcription.done":
      return [doneEvent(body)];
    case undefined: {
      // vLLM streams a transcription as chat, without a type.
      const pieces = recordsIn(body["choices"]).map(({ delta }) => (isRecord(delta) ? textOf(delta["content"]) : ""));
      const delta = pieces.join("");
      return delta === "" ? [] : [{ type: "transcript.text.delta", delta }];
    }
    default:
      return []; // the language that was found, and what is yet to come
  }
}

function segmentEvent({ speaker_id: speaker, ...body }: Json): TranscriptionEvent {
  const seconds = (value: unknown) => (typeof value === "number" ? value : 0);
  return {
    ...body,
    type: "transcript.text.segment",
    text: textOf(body["text"]) ?? "",
    start: seconds(body["start"]),
    end: seconds(body["end"]),
    ...(typeof speaker === "string" && { speaker }),
  };
}

function doneEvent({ usage, ...body }: Json): TranscriptionEvent {
  const told = transcriptionUsage(usage);
  return { ...body, type: "transcript.text.done", text: textOf(body["text"]) ?? "", ...(told && { usage: told }) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
