import { isRecord, recordsIn } from "../../formats/json.ts";
/** Images as OpenAI, and whoever speaks its format, answers with them: whole, or as the events of a stream. */

import { parseDataUrl } from "../../formats/data-url.ts";
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import {
  type Image,
  type ImageEvent,
  type ImageResponse,
  type ImageUsage,
  isCompleted,
} from "../../formats/openai/images.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { Exchange, StreamDecoder, Target } from "../provider.ts";
import { type Json, textOf } from "./json.ts";
import { errorIn } from "./stream.ts";

/** What makes an error of what the provider says in an answer with status 200. */
export type EmbeddedFailure = (error: unknown) => SluiceError;

/** @throws SluiceError where it is an error, or no images */
export function imagesIn(
  body: unknown,
  { now, target }: Pick<Exchange<unknown>, "now" | "target">,
  label: string,
  failure: EmbeddedFailure,
): ImageResponse {
  const error = isRecord(body) ? errorIn(body) : undefined;
  if (error !== undefined) throw failure(error);
  const data = isRecord(body) ? recordsIn(body["data"]).flatMap(imageOf) : [];
  if (!isRecord(body) || data.length === 0) throw noImages(body, label, target);
  const usage = imageUsage(body["usage"]);
  return {
    ...body,
    created: typeof body["created"] === "number" ? body["created"] : now,
    data,
    ...(usage && { usage }),
  };
}

export function noImages(body: unknown, label: string, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${label}Exception - the answer has no images: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}

/** Some have data URLs where OpenAI has bare base64 (xAI). */
function imageOf({ b64_json: base64, ...image }: Json): Image[] {
  if (typeof base64 === "string" && base64 !== "")
    return [{ ...image, b64_json: parseDataUrl(base64)?.base64 ?? base64 }];
  return typeof image["url"] === "string" && image["url"] !== "" ? [image] : [];
}

/** Tokens under OpenAI's names for them; whatever else is told stays beside. */
function imageUsage(usage: unknown): ImageUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const { prompt_tokens: prompt, completion_tokens: completion } = usage;
  if (usage["input_tokens"] !== undefined || typeof prompt !== "number") return usage;
  return { ...usage, input_tokens: prompt, output_tokens: typeof completion === "number" ? completion : 0 };
}

export function imageStream(
  { target }: Pick<Exchange<unknown>, "target">,
  label: string,
  failure: EmbeddedFailure,
): StreamDecoder<ImageEvent> {
  let isOver = false;
  return {
    event({ event, data }: ServerEvent) {
      const text = data.trim();
      if (text === "") return [];
      if (text === "[DONE]") {
        isOver = true;
        return [];
      }
      const body = parse(text);
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (event === "error" || error !== undefined) throw failure(error ?? body ?? text);
      const type = isRecord(body) ? (textOf(body["type"]) ?? event) : undefined;
      if (!isRecord(body) || type === undefined) throw noImages(text, label, target);
      const image = { ...body, type };
      isOver ||= isCompleted(image);
      return [image];
    },
    end() {
      if (isOver) return [];
      throw new APIConnectionError(
        `litellm.APIConnectionError: the stream of ${target.provider} broke off before its end`,
        { provider: target.provider, model: target.model },
      );
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
