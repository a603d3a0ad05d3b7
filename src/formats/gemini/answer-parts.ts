/** What the hub's assistant says as the parts of a `model` content. */
import { isRecord, recordsIn } from "../json.ts";
import type { AssistantMessage, Delta, ToolCall } from "../openai/chat.ts";
import { NATIVE_PARTS } from "./assistant.ts";
import { parseObject, textField } from "./json.ts";
import { mediaPart } from "./media.ts";
import { packThinking } from "./opaque-state.ts";
import { signatureOfToolCall, splitToolCallId } from "./signature.ts";
import type { Part } from "./types.ts";

export interface PartOptions {
  /** The client asked for thoughts (`thinkingConfig.includeThoughts`); otherwise Gemini keeps them to itself. */
  showsThoughts: boolean;
  /** The client's names of functions that were asked for by another name. */
  toolNames: ReadonlyMap<string, string>;
}

/** What can be said as it comes: thoughts, text, media. */
export function spokenParts(said: Delta | AssistantMessage, { showsThoughts }: PartOptions): Part[] {
  const parts: Part[] = [];
  if (showsThoughts && said.reasoning_content) parts.push({ text: said.reasoning_content, thought: true });
  if (said.content) parts.push({ text: said.content });
  if (said.refusal) parts.push({ text: said.refusal });
  for (const image of said.images ?? []) parts.push(...imagePart(image));
  parts.push(...audioPart(said["audio"]));
  return parts;
}

/** What is known at the end alone: parts of Gemini's own, and function calls, whose arguments it never gives in pieces. */
export function closingParts(
  message: AssistantMessage,
  { toolNames }: PartOptions,
): { parts: Part[]; isMalformed: boolean } {
  const native = message.provider_specific_fields?.[NATIVE_PARTS];
  const calls = (message.tool_calls ?? []).filter((call) => call?.function !== undefined); // a stream may skip an index
  const parts = calls.map((call) => callPart(call, toolNames));
  const legacy = message.function_call;
  if (legacy && calls.length === 0) parts.push(functionPart(legacy.name, legacy.arguments, toolNames));
  const whole = parts.filter((part) => part !== undefined);
  const [first] = whole;
  if (first !== undefined && !first.thoughtSignature) {
    const state = packThinking(message.thinking_blocks ?? []);
    if (state !== undefined) first.thoughtSignature = state;
  }
  return {
    parts: [...recordsIn(native), ...whole],
    isMalformed: whole.length < parts.length,
  };
}

function callPart(call: ToolCall, toolNames: ReadonlyMap<string, string>): Part | undefined {
  const { id } = splitToolCallId(call.id);
  const part = functionPart(call.function?.name ?? "", call.function?.arguments ?? "", toolNames, id);
  const signature = signatureOfToolCall(call);
  if (part !== undefined && signature !== undefined) part.thoughtSignature = signature;
  return part;
}

/** `undefined` where the arguments are no object, as the model broke off or erred. */
function functionPart(name: string, text: string, toolNames: ReadonlyMap<string, string>, id = ""): Part | undefined {
  const args = /^\s*(?:null\s*)?$/.test(text) ? {} : parseObject(text);
  return args && { functionCall: { ...(id !== "" && { id }), name: toolNames.get(name) ?? name, args } };
}

function imagePart(image: unknown): Part[] {
  const source = isRecord(image) ? image["image_url"] : undefined;
  const url = typeof source === "string" ? source : textField(source, "url");
  if (url === undefined || !/^[a-z][a-z0-9+.-]*:/i.test(url)) return []; // nothing a client could show
  const signature = isRecord(image) ? textField(image["provider_specific_fields"], "thought_signature") : undefined;
  const part = mediaPart({ url, fallback: "image/png" }, "images");
  return [signature === undefined ? part : { ...part, thoughtSignature: signature }];
}

/** OpenAI streams 16-bit samples at 24 kHz, as Gemini's speech models do. */
const SPEECH = "audio/pcm;rate=24000";

function audioPart(audio: unknown): Part[] {
  const data = textField(audio, "data");
  return data === undefined ? [] : [{ inlineData: { mimeType: textField(audio, "mime_type") ?? SPEECH, data } }];
}
