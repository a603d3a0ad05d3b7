/** Text completions of OpenAI, and of everyone who has its older API: one adapter, made from a row of differences. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import {
  type CompletionRequest,
  OPENAI_COMPLETION_PARAMS,
  type TextCompletion,
} from "../../formats/openai/completions.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { CompletionAdapter, Exchange, StreamDecoder, Target } from "../provider.ts";
import { finishReasonOf } from "./answer.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { type Json, textOf, without } from "./json.ts";
import { streamUsage } from "./messages.ts";
import { errorIn } from "./stream.ts";
import { normaliseUsage } from "./usage.ts";

/** What one provider's text completions differ in. */
export interface CompletionRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  /** Name of the model as the provider has it. */
  modelName?: (model: string) => string;
  /** OpenAI parameters the provider refuses. */
  lacks?: readonly string[];
  takesTokens?: boolean;
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

export function openaiCompletionAdapter(row: CompletionRow): CompletionAdapter {
  const { label, rules, lacks = [], modelName = (model: string) => model } = row;
  const supported = new Set<string>(OPENAI_COMPLETION_PARAMS.filter((name) => !lacks.includes(name)));
  const failure = (exchange: Exchange<unknown>) => (error: unknown) => embeddedError(error, label, rules, exchange);
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    ...(row.takesTokens && { takesTokens: true }),
    supportedParams: () => supported,

    request(request: CompletionRequest, target) {
      const accept = request.stream ? "text/event-stream" : "application/json";
      return {
        ...postTo(row, row.path, target, { accept, ...row.headers?.(target) }),
        body: { json: { ...streamUsage(request), model: modelName(target.model) } },
      };
    },

    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw failure(exchange)(error);
      if (!isRecord(body) || !Array.isArray(body["choices"])) throw notAnAnswer(body, label, exchange.target);
      const completion = completionOf(body, exchange);
      const choices = completion.choices.map((choice) => ({
        ...choice,
        finish_reason: choice.finish_reason ?? "stop",
      }));
      return { ...completion, choices };
    },

    stream: (exchange) => textStream(exchange, failure(exchange), label),

    error: (upstream) => toError(upstream, label, rules),
  };
}

function completionOf(
  body: Json,
  { id, now, target }: Pick<Exchange<unknown>, "id" | "now" | "target">,
): TextCompletion {
  const usage = normaliseUsage(body["usage"]);
  return {
    ...without(body, ["usage"]),
    id: textOf(body["id"]) || id,
    object: "text_completion",
    created: typeof body["created"] === "number" ? body["created"] : now,
    model: textOf(body["model"]) || target.model,
    choices: recordsIn(body["choices"]).map((choice, position) => ({
      ...choice,
      index: typeof choice["index"] === "number" ? choice["index"] : position,
      text: textOf(choice["text"]) ?? "",
      logprobs: choice["logprobs"] ?? null,
      finish_reason: finishReasonOf(choice["finish_reason"], false),
    })),
    ...(usage && { usage }),
  };
}

/** Usage is told once, in a last chunk without choices, wherever the provider tells it. */
function textStream(
  exchange: Exchange<unknown>,
  toError: (error: unknown) => SluiceError,
  label: string,
): StreamDecoder<TextCompletion> {
  let last: TextCompletion | undefined;
  let usage: TextCompletion["usage"];
  let hasFinished = false;
  let isDone = false;
  const owed = (): TextCompletion[] => (last && usage ? [{ ...last, choices: [], usage }] : []);
  return {
    event({ event, data }: ServerEvent) {
      const text = data.trim();
      if (text === "" || isDone) return [];
      if (text === "[DONE]") {
        isDone = true;
        return owed();
      }
      const body = parse(text);
      const error = event === "error" ? (body ?? text) : isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw toError(error);
      if (!isRecord(body)) throw notAnAnswer(text, label, exchange.target);
      const { usage: told, ...chunk } = completionOf(body, exchange);
      if (told) usage = told;
      last = chunk;
      hasFinished ||= chunk.choices.some(({ finish_reason }) => finish_reason !== null);
      return chunk.choices.length > 0 ? [chunk] : [];
    },
    end() {
      if (isDone) return [];
      if (hasFinished) return owed();
      throw new APIConnectionError(
        `litellm.APIConnectionError: the stream of ${exchange.target.provider} broke off before its end`,
        { provider: exchange.target.provider, model: exchange.target.model },
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

function notAnAnswer(body: unknown, label: string, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${label}Exception - the answer is no text completion: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}
