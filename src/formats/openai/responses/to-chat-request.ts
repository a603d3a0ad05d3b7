/** A request of the Responses API as the hub's chat, for providers that have chat alone. */
import { BadRequestError, UnsupportedParamsError } from "../../errors.ts";
import { isRecord, type JsonObject } from "../../json.ts";
import { type ChatMessage, type ChatRequest, messageSchema } from "../chat.ts";
import { inputItemsOf, toMessages } from "./input-items.ts";
import { type ToolOptions, type ToolSet, toChatToolChoice, toolSet } from "./tools.ts";
import { type Item, OPENAI_RESPONSES_PARAMS, PARAMS_OF_BOTH, type ResponsesRequest } from "./types.ts";

export interface ChatOptions extends ToolOptions {
  /** Wire format of the provider: what another has signed is not for it. */
  by?: string;
  /** The model can search the web when asked by `web_search_options`. */
  searches?: boolean;
}

/**
 * What the request says beyond the format goes along as it is. What only OpenAI's servers can do on their own account
 * (truncate, compact, store) is left out: the answer is the same without.
 * @throws BadRequestError, UnsupportedParamsError for what chat cannot say
 */
export function toChatRequest(request: ResponsesRequest, options: ChatOptions = {}): ChatRequest {
  refuseState(request);
  const set = toolSet(request, options);
  const messages = withInstructions(request, toMessages(inputItemsOf(request), options.by));
  if (messages.length === 0) throw new BadRequestError("The request needs input.", { param: "input" });
  return chatOf(request, messages, set, options);
}

/** The same for counting its tokens: what could not be said is text there. */
export function toCountedRequest(request: ResponsesRequest): ChatRequest {
  const messages = inputItemsOf(request).flatMap((item) => countedMessages(item));
  return chatOf(request, withInstructions(request, messages), toolSet(request, { dropParams: true }), {});
}

function chatOf(request: ResponsesRequest, messages: ChatMessage[], set: ToolSet, options: ChatOptions): ChatRequest {
  const { model, stream, max_output_tokens: limit, reasoning, text } = request;
  const fields: JsonObject = { ...others(request) };
  for (const name of PARAMS_OF_BOTH) if (isGiven(request[name])) fields[name] = request[name];
  if (isGiven(stream)) fields["stream"] = stream;
  if (stream) fields["stream_options"] = { include_usage: true };
  if (isGiven(limit)) fields["max_tokens"] = limit;
  if (isGiven(reasoning?.effort)) fields["reasoning_effort"] = reasoning?.effort;
  if (isGiven(text?.verbosity)) fields["verbosity"] = text?.verbosity;
  const format = responseFormat(text?.format);
  if (format !== undefined) fields["response_format"] = format;
  if (isGiven(request.top_logprobs)) fields["top_logprobs"] = request.top_logprobs;
  if (request.top_logprobs || request.include?.includes("message.output_text.logprobs")) fields["logprobs"] = true;
  if (set.tools.length > 0) fields["tools"] = set.tools;
  const choice = toChatToolChoice(request.tool_choice, set);
  if (choice !== undefined) fields["tool_choice"] = choice;
  if (set.tools.length === 0) delete fields["parallel_tool_calls"]; // refused where there is nothing to call
  if (set.webSearch && options.searches) fields["web_search_options"] = set.webSearch;
  return { ...fields, model, messages };
}

/** What Codex tells OpenAI of itself: strict providers refuse what they do not know. */
const TOLD_TO_OPENAI = ["client_metadata"];

const KNOWN: ReadonlySet<string> = new Set(["input", "model", "stream", ...OPENAI_RESPONSES_PARAMS, ...TOLD_TO_OPENAI]);

function others(request: ResponsesRequest): JsonObject {
  return Object.fromEntries(Object.entries(request).filter(([name]) => !KNOWN.has(name)));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function withInstructions({ instructions }: ResponsesRequest, messages: ChatMessage[]): ChatMessage[] {
  return instructions ? [{ role: "system", content: instructions }, ...messages] : messages;
}

/** What lives at OpenAI, where this model is not. */
function refuseState({ previous_response_id, conversation, prompt, background }: ResponsesRequest): void {
  if (previous_response_id)
    throw new BadRequestError(`Previous response with id ${JSON.stringify(previous_response_id)} not found.`, {
      param: "previous_response_id",
    });
  const lacking = Object.entries({ conversation, prompt, background }).find(([, value]) => Boolean(value));
  if (lacking !== undefined)
    throw new UnsupportedParamsError(
      `litellm.UnsupportedParamsError: ${lacking[0]} is kept at OpenAI, and this model is not served there`,
      { param: lacking[0] },
    );
}

/** Flat as here, or nested as in chat. */
function responseFormat(format: JsonObject | null | undefined): JsonObject | undefined {
  if (!isRecord(format) || format["type"] === "text") return undefined;
  if (format["type"] !== "json_schema" || isRecord(format["json_schema"])) return format;
  const { type, ...json_schema } = format;
  return { type, json_schema };
}

function countedMessages(item: Item): ChatMessage[] {
  try {
    return toMessages([item]).filter((message) => messageSchema.safeParse(message).success);
  } catch (error) {
    if (!(error instanceof BadRequestError)) throw error;
    const { encrypted_content: _, ...told } = item;
    const output = told["output"];
    return [{ role: "user", content: typeof output === "string" ? output : JSON.stringify(told) }];
  }
}
