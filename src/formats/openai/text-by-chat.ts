/** Text completions by way of chat: the prompt as the user's message, the assistant's text as the completion. */
import { isRecord, recordsIn } from "../json.ts";
import type { ChatChunk, ChatCompletion, ChatRequest } from "./chat.ts";
import { type CompletionRequest, promptsOf, type TextCompletion, type TextLogprobs } from "./completions.ts";

/** The chat that stands for a request of one prompt, which is text. */
export function toChatRequest(request: CompletionRequest): ChatRequest {
  const { prompt: _, suffix: _suffix, best_of: _best, echo: _echo, logprobs, ...rest } = request;
  return {
    ...rest,
    messages: [{ role: "user", content: promptOf(request) }],
    ...(typeof logprobs === "number" && { logprobs: true, ...(logprobs > 0 && { top_logprobs: logprobs }) }),
  };
}

export function toTextCompletion(
  { choices, usage, ...rest }: ChatCompletion,
  request: CompletionRequest,
): TextCompletion {
  const prompt = promptOf(request);
  return {
    ...rest,
    id: textId(rest.id),
    object: "text_completion",
    choices: choices.map(({ index, message, finish_reason, logprobs }) => ({
      index,
      text: (request.echo ? prompt : "") + (message.content ?? ""),
      logprobs: toTextLogprobs(logprobs, prompt.length) ?? null,
      finish_reason,
    })),
    ...(usage && { usage }),
  };
}

/** Translates the chunks of one stream. */
export class ChatToTextStream {
  readonly #prompt: string;
  readonly #echoes: boolean;
  readonly #wantsLogprobs: boolean;
  /** Characters so far, by choice; a choice is known once it has said something. */
  readonly #lengths = new Map<number, number>();

  constructor(request: CompletionRequest) {
    this.#prompt = promptOf(request);
    this.#echoes = request.echo === true;
    this.#wantsLogprobs = typeof request.logprobs === "number";
  }

  /** @returns nothing where the chunk says nothing that a text completion could */
  chunk({ choices, usage, ...rest }: ChatChunk): TextCompletion[] {
    const said = choices.flatMap(({ index, delta, finish_reason, logprobs }) => {
      const content = delta.content ?? "";
      if (content === "" && !finish_reason) return [];
      const begins = !this.#lengths.has(index);
      const before = this.#lengths.get(index) ?? this.#prompt.length;
      this.#lengths.set(index, before + content.length);
      const text = begins && this.#echoes ? this.#prompt + content : content;
      const told = this.#wantsLogprobs ? toTextLogprobs(logprobs, before) : undefined;
      return [{ index, text, logprobs: told ?? null, finish_reason }];
    });
    if (said.length === 0 && !usage) return [];
    return [{ ...rest, id: textId(rest.id), object: "text_completion", choices: said, ...(usage && { usage }) }];
  }
}

function promptOf({ prompt }: CompletionRequest): string {
  return String(promptsOf(prompt)[0] ?? "");
}

function textId(id: string): string {
  return id.replace(/^chatcmpl-/, "cmpl-");
}

/** @param start characters before the first token */
function toTextLogprobs(logprobs: unknown, start: number): TextLogprobs | undefined {
  const content = isRecord(logprobs) ? recordsIn(logprobs["content"]) : [];
  if (content.length === 0) return undefined;
  const told: TextLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  let offset = start;
  for (const { token, logprob, top_logprobs } of content) {
    const text = String(token ?? "");
    told.tokens.push(text);
    told.token_logprobs.push(typeof logprob === "number" ? logprob : null);
    const tops = recordsIn(top_logprobs);
    told.top_logprobs?.push(Object.fromEntries(tops.map((top) => [String(top["token"]), Number(top["logprob"])])));
    told.text_offset.push(offset);
    offset += text.length;
  }
  return told;
}
