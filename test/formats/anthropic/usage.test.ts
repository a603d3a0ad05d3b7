import { expect, it } from "vitest";
import { toUsage } from "../../../src/formats/anthropic/usage.ts";

it("counts the cache as input, and keeps its parts", () => {
  expect(
    toUsage({
      input_tokens: 10,
      output_tokens: 50,
      cache_read_input_tokens: 200,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens_details: { thinking_tokens: 40 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
      service_tier: "standard",
      inference_geo: "us",
      speed: null,
    }),
  ).toEqual({
    prompt_tokens: 240,
    completion_tokens: 50,
    total_tokens: 290,
    prompt_tokens_details: {
      cached_tokens: 200,
      cache_creation_tokens: 30,
      cache_creation_token_details: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    },
    completion_tokens_details: { reasoning_tokens: 40, text_tokens: 10 },
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 200,
    server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
    service_tier: "standard",
    inference_geo: "us",
  });
});

it("adds compaction, which is billed beside the rest, but not other models", () => {
  const iterations = [
    { type: "compaction", input_tokens: 1000, output_tokens: 100 },
    { type: "message", input_tokens: 10, output_tokens: 5 },
    { type: "advisor_message", model: "claude-y", input_tokens: 7, output_tokens: 7 },
  ];
  expect(toUsage({ input_tokens: 10, output_tokens: 5, iterations })).toMatchObject({
    prompt_tokens: 1010,
    completion_tokens: 105,
    iterations,
  });
});

it("makes do with anything", () => {
  expect(toUsage(undefined)).toMatchObject({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  expect(toUsage({ input_tokens: "many", output_tokens: null, cache_creation: null })).toMatchObject({
    total_tokens: 0,
  });
});
