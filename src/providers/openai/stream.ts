/** Streams of every provider that speaks OpenAI's format. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import type { ChatChunk, Delta, ToolCallDelta, Usage } from "../../formats/openai/chat.ts";
import { saysSomething } from "../../formats/openai/stream.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { Exchange, StreamDecoder } from "../provider.ts";
import { citationsOf, finishReasonOf, normaliseFields, normaliseToolCall } from "./answer.ts";
import { ExecutedTools } from "./executed-tools.ts";
import { type Json, textOf, without } from "./json.ts";
import { normaliseUsage } from "./usage.ts";

/** What has been seen of a choice. */
interface Choice {
  /** The provider's last word for why it ended. */
  finish: string | undefined;
  /** The chunk that said nothing else, and the choice and delta in it: what the provider has put there stays. */
  closing: { chunk: Json; choice: Json; delta: Delta };
  /** Its tool calls in order, with the provider's number: some number none, or all of them 0, or begin with 1. */
  calls: { id: string; name: string; number: unknown }[];
}

/**
 * Keeps OpenAI's rules, whatever the provider does: the role comes first, a choice has one finish reason, and usage is
 * told once, in a last chunk without choices. Finish reasons wait for the end: providers repeat them, change them, and
 * go on after them (Together with a further tool call, OpenRouter with text).
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
  let usage: Usage | undefined;
  const executed = new ExecutedTools();
  /** What stood beside the usage in a chunk without choices. */
  let usageChunk: Json = {};
  let done = false;

  /** @returns nothing where the choice says only that it has ended */
  const choiceOf = (raw: Json, position: number, body: Json): ChatChunk["choices"] => {
    const index = typeof raw["index"] === "number" ? raw["index"] : position;
    const known = choices.get(index);
    const choice = known ?? { finish: undefined, closing: { chunk: {}, choice: {}, delta: {} }, calls: [] };
    choices.set(index, choice);
    const delta = deltaOf(isRecord(raw["delta"]) ? raw["delta"] : {}, choice, exchange.id, known === undefined);
    const finish = textOf(raw["finish_reason"]) || undefined;
    if (finish === undefined) return [{ ...raw, index, delta, finish_reason: null }];
    choice.finish = finish;
    // Perplexity repeats the whole message with each chunk; its marks are where the sources are referred to.
    const whole = isRecord(raw["message"]) ? textOf(raw["message"]["content"]) : undefined;
    const annotations = whole === undefined ? undefined : citationsOf(body, whole);
    if (annotations !== undefined) delta.annotations ??= annotations;
    if (saysSomething(delta)) return [{ ...raw, index, delta, finish_reason: null }];
    choice.closing = {
      chunk: { ...choice.closing.chunk, ...without(body, ["choices", "usage"]) },
      choice: { ...choice.closing.choice, ...raw },
      delta: { ...choice.closing.delta, ...delta },
    };
    return [];
  };

  const decode = (body: Json): ChatChunk[] => {
    head = {
      id: textOf(body["id"]) || head.id,
      object: "chat.completion.chunk",
      created: typeof body["created"] === "number" ? body["created"] : head.created,
      model: textOf(body["model"]) || head.model,
    };
    const told = normaliseUsage(body["usage"] ?? (isRecord(body["x_groq"]) ? body["x_groq"]["usage"] : undefined));
    if (told !== undefined) usage = told;
    const given = recordsIn(body["choices"]);
    for (const { delta } of given) executed.add(delta);
    executed.addBreakdown(body);
    const said = given.flatMap((choice, position) => choiceOf(choice, position, body));
    if (said.length === 0 && given.length > 0) return [];
    if (given.length === 0 && told !== undefined) {
      usageChunk = { ...usageChunk, ...without(body, ["choices", "usage"]) };
      return [];
    }
    const kept = body["usage"] ? without(body, ["usage"]) : body;
    return [{ ...kept, ...head, choices: said }];
  };

  /** What waited for the end. */
  const close = (): ChatChunk[] => {
    const chunks: ChatChunk[] = [];
    for (const [index, { finish, closing, calls }] of choices) {
      const { chunk, choice, delta } = closing;
      const finish_reason = finishReasonOf(finish ?? "stop", calls.length > 0);
      chunks.push({ ...chunk, ...head, choices: [{ ...choice, index, delta, finish_reason }] });
    }
    if (usage !== undefined) chunks.push({ ...usageChunk, ...head, choices: [], usage: executed.within(usage) });
    return chunks;
  };

  const brokenOff = (how: string): APIConnectionError => {
    const { provider, model } = exchange.target;
    return new APIConnectionError(`litellm.APIConnectionError: the stream of ${provider} ${how}`, { provider, model });
  };

  return {
    event({ event, data }: ServerEvent): ChatChunk[] {
      const text = data.trim();
      if (text === "" || done) return [];
      if (text === "[DONE]") {
        done = true;
        if (choices.size === 0 && usage === undefined) throw brokenOff("ended before it began");
        return close();
      }
      const body = parse(text);
      const error = event === "error" ? errorOf(body ?? text) : isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw toError(error);
      if (!isRecord(body))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${exchange.target.provider} streamed something that is no chunk: ${text.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return decode(body);
    },

    end(): ChatChunk[] {
      if (done) return [];
      if (choices.size === 0 || [...choices.values()].some(({ finish }) => finish === undefined))
        throw brokenOff("broke off before its end");
      return close();
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
  return recordsIn(body["choices"]).find((choice) => isRecord(choice["error"]))?.["error"];
}

/** The error object itself; a text keeps what stands beside it (xAI: `{ code, error: "..." }`). */
function errorOf(body: unknown): unknown {
  if (!isRecord(body)) return body;
  return isRecord(body["error"]) ? body["error"] : body;
}

function deltaOf(raw: Json, choice: Choice, id: string, first: boolean): Delta {
  const fields: Delta = without(normaliseFields(raw), ["role", "tool_calls"]);
  const calls = recordsIn(raw["tool_calls"]).map((call) => toolCallDelta(call, choice, id));
  return {
    ...((first || raw["role"] === "assistant") && { role: "assistant" }),
    ...fields,
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/**
 * A piece with a name and a new id begins a call, whatever its number; one without goes on with the numbered, or the
 * last. Calls are numbered anew, from 0, and one without an id gets one, as its result must name it.
 */
function toolCallDelta(raw: Json, choice: Choice, id: string): ToolCallDelta {
  const { id: given, index: number, ...call } = normaliseToolCall(raw);
  const own = textOf(given) || undefined;
  const name = isRecord(call["function"]) ? (textOf(call["function"]["name"]) ?? "") : "";
  const { calls } = choice;
  let index = typeof number === "number" ? calls.findLastIndex((known) => known.number === number) : calls.length - 1;
  if (name !== "" && (own === undefined ? typeof number !== "number" : calls[index]?.id !== own))
    index = own === undefined ? -1 : calls.findIndex((known) => known.id === own);
  const known = calls[index];
  if (known !== undefined) return { ...continued(call, name, known), index };
  const begun = own ?? `call_${id}_${calls.length}`;
  calls.push({ id: begun, name, number });
  return { ...call, index: calls.length - 1, id: begun };
}

/** A further piece of a call. Clients join the texts of its pieces: an id or name said again would be doubled. */
function continued(call: Json, name: string, known: Choice["calls"][number]): Json {
  const { type: _, ...rest } = call;
  if (!isRecord(rest["function"])) return rest;
  if (name === "" || name === known.name) return { ...rest, function: without(rest["function"], ["name"]) };
  known.name += name;
  return rest;
}
