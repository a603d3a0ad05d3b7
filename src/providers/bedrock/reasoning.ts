/** gpt-oss on Bedrock puts its reasoning into the text, between tags. */
import type { ChatChunk, ChatCompletion, Delta } from "../../formats/openai/chat.ts";
import { ReasoningSplitter, splitReasoning, type Tags } from "../../formats/openai/tagged-reasoning.ts";
import type { StreamDecoder } from "../provider.ts";

const TAGS: Tags = { open: "<reasoning>", close: "</reasoning>" };

/** The answer with its reasoning in a field of its own; the same where there is none in the text. */
export function withReasoningApart(completion: ChatCompletion): ChatCompletion {
  const choices = completion.choices.map((choice) => {
    const { content } = choice.message;
    if (!content?.includes(TAGS.open)) return choice;
    const { reasoning, content: rest } = splitReasoning(content, TAGS);
    const said = rest === "" && choice.message.tool_calls ? null : rest;
    return { ...choice, message: { ...choice.message, content: said, reasoning_content: reasoning } };
  });
  return { ...completion, choices };
}

/** The same of a stream. */
export function inReasoning(stream: StreamDecoder<ChatChunk>): StreamDecoder<ChatChunk> {
  const splitters = new Map<number, ReasoningSplitter>();
  const split = (chunk: ChatChunk): ChatChunk => ({
    ...chunk,
    choices: chunk.choices.map((choice) => ({ ...choice, delta: apart(choice, splitters) })),
  });
  return {
    event: (event) => stream.event(event).map(split),
    end: () => stream.end().map(split),
  };
}

function apart(
  { index, delta, finish_reason }: ChatChunk["choices"][number],
  splitters: Map<number, ReasoningSplitter>,
): Delta {
  const splitter = splitters.get(index) ?? new ReasoningSplitter(TAGS);
  splitters.set(index, splitter);
  const { content: text, ...rest } = delta;
  const told = typeof text === "string" ? splitter.push(text) : { reasoning: "", content: "" };
  const last = finish_reason === null ? { reasoning: "", content: "" } : splitter.end();
  const reasoning = told.reasoning + last.reasoning;
  const content = told.content + last.content;
  const isEmpty = text === "" || (text === null && content === "");
  return {
    ...rest,
    ...(isEmpty && { content: text }),
    ...(content !== "" && { content }),
    ...(reasoning !== "" && { reasoning_content: reasoning }),
  };
}
