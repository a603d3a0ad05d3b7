/** Cohere's Command R, by the first version of its chat. Source: Amazon Bedrock user guide, "Cohere Command R and R+". */

import type { JsonObject } from "../../json.ts";
import type { ChatMessage, ChatRequest } from "../../openai/chat.ts";
import { PROMPT_FIELDS } from "../../openai/params.ts";
import { textOf } from "./prompt.ts";

const NAMES: Readonly<Record<string, string>> = {
  max_tokens: "max_tokens",
  temperature: "temperature",
  top_p: "p",
  stop: "stop_sequences",
  frequency_penalty: "frequency_penalty",
  presence_penalty: "presence_penalty",
  seed: "seed",
};

export const COMMAND_R_PARAMS: readonly string[] = [...Object.keys(NAMES), "max_completion_tokens"];

/** @throws BadRequestError where the conversation is more than text */
export function commandRBody(request: ChatRequest): JsonObject {
  const said = request.messages.map((message, index) => ({ role: roleOf(message), text: textOf(message, index) }));
  const preamble = said.filter(({ role }) => role === "SYSTEM").map(({ text }) => text);
  const turns = said.filter(({ role }) => role !== "SYSTEM");
  const history = turns.slice(0, -1).map(({ role, text }) => ({ role, message: text }));
  const asked: JsonObject = { ...request, max_tokens: request.max_completion_tokens ?? request.max_tokens };
  const params = Object.entries(asked).flatMap(([name, value]) => {
    if (PROMPT_FIELDS.has(name) || value === undefined || value === null) return [];
    return [[NAMES[name] ?? name, name === "stop" && typeof value === "string" ? [value] : value] as const];
  });
  return {
    message: turns.at(-1)?.text ?? "",
    ...(history.length > 0 && { chat_history: history }),
    ...(preamble.length > 0 && { preamble: preamble.join("\n\n") }),
    ...Object.fromEntries(params),
  };
}

function roleOf({ role }: ChatMessage): "SYSTEM" | "USER" | "CHATBOT" {
  if (role === "system" || role === "developer") return "SYSTEM";
  return role === "assistant" ? "CHATBOT" : "USER";
}
