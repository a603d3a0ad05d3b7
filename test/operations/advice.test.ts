import { expect, test } from "vitest";
import { toUsage } from "../../src/formats/anthropic/usage.ts";
import { adviceCost } from "../../src/operations/advice.ts";

const haiku = { provider: "anthropic", info: { input_cost_per_token: 1e-6, output_cost_per_token: 5e-6 } };
const asked = (...iterations: unknown[]) => toUsage({ input_tokens: 10, output_tokens: 10, iterations });
const advice = { type: "advisor_message", model: "claude-opus-4-5", input_tokens: 1000, output_tokens: 100 };

test("an advisor is paid for at the price of its own model, cached tokens apart", () => {
  const own = { type: "message", input_tokens: 5000, output_tokens: 5000 };
  expect(adviceCost(asked(own, advice, own), haiku, {})).toBe((1000 * 5 + 100 * 25) * 1000);
  const cached = { ...advice, cache_read_input_tokens: 1000 };
  expect(adviceCost(asked(cached, advice), haiku, {})).toBe((1000 * 0.5 + 2 * (1000 * 5 + 100 * 25)) * 1000);
});

test("one whose price nobody knows costs what the model does that it advised", () => {
  for (const model of ["claude-of-tomorrow", undefined, "__proto__"])
    expect(adviceCost(asked({ ...advice, model }), haiku, {})).toBe((1000 * 1 + 100 * 5) * 1000);
});

test.each([undefined, null, "x", [], [null, 5, "x"], [{ ...advice, type: "compaction" }]])(
  "%j is no advice",
  (iterations) => expect(adviceCost({ ...asked(), iterations }, haiku, {})).toBe(0),
);

test("figures beyond all measure are not paid for", () => {
  for (const input_tokens of [-5, 1e300])
    expect(adviceCost(asked({ ...advice, input_tokens, output_tokens: 0 }), haiku, {})).toBe(0);
});
