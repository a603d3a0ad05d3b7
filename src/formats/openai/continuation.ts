/**
 * Going on with a chat answer whose stream broke off: what to ask another deployment for, and how to join what it
 * says to what the client has already read. Nothing that was delivered is delivered again.
 */
import { isRecord } from "../json.ts";
import type { ChatChunk, ChatCompletion, ChatRequest, Delta, Usage } from "./chat.ts";

/** What a model is told that does not go on from an unfinished message of its own. */
export const GO_ON =
  "Your last message was cut off. Go on with the very next character after its end. Repeat nothing of it, and say nothing about the interruption.";

/**
 * The request that goes on from what was delivered; `undefined` where nothing can: a tool call was begun, or there are
 * several choices.
 * @param prefill the model goes on from a last message of the assistant; others are asked to by a user's turn
 */
export function continueRequest(
  request: ChatRequest,
  delivered: ChatCompletion,
  prefill: boolean,
): ChatRequest | undefined {
  const [choice, ...others] = delivered.choices;
  if (choice === undefined || others.length > 0 || (request.n ?? 1) > 1) return undefined;
  const { content, tool_calls, function_call, audio, images } = choice.message;
  if (tool_calls || function_call || audio || images || choice.finish_reason !== null) return undefined;
  if (!content) return request; // only reasoning came: the answer itself has not begun
  const said = { role: "assistant" as const, content };
  const goOn = { role: "user" as const, content: GO_ON };
  return { ...request, messages: [...request.messages, said, ...(prefill ? [] : [goOn])] };
}

/** Characters of the continuation looked at for what was already said. */
const WINDOW = 400;
/** Shorter coincidences are no repetition. */
const LEAST_OVERLAP = 8;

/** Makes the chunks of a continuation those of the stream they continue. */
export class ContinuationJoiner {
  readonly #fresh: FreshText;
  readonly #reasoned: boolean;
  readonly #head: Pick<ChatChunk, "id" | "created" | "model">;
  readonly #usage: Usage | undefined;
  /** @param usage of what was delivered, added to that of the continuation */
  constructor(delivered: ChatCompletion, usage?: Usage) {
    const message = delivered.choices[0]?.message;
    this.#fresh = new FreshText(message?.content ?? "");
    this.#reasoned = Boolean(message?.reasoning_content);
    this.#head = { id: delivered.id, created: delivered.created, model: delivered.model };
    this.#usage = usage;
  }

  join(chunk: ChatChunk): ChatChunk[] {
    const usage = chunk.usage && this.#usage ? addUsage(this.#usage, chunk.usage) : chunk.usage;
    const choices = chunk.choices.map(({ delta, ...choice }) => {
      const { role: _, reasoning_content, thinking_blocks, ...rest } = delta;
      const joined: Delta = this.#reasoned
        ? rest
        : { ...rest, ...(reasoning_content && { reasoning_content }), ...(thinking_blocks && { thinking_blocks }) };
      if (typeof rest.content === "string")
        joined.content = this.#fresh.of(rest.content, choice.finish_reason !== null);
      else if (choice.finish_reason !== null) {
        const left = this.#fresh.of("", true);
        if (left !== "") joined.content = left;
      }
      return { ...choice, delta: joined };
    });
    return [{ ...chunk, ...this.#head, choices, ...(usage && { usage }) }];
  }
}

/** What of the text of a continuation its client has not read yet. */
export class FreshText {
  readonly #delivered: string;
  /** Text held back until it is clear what of it is new; `undefined` once it is. */
  #held: string | undefined = "";

  constructor(delivered: string) {
    this.#delivered = delivered;
  }

  /** @param isLast no more text will come */
  of(text: string, isLast: boolean): string {
    if (this.#held === undefined) return text;
    this.#held += text;
    if (this.#held.length < WINDOW && !isLast) return "";
    const fresh = this.#held.slice(overlap(this.#delivered, this.#held));
    this.#held = undefined;
    return fresh;
  }
}

/** How many characters the end of one text and the beginning of the other have in common. */
function overlap(before: string, after: string): number {
  for (let length = Math.min(before.length, after.length); length >= LEAST_OVERLAP; length--)
    if (before.endsWith(after.slice(0, length))) return length;
  return 0;
}

/** The figures of both; details are added field by field. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum: Record<string, unknown> = { ...a };
  for (const [field, value] of Object.entries(b)) {
    const before = sum[field];
    if (typeof value === "number") sum[field] = value + (typeof before === "number" ? before : 0);
    else if (isRecord(value))
      sum[field] = isRecord(before) ? addUsage(before as Usage, value as Usage) : value; // details hold counts alone
    else sum[field] ??= value;
  }
  return sum as Usage; // it has what either has
}
