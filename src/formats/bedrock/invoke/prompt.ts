/**
 * A conversation as one text, for models that complete texts and know no messages.
 * Source: the models' cards (Meta, Mistral, DeepSeek, Qwen), and Amazon Bedrock's user guide for Titan, Command and Jurassic.
 */
import { BadRequestError } from "../../errors.ts";
import type { ChatMessage } from "../../openai/chat.ts";

interface Turn {
  role: "system" | "user" | "assistant";
  text: string;
}

/** @throws BadRequestError where a message is more than text */
export type Prompt = (messages: readonly ChatMessage[]) => string;

/** A format in which each message stands between marks. */
interface Marks {
  begin?: string;
  open: (role: Turn["role"]) => string;
  close: string;
}

const marked =
  ({ begin = "", open, close }: Marks): Prompt =>
  (messages) => {
    const turns = turnsOf(messages);
    const said = turns.map(({ role, text }, index) => {
      const isBegun = role === "assistant" && index === turns.length - 1; // the model goes on from there
      return open(role) + text + (isBegun ? "" : close);
    });
    return begin + said.join("") + (turns.at(-1)?.role === "assistant" ? "" : open("assistant"));
  };

export const llama3Prompt = marked({
  begin: "<|begin_of_text|>",
  open: (role) => `<|start_header_id|>${role}<|end_header_id|>\n\n`,
  close: "<|eot_id|>",
});

export const llama4Prompt = marked({
  begin: "<|begin_of_text|>",
  open: (role) => `<|header_start|>${role}<|header_end|>\n\n`,
  close: "<|eot|>",
});

/** Qwen. */
export const chatMlPrompt = marked({ open: (role) => `<|im_start|>${role}\n`, close: "<|im_end|>\n" });

/** Llama 2: the system's message is a part of the user's first. */
export const llama2Prompt: Prompt = (messages) =>
  instructed(messages, (system) => `<<SYS>>\n${system}\n<</SYS>>\n\n`, "<s>");

/** Mistral's first models. */
export const mistralPrompt: Prompt = (messages) => instructed(messages, (system) => `${system}\n\n`, "");

/** @param again what begins a further exchange */
function instructed(messages: readonly ChatMessage[], system: (text: string) => string, again: string): string {
  const { instructions, turns } = withoutSystem(messages);
  let prompt = "<s>";
  turns.forEach(({ role, text }, index) => {
    if (role === "assistant") prompt += index === turns.length - 1 ? ` ${text}` : ` ${text}</s>${again}`;
    else prompt += `[INST] ${index === 0 && instructions ? system(instructions) : ""}${text} [/INST]`;
  });
  return prompt;
}

/** DeepSeek R1, which begins with its reasoning. */
export const deepseekPrompt: Prompt = (messages) => {
  const { instructions, turns } = withoutSystem(messages);
  const said = turns.map(({ role, text }, index) => {
    if (role === "user") return `<｜User｜>${text}`;
    return `<｜Assistant｜>${text}${index === turns.length - 1 ? "" : "<｜end▁of▁sentence｜>"}`;
  });
  const opening = turns.at(-1)?.role === "assistant" ? "" : "<｜Assistant｜><think>\n";
  return `<｜begin▁of▁sentence｜>${instructions}${said.join("")}${opening}`;
};

/** Models without marks of their own: a lone message as it is, a conversation with the speakers' names. */
export const namedPrompt =
  (user: string, assistant: string): Prompt =>
  (messages) => {
    const { instructions, turns } = withoutSystem(messages);
    const [first] = turns;
    if (turns.length === 1 && first?.role === "user") return [instructions, first.text].filter(Boolean).join("\n\n");
    const names = { user, assistant, system: user };
    const said = turns.map(({ role, text }) => `${names[role]}: ${text}`);
    if (turns.at(-1)?.role !== "assistant") said.push(`${assistant}:`);
    return [...(instructions ? [instructions] : []), ...said].join("\n");
  };

function withoutSystem(messages: readonly ChatMessage[]): { instructions: string; turns: Turn[] } {
  const all = turnsOf(messages);
  const instructions = all.filter(({ role }) => role === "system").map(({ text }) => text);
  return { instructions: instructions.join("\n\n"), turns: all.filter(({ role }) => role !== "system") };
}

function turnsOf(messages: readonly ChatMessage[]): Turn[] {
  return messages.map((message, index) => ({ role: roleOf(message), text: textOf(message, index) }));
}

/** What a tool said is the user's: these models know of no tools. */
function roleOf({ role }: ChatMessage): Turn["role"] {
  if (role === "assistant" || role === "user") return role;
  return role === "system" || role === "developer" ? "system" : "user";
}

/** @throws BadRequestError */
export function textOf({ content }: ChatMessage, index: number): string {
  if (typeof content === "string") return content;
  const texts = (content ?? []).map((part) => {
    if (part.type === "text") return part.text;
    throw new BadRequestError(
      `litellm.BadRequestError: messages[${index}] has a part of type ${part.type}: by InvokeModel this model takes text alone`,
      { param: `messages[${index}].content` },
    );
  });
  return texts.join("");
}
