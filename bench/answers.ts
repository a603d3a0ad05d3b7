/** What the upstream of the benchmark answers: made once, in the size real answers have. */

const TEXT =
  "The tide turns when the moon has passed, and whoever keeps the gates of the lock has to know it before the ships do. ";

/** Streams have this many chunks with content, in bursts of `BURST`. */
export const CHUNKS = 200;
const BURST = 10;

const usage = {
  prompt_tokens: 412,
  completion_tokens: 200,
  total_tokens: 612,
  prompt_tokens_details: { cached_tokens: 256, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};

/** OpenAI's answer, about 1 KB. */
export const completion = JSON.stringify({
  id: "chatcmpl-CJ2Yw7yRk4WmZC8bqjFqYxN2l1cQ",
  object: "chat.completion",
  created: 1764000000,
  model: "gpt-4o-mini-2024-07-18",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: TEXT.repeat(4), refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage,
  service_tier: "default",
  system_fingerprint: "fp_560af6e559",
});

/** OpenAI's stream, 250 bytes a chunk, as the bursts it comes in. */
export const chatBursts: readonly string[] = bursts([
  chunk([{ index: 0, delta: { role: "assistant", content: "", refusal: null }, logprobs: null, finish_reason: null }]),
  ...Array.from({ length: CHUNKS }, (_, n) =>
    chunk([{ index: 0, delta: { content: word(n) }, logprobs: null, finish_reason: null }]),
  ),
  chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]),
  chunk([], usage),
  "data: [DONE]\n\n",
]);

/** The same, each chunk by itself. */
export const chatEvents: readonly string[] = chatBursts.flatMap((burst) => burst.match(/.+\n\n/g) ?? []);

/** Anthropic's stream with the same text. */
export const messagesBursts: readonly string[] = bursts([
  event("message_start", {
    message: {
      id: "msg_01XFDUDYJgAACzvnptvVoYEL",
      type: "message",
      role: "assistant",
      model: "claude-sonnet-4-5-20250929",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 412, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 },
    },
  }),
  event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  event("ping", {}),
  ...Array.from({ length: CHUNKS }, (_, n) =>
    event("content_block_delta", { index: 0, delta: { type: "text_delta", text: word(n) } }),
  ),
  event("content_block_stop", { index: 0 }),
  event("message_delta", {
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { input_tokens: 412, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 200 },
  }),
  event("message_stop", {}),
]);

function chunk(choices: unknown[], told: typeof usage | null = null): string {
  const body = {
    id: "chatcmpl-CJ2Yw7yRk4WmZC8bqjFqYxN2l1cQ",
    object: "chat.completion.chunk",
    created: 1764000000,
    model: "gpt-4o-mini-2024-07-18",
    service_tier: "default",
    system_fingerprint: "fp_560af6e559",
    choices,
    usage: told,
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function word(n: number): string {
  const words = TEXT.trim().split(" ");
  return ` ${words[n % words.length]}`;
}

function bursts(events: string[]): string[] {
  return Array.from({ length: Math.ceil(events.length / BURST) }, (_, n) =>
    events.slice(n * BURST, (n + 1) * BURST).join(""),
  );
}
