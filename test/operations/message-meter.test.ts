import { describe, expect, it } from "vitest";
import { MessageMeter } from "../../src/operations/message-meter.ts";

const request = { model: "claude", max_tokens: 10, messages: [{ role: "user" as const, content: "Hello there" }] };

const usage = {
  input_tokens: 1000,
  cache_creation_input_tokens: 4000,
  cache_read_input_tokens: 3000,
  cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 3000 },
  output_tokens: 1,
};

function cutOff(told: object | undefined): MessageMeter {
  const meter = new MessageMeter(request);
  meter.chunk({ type: "message_start", message: { content: [], usage: told } });
  meter.chunk({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
  meter.chunk({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "one two three" } });
  return meter;
}

describe("a stream that broke off", () => {
  it("has the input that its beginning told, cached and written, and the output that was delivered", async () => {
    const meter = cutOff(usage);
    expect(meter.usage).toBeUndefined();
    expect(await meter.estimate("claude")).toMatchObject({
      prompt_tokens: 8000,
      completion_tokens: 3,
      total_tokens: 8003,
      prompt_tokens_details: {
        cached_tokens: 3000,
        cache_creation_tokens: 4000,
        cache_creation_token_details: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 3000 },
      },
    });
  });

  it.each([undefined, {}, { input_tokens: 0 }, { input_tokens: -5 }, { input_tokens: 1e300 }, { input_tokens: "9" }])(
    "is counted whole where its beginning told %j",
    async (told) => {
      const { prompt_tokens, completion_tokens } = await cutOff(told).estimate("claude");
      expect(prompt_tokens).toBeGreaterThan(2);
      expect(prompt_tokens).toBeLessThan(30);
      expect(completion_tokens).toBe(3);
    },
  );
});
