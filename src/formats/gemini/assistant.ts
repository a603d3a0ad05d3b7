/** A message of the assistant as the parts of a `model` content: thoughts, text, images, function calls. */
import { BadRequestError } from "../errors.ts";
import { isRecord, recordsIn } from "../json.ts";
import type { ChatMessage, MessageToolCall } from "../openai/chat.ts";
import { parseObject, textField } from "./json.ts";
import { mediaPart } from "./media.ts";
import { type GeminiModel, isGemini3 } from "./model.ts";
import { SKIP_VALIDATION } from "./opaque-state.ts";
import { contentParts } from "./parts.ts";
import { isForeign, isGeneratedCallId, signatureOfToolCall, splitToolCallId } from "./signature.ts";
import type { Part } from "./types.ts";

/**
 * Field of `provider_specific_fields` that holds parts OpenAI has no word for: code that ran and its result, calls of
 * Google's own tools, files. They go back to the model as they came.
 */
export const NATIVE_PARTS = "gemini_parts";

/** @throws BadRequestError where a tool call has no function */
export function assistantParts(message: ChatMessage, model: GeminiModel, param: string): Part[] {
  const thoughts = thoughtParts(message);
  const texts = textParts(message, model, param);
  const calls = callParts(message, model, param);
  signTexts(message, thoughts, texts);
  const parts = [...thoughts, ...nativeParts(message), ...texts, ...imageParts(message, param), ...calls];
  const said = parts.filter((part) => part.text !== "" || part.thoughtSignature);
  // An empty answer was a turn too: without it what the user said before and after would become one.
  return said.length === 0 && typeof message.content === "string" ? [{ text: "" }] : said;
}

/** Only signed or Gemini's own thoughts: a block with another provider's signature would be refused. */
function thoughtParts(message: ChatMessage): Part[] {
  return (message.thinking_blocks ?? []).flatMap(({ type, thinking, signature }) => {
    if (type !== "thinking" || !thinking || (signature && isForeign(signature))) return [];
    return [{ text: thinking, thought: true, ...(signature ? { thoughtSignature: signature } : {}) }];
  });
}

function textParts(message: ChatMessage, model: GeminiModel, param: string): Part[] {
  const content = message.content ?? message.refusal;
  return content ? contentParts(content, model, `${param}.content`) : [];
}

/**
 * The text's signature, which the hub keeps in `provider_specific_fields.thought_signatures`. Clients that know
 * thinking blocks only hold it there, where it stays: Gemini takes it with either part.
 */
function signTexts(message: ChatMessage, thoughts: Part[], texts: Part[]): void {
  if (texts.some(({ thoughtSignature }) => thoughtSignature)) return;
  const kept = message.provider_specific_fields?.["thought_signatures"];
  const signatures = Array.isArray(kept) ? kept.filter((item): item is string => typeof item === "string") : [];
  const signature = signatures.at(-1);
  const text = texts.at(-1);
  if (signature === undefined || isForeign(signature)) return;
  if (text !== undefined) text.thoughtSignature = signature;
  else texts.push({ text: "", thoughtSignature: signature });
  // The thinking block holds a copy.
  for (const thought of thoughts)
    if (signatures.includes(thought.thoughtSignature ?? "")) delete thought.thoughtSignature;
}

function nativeParts(message: ChatMessage): Part[] {
  const parts = message.provider_specific_fields?.[NATIVE_PARTS];
  return recordsIn(parts);
}

/** Images the model made earlier: it may be asked to change them. */
function imageParts(message: ChatMessage, param: string): Part[] {
  const images = Array.isArray(message["images"]) ? message["images"] : [];
  return images.flatMap((image: unknown) => {
    const url = isRecord(image) ? textField(image["image_url"], "url") : undefined;
    if (url === undefined) return [];
    const signature = isRecord(image) ? textField(image["provider_specific_fields"], "thought_signature") : undefined;
    const part = mediaPart({ url, fallback: "image/png" }, `${param}.images`);
    return [signature === undefined ? part : { ...part, thoughtSignature: signature }];
  });
}

function callParts(message: ChatMessage, model: GeminiModel, param: string): Part[] {
  const legacy = message.function_call ? [{ functionCall: named(message.function_call) }] : [];
  const calls = message.tool_calls?.length
    ? message.tool_calls.map((call, index) => callPart(call, `${param}.tool_calls[${index}]`))
    : legacy;
  const [first, ...rest]: Part[] = calls;
  // Gemini 3 checks the first call of a step; a history written by another model has no signature to show.
  if (first === undefined || first.thoughtSignature || !isGemini3(model)) return calls;
  return [{ ...first, thoughtSignature: SKIP_VALIDATION }, ...rest];
}

function callPart(call: MessageToolCall, param: string): Part {
  if (call.function === undefined)
    throw new BadRequestError(`${param} has no function: Gemini knows no other tool calls`, { param });
  const { id } = splitToolCallId(call.id ?? "");
  const signature = signatureOfToolCall(call);
  return {
    functionCall: { ...(id === "" || isGeneratedCallId(id) ? {} : { id }), ...named(call.function) },
    ...(signature === undefined ? {} : { thoughtSignature: signature }),
  };
}

/** Arguments that are no object (another model broke off) stay readable. */
function named(call: { name: string; arguments: string }): { name: string; args: Record<string, unknown> } {
  const text = call.arguments.trim();
  return { name: call.name, args: text === "" ? {} : (parseObject(text) ?? { arguments: text }) };
}
