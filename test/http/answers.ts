/** Answers as upstreams write them, for upstreams whose every byte the test decides. */

export const NAMES = ["openai", "anthropic", "gemini"] as const;
export type Name = (typeof NAMES)[number];

const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** A whole answer with this text, in each format. */
export function whole(name: Name, text: string): object {
  switch (name) {
    case "openai":
      return {
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
        usage: USAGE,
      };
    case "anthropic":
      return {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "m",
        content: [{ type: "text", text }],
        stop_reason: "end_turn",
        stop_sequence: null,
        usage: { input_tokens: 11, output_tokens: 7 },
      };
    case "gemini":
      return {
        candidates: [{ index: 0, content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
      };
  }
}

type Event = { event?: string; data: string };

/** The events of a stream that says these pieces, in each format. */
export function events(name: Name, ...pieces: string[]): Event[] {
  switch (name) {
    case "openai": {
      const chunk = (delta: object, finish_reason: string | null = null) => ({
        data: JSON.stringify({
          id: "chatcmpl-1",
          object: "chat.completion.chunk",
          created: 1,
          model: "m",
          choices: [{ index: 0, delta, finish_reason }],
        }),
      });
      const usage = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", choices: [] };
      return [
        chunk({ role: "assistant", content: "" }),
        ...pieces.map((content) => chunk({ content })),
        chunk({}, "stop"),
        { data: JSON.stringify({ ...usage, usage: USAGE }) },
        { data: "[DONE]" },
      ];
    }
    case "anthropic": {
      const event = (type: string, rest: object = {}) => ({ event: type, data: JSON.stringify({ type, ...rest }) });
      const ending = { stop_reason: "end_turn", stop_sequence: null };
      return [
        event("message_start", { message: { ...whole("anthropic", ""), content: [], stop_reason: null } }),
        event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
        ...pieces.map((text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
        event("content_block_stop", { index: 0 }),
        event("message_delta", { delta: ending, usage: { output_tokens: 7 } }),
        event("message_stop"),
      ];
    }
    case "gemini":
      return pieces.map((text, position) => ({
        data: JSON.stringify({
          candidates: [
            {
              index: 0,
              content: { role: "model", parts: [{ text }] },
              ...(position === pieces.length - 1 && { finishReason: "STOP" }),
            },
          ],
          usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 },
        }),
      }));
  }
}

/** Server-sent events as text. */
export const sse = (list: Event[], newline = "\n") =>
  list
    .map(
      ({ event, data }) => `${event === undefined ? "" : `event: ${event}${newline}`}data: ${data}${newline}${newline}`,
    )
    .join("");
