/** What is measured, and how it is made sure that it is that what is measured. */
import { CHUNKS, chatBursts, completion } from "./answers.ts";
import { PACED_USER } from "./upstream.ts";

export interface Scenario {
  name: string;
  /** Where the pass-through is asked: the upstream's own path. The gateway is asked for chat completions always. */
  upstreamPath: string;
  body: { model: string; stream?: boolean; [field: string]: unknown };
  /** The chunks come one by one, over a second. */
  paced?: true;
  /** Is this the answer the gateway should give? */
  isRight(answer: string): boolean;
}

const RULES =
  "You help people who work at a harbour. Answer in plain words, say what you do not know, and never invent a tide table. ";

/** A conversation of 2 KB. */
const conversation = {
  messages: [
    { role: "system", content: RULES.repeat(6) },
    { role: "user", content: "When does the tide turn at the lock today, and how long before do I have to be there?" },
    { role: "assistant", content: "I need the name of the harbour, and the draught of your ship. ".repeat(4) },
    { role: "user", content: [{ type: "text", text: "The old one. We draw two and a half metres. ".repeat(8) }] },
  ],
  max_tokens: 500,
  temperature: 0.2,
};

const CHAT = "/v1/chat/completions";
const content = (answer: string) => answer.match(/"content":" /g)?.length;

export const scenarios: readonly Scenario[] = [
  {
    name: "chat",
    upstreamPath: CHAT,
    body: { model: "chat", ...conversation },
    isRight: (answer) => answer === completion,
  },
  {
    name: "stream untouched",
    upstreamPath: CHAT,
    body: { model: "chat", ...conversation, stream: true, stream_options: { include_usage: true } },
    isRight: (answer) => answer === chatBursts.join(""),
  },
  {
    name: "stream without usage",
    upstreamPath: CHAT,
    body: { model: "chat", ...conversation, stream: true },
    isRight: (answer) =>
      content(answer) === CHUNKS && !answer.includes("prompt_tokens") && answer.endsWith("data: [DONE]\n\n"),
  },
  {
    name: "stream translated",
    upstreamPath: "/v1/messages",
    body: { model: "messages", ...conversation, stream: true },
    isRight: (answer) => content(answer) === CHUNKS && answer.endsWith("data: [DONE]\n\n"),
  },
];

/** The streams of OpenAI's once more at the pace of a model: measured only where asked for, as it takes its time. */
export const pacedScenarios: readonly Scenario[] = scenarios
  .filter(({ body, upstreamPath }) => body.stream && upstreamPath === CHAT)
  .map(({ name, body, ...rest }) => ({
    ...rest,
    name: `${name}, paced`,
    body: { ...body, user: PACED_USER },
    paced: true,
  }));

/** The gateway's configuration for them. */
export function configFor(upstreamPort: number, masterKey: string) {
  const upstream = { api_base: `http://127.0.0.1:${upstreamPort}/v1`, api_key: "sk-of-the-upstream" };
  return {
    model_list: [
      { model_name: "chat", litellm_params: { model: "openai/gpt-4o-mini", ...upstream } },
      { model_name: "messages", litellm_params: { model: "anthropic/claude-sonnet-4-5", ...upstream } },
    ],
    general_settings: { master_key: masterKey },
  };
}
