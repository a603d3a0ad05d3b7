/** Streams of every provider that speaks OpenAI's format. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import type { ChatChunk, Delta, ToolCallDelta, Usage } from "../../formats/openai/chat.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { Exchange, StreamDecoder } from "../provider.ts";
import { citationsOf, finishReasonOf, normaliseFields, normaliseToolCall } from "./answer.ts";
import { isRecord, type Json, recordsOf, textOf, without } from "./json.ts";
import { normaliseUsage } from "./usage.ts";

/** What has been seen of a choice. */
interface Choice {
  finished: boolean;
  /** Its tool calls in order, with the provider's number: some number none, or all of them 0, or begin with 1. */
  calls: { id: string; number: unknown }[];
}

/**
 * Usage stays on the chunks that bring it. Where none of those came without choices, as with providers that put it on
 * the last chunk of the answer, one more follows at the end: it is always told in a chunk of its own.
 */
export function chatStream(
  exchange: Exchange<unknown>,
  toError: (error: unknown) => SluiceError,
): StreamDecoder<ChatChunk> {
  const choices = new Map<number, Choice>();
  let head: Pick<ChatChunk, "id" | "object" | "created" | "model"> = {
    id: exchange.id,
    object: "chat.completion.chunk",
    created: exchange.now,
    model: exchange.target.model,
  };
  let done = false;
  let usage: Usage | undefined;
  let usageTold = true;

  const choiceOf = (raw: Json, position: number, body: Json): ChatChunk["choices"][number] => {
    const index = typeof raw["index"] === "number" ? raw["index"] : position;
    const known = choices.get(index);
    const choice = known ?? { finished: false, calls: [] };
    choices.set(index, choice);
    const delta = deltaOf(isRecord(raw["delta"]) ? raw["delta"] : {}, choice, exchange.id);
    if (known === undefined) delta.role = "assistant";
    const finish = finishReasonOf(raw["finish_reason"], choice.calls.length > 0);
    if (finish !== null) {
      choice.finished = true;
      // Perplexity repeats the whole message with each chunk; its marks are where the sources are referred to.
      const whole = isRecord(raw["message"]) ? textOf(raw["message"]["content"]) : undefined;
      const annotations = whole === undefined ? undefined : citationsOf(body, whole);
      if (annotations !== undefined && delta.annotations === undefined) delta.annotations = annotations;
    }
    return { ...raw, index, delta, finish_reason: finish };
  };

  const decode = (body: Json): ChatChunk => {
    head = {
      id: textOf(body["id"]) || head.id,
      object: "chat.completion.chunk",
      created: typeof body["created"] === "number" ? body["created"] : head.created,
      model: textOf(body["model"]) || head.model,
    };
    const told = normaliseUsage(body["usage"] ?? (isRecord(body["x_groq"]) ? body["x_groq"]["usage"] : undefined));
    const chunk: ChatChunk = {
      ...without(body, ["usage"]),
      ...head,
      choices: recordsOf(body["choices"]).map((choice, position) => choiceOf(choice, position, body)),
    };
    if (told !== undefined) {
      chunk.usage = usage = told;
      usageTold = chunk.choices.length === 0;
    } else if (body["usage"] === null) chunk.usage = null;
    return chunk;
  };

  const owed = (): ChatChunk[] => {
    if (usageTold || usage === undefined) return [];
    usageTold = true;
    return [{ ...head, choices: [], usage }];
  };

  return {
    event({ event, data }: ServerEvent): ChatChunk[] {
      const text = data.trim();
      if (text === "" || done) return [];
      if (text === "[DONE]") {
        done = true;
        return owed();
      }
      const body = parse(text);
      const error = event === "error" ? errorOf(body ?? text) : isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw toError(error);
      if (!isRecord(body))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${exchange.target.provider} streamed something that is no chunk: ${text.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return [decode(body)];
    },

    end(): ChatChunk[] {
      const finished = done || [...choices.values()].some((choice) => choice.finished);
      if (!finished)
        throw new APIConnectionError(
          `litellm.APIConnectionError: the stream of ${exchange.target.provider} broke off before its end`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return owed();
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

/** The error in an answer or chunk: its own, or the one of a choice (OpenRouter: the upstream broke off midway). */
export function errorIn(body: Json): unknown {
  if (body["error"]) return errorOf(body);
  return recordsOf(body["choices"]).find((choice) => isRecord(choice["error"]))?.["error"];
}

/** The error object itself; a text keeps what stands beside it (xAI: `{ code, error: "..." }`). */
function errorOf(body: unknown): unknown {
  if (!isRecord(body)) return body;
  return isRecord(body["error"]) ? body["error"] : body;
}

function deltaOf(raw: Json, choice: Choice, id: string): Delta {
  const fields = normaliseFields(raw);
  const calls = recordsOf(raw["tool_calls"]).map((call) => toolCallDelta(call, choice, id));
  const delta: Delta = without(fields, ["role", "tool_calls"]);
  if (calls.length > 0) delta.tool_calls = calls;
  if (raw["role"] === "assistant") delta.role = "assistant";
  return delta;
}

/**
 * A piece with a name and a new id begins a call, whatever its number; one without goes on with the numbered, or the
 * last. Calls are numbered anew, from 0, and one without an id gets one, as its result must name it.
 */
function toolCallDelta(raw: Json, choice: Choice, id: string): ToolCallDelta {
  const { id: given, index: number, ...call } = normaliseToolCall(raw);
  const own = textOf(given) || undefined;
  const named = isRecord(call["function"]) && Boolean(call["function"]["name"]);
  const { calls } = choice;
  let index = typeof number === "number" ? calls.findLastIndex((known) => known.number === number) : calls.length - 1;
  if (named && (own === undefined ? typeof number !== "number" : calls[index]?.id !== own))
    index = own === undefined ? -1 : calls.findIndex((known) => known.id === own);
  if (index !== -1) return { ...call, index, ...(own && { id: own }) };
  const begun = own ?? `call_${id}_${calls.length}`;
  calls.push({ id: begun, number });
  return { ...call, index: calls.length - 1, id: begun };
}
