/** The messages of a chat as Gemini's `systemInstruction` and `contents`. */
import { BadRequestError } from "../errors.ts";
import type { ChatMessage, ContentPart } from "../openai/chat.ts";
import { withToolCallIds } from "../openai/tool-call-ids.ts";
import { assistantParts } from "./assistant.ts";
import { type GeminiModel, lacksSystemInstruction } from "./model.ts";
import { contentParts, type Resolution } from "./parts.ts";
import { isGeneratedCallId, splitToolCallId } from "./signature.ts";
import { toolResultParts } from "./tool-result.ts";
import type { Content, Part } from "./types.ts";

export interface Contents {
  systemInstruction?: Content;
  contents: Content[];
  /** The finest `detail` asked for, where the model takes one for the whole request only. */
  mediaResolution?: Resolution;
}

/** A function call of the conversation, as its results need it. */
interface Call {
  name: string;
  /** Place among the calls of its turn. */
  order: number;
}

/**
 * Messages of one role in a row become one content; system messages leave the conversation, wherever they stood.
 * @param sendsIds the API knows ids of function calls; without them results stand in the order of their calls
 * @throws BadRequestError where a tool result answers no call, or a part cannot be said to Gemini
 */
export function toContents(given: readonly ChatMessage[], model: GeminiModel, sendsIds = true): Contents {
  const messages = withToolCallIds(given);
  const system: Part[] = [];
  const contents: Content[] = [];
  const calls = new Map<string, Call>();
  const resolutions: Resolution[] = [];
  const append = (role: "user" | "model", parts: Part[]) => {
    if (parts.length === 0) return;
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts });
  };
  const read = (content: string | ContentPart[], param: string) => contentParts(content, model, param, resolutions);

  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index];
    if (message === undefined) break;
    const param = `messages[${index}]`;
    switch (message.role) {
      case "system":
      case "developer":
        system.push(...read(message.content ?? "", `${param}.content`).filter((part) => part.text !== ""));
        break;
      case "user":
        append("user", dropEmptyTexts(read(message.content ?? "", `${param}.content`)));
        break;
      case "assistant":
        rememberCalls(message, calls);
        append("model", assistantParts(message, model, param));
        break;
      case "tool":
      case "function": {
        const results = resultsFrom(messages, index);
        append("user", toolResults(results, index, calls, model, sendsIds));
        index += results.length - 1;
        break;
      }
    }
  }
  return settle(system, contents, model, finest(resolutions));
}

/** Gemini wants a conversation: where there are only instructions, they are said to an empty turn. */
function settle(system: Part[], contents: Content[], model: GeminiModel, mediaResolution?: Resolution): Contents {
  const resolution = mediaResolution === undefined ? {} : { mediaResolution };
  if (system.length > 0 && lacksSystemInstruction(model)) {
    const [first, ...rest] = contents;
    const merged = first?.role === "user" ? [{ ...first, parts: [...system, ...first.parts] }, ...rest] : undefined;
    return { contents: merged ?? [{ role: "user", parts: system }, ...contents], ...resolution };
  }
  const conversation = contents.length > 0 ? contents : [{ role: "user", parts: [{ text: " " }] }];
  if (system.length === 0) return { contents: conversation, ...resolution };
  return { systemInstruction: { parts: system }, contents: conversation, ...resolution };
}

/** Gemini refuses empty texts; one stays where a turn holds nothing else, lest the turn be lost. */
function dropEmptyTexts(parts: Part[]): Part[] {
  const rest = parts.filter((part) => part.text !== "" || part.thoughtSignature);
  return rest.length > 0 || parts.length === 0 ? rest : [{ text: " " }];
}

function rememberCalls(message: ChatMessage, calls: Map<string, Call>): void {
  for (const [order, call] of (message.tool_calls ?? []).entries())
    calls.set(splitToolCallId(call.id ?? "").id, { name: call.function?.name ?? "", order });
}

/** The tool results that follow each other from `start` on. */
function resultsFrom(messages: readonly ChatMessage[], start: number): ChatMessage[] {
  const end = messages.findIndex(({ role }, index) => index >= start && role !== "tool" && role !== "function");
  return messages.slice(start, end < 0 ? undefined : end);
}

/**
 * Results in the order of their calls: where the model gave its calls no ids, only name and order tell two results
 * of one function apart.
 */
function toolResults(
  messages: readonly ChatMessage[],
  start: number,
  calls: ReadonlyMap<string, Call>,
  model: GeminiModel,
  sendsIds: boolean,
): Part[] {
  const results = messages.map((message, offset) => {
    const param = `messages[${start + offset}]`;
    const id = splitToolCallId(message.tool_call_id ?? "").id;
    const call = calls.get(id);
    const name = call?.name || message.name;
    if (!name)
      throw new BadRequestError(
        `${param}.tool_call_id ${JSON.stringify(id)} answers no tool call of the conversation`,
        {
          param: `${param}.tool_call_id`,
        },
      );
    const sentId = !sendsIds || id === "" || isGeneratedCallId(id) ? undefined : id;
    return {
      sentId,
      order: call?.order ?? 0,
      parts: toolResultParts(message.content ?? "", name, sentId, model, param),
    };
  });
  const ordered = results.some(({ sentId }) => sentId !== undefined)
    ? results
    : results.sort((a, b) => a.order - b.order);
  return ordered.flatMap(({ parts }) => parts);
}

function finest(resolutions: readonly Resolution[]): Resolution | undefined {
  const order: readonly Resolution[] = ["MEDIA_RESOLUTION_HIGH", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_LOW"];
  return order.find((resolution) => resolutions.includes(resolution));
}
