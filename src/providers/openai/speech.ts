/** Speech of OpenAI, and of those who took over its format: one adapter, made from a row of differences. */

import { fromBase64 } from "../../formats/base64.ts";
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import {
  audioContentType,
  type SpeechAudio,
  type SpeechEvent,
  type SpeechRequest,
  type SpeechUsage,
  voiceName,
} from "../../formats/openai/speech.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { Exchange, SpeechAdapter, StreamDecoder, Target } from "../provider.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { type Json, textOf } from "./json.ts";
import { errorIn } from "./stream.ts";

/** What one provider's speech differs in. */
export interface SpeechRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  /** OpenAI's parameters it takes. */
  params: readonly string[];
  /** Voices by an object with an id; elsewhere the id is the voice. */
  voiceObjects?: true;
  /** One change of the body on its way to the provider, after the model is set. @throws SluiceError */
  fix?: (body: Json, target: Target) => Json;
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

export function openaiSpeechAdapter(row: SpeechRow): SpeechAdapter {
  const { label, rules, fix = (body: Json) => body } = row;
  const supported = new Set(row.params);
  const failure = (exchange: Exchange<unknown>) => (error: unknown) => embeddedError(error, label, rules, exchange);
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    supportedParams: () => supported,
    answers: () => "media",

    request({ stream, voice, ...request }, target) {
      const accept = stream ? "text/event-stream" : "audio/*, application/octet-stream";
      const said = row.voiceObjects ? voice : voiceName(voice);
      const body = { ...request, ...(said && { voice: said }), model: target.model };
      return {
        ...postTo(row, row.path, target, { accept, ...row.headers?.(target) }),
        body: { json: fix(body, target) },
      };
    },

    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw failure(exchange)(error);
      return audioIn(body, exchange, label);
    },

    stream: (exchange) => speechStream(exchange, failure(exchange)),

    error: (upstream) => toError(upstream, label, rules),
  };
}

/** OpenAI's usual format, where none was asked for. */
const USUAL_FORMAT = "mp3";

/** Audio as base64 in JSON (Mistral). */
function audioIn(body: unknown, { request, target }: Exchange<SpeechRequest>, label: string): SpeechAudio {
  const data = isRecord(body) ? base64In(body) : undefined;
  const audio = data === undefined ? undefined : fromBase64(data);
  if (audio === undefined || audio.length === 0)
    throw new APIResponseValidationError(
      `litellm.APIResponseValidationError: ${label}Exception - the answer has no audio: ${JSON.stringify(body)?.slice(0, 500)}`,
      { provider: target.provider, model: target.model },
    );
  return { audio, contentType: audioContentType(request.response_format ?? USUAL_FORMAT) };
}

function base64In(body: Json): string | undefined {
  return textOf(body["audio_data"]) ?? textOf(body["audio"]);
}

function speechStream(exchange: Exchange<unknown>, fail: (error: unknown) => SluiceError): StreamDecoder<SpeechEvent> {
  let isDone = false;
  return {
    event({ event, data }: ServerEvent) {
      const text = data.trim();
      if (text === "" || text === "[DONE]") return [];
      const body = parse(text);
      const error = event === "error" ? (body ?? text) : isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw fail(error);
      if (!isRecord(body)) return [];
      const type = textOf(body["type"]) ?? event;
      if (type === "speech.audio.done") {
        isDone = true;
        return [{ ...body, type, ...usageIn(body) }];
      }
      const audio = base64In(body);
      if (audio === undefined) return [];
      const { audio_data: _, ...rest } = body;
      return [{ ...rest, type: "speech.audio.delta", audio }];
    },
    end() {
      if (isDone) return [];
      const { provider, model } = exchange.target;
      throw new APIConnectionError(`litellm.APIConnectionError: the stream of ${provider} broke off before its end`, {
        provider,
        model,
      });
    },
  };
}

/** Usage by OpenAI's names for audio, or by those of chat (Mistral). */
function usageIn({ usage }: Json): { usage?: SpeechUsage } {
  if (!isRecord(usage)) return {};
  const input = usage["input_tokens"] ?? usage["prompt_tokens"];
  const output = usage["output_tokens"] ?? usage["completion_tokens"];
  if (typeof input !== "number" || typeof output !== "number") return {};
  const total = usage["total_tokens"];
  return {
    usage: {
      ...usage,
      input_tokens: input,
      output_tokens: output,
      total_tokens: typeof total === "number" ? total : input + output,
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
