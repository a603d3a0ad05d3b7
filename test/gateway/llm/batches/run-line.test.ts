import { describe, expect, it } from "vitest";
import { billsOf, usedByAnthropic, usedByOpenai } from "../../../../src/gateway/llm/batches/account.ts";
import { bodyOf, ofLine, pauseBefore } from "../../../../src/gateway/llm/batches/run-line.ts";
import { imageGenerations } from "../../../../src/operations/image-generations.ts";
import { responses } from "../../../../src/operations/responses.ts";
import type { Target } from "../../../../src/providers/provider.ts";
import { findProvider } from "../../../../src/providers/registry.ts";
import type { Deployment } from "../../../../src/router/deployment.ts";

const refused = (status: number, headers: Record<string, string> = {}) => ({ status, headers });

describe("whether a line is worth another try", () => {
  it("a rate limit is: as long as it says, at most a minute, longer each time where it does not say", () => {
    expect(pauseBefore(refused(429, { "retry-after": "7" }), "", 0)).toBe(7000);
    expect(pauseBefore(refused(429, { "retry-after": "7000" }), "", 0)).toBe(60_000);
    expect([0, 1, 5, 50].map((tries) => pauseBefore(refused(429), "", tries))).toEqual([1000, 2000, 32_000, 60_000]);
  });

  it("an account without money is not, a budget twice, what is away four times", () => {
    const quota = JSON.stringify({ error: { message: "x", code: "insufficient_quota" } });
    expect(pauseBefore(refused(429), quota, 0)).toBeUndefined();
    const budget = { ...refused(422), mayPass: true as const };
    expect([0, 1, 2].map((tries) => pauseBefore(budget, "", tries))).toEqual([2000, 2000, undefined]);
    expect([0, 3, 4].map((tries) => pauseBefore(refused(503), "", tries) !== undefined)).toEqual([true, true, false]);
  });

  it("whatever is answered is not", () => {
    for (const status of [200, 400, 401, 404, 500]) expect(pauseBefore(refused(status), "{}", 0)).toBeUndefined();
  });
});

describe("what a provider's batch costs", () => {
  const lines = (values: unknown[]) =>
    (async function* () {
      yield new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
    })();
  const target = { provider: "openai", model: "*" };
  const line = (model: string, usage: unknown) => ({ response: { status_code: 200, body: { model, usage } } });

  it("by model, whichever operation it was, at the prices of batches", async () => {
    const bills = await billsOf(
      lines([
        line("gpt-4o-mini", { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 }),
        line("gpt-4o-mini", { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }),
        line("text-embedding-3-small", { prompt_tokens: 1000, total_tokens: 1000 }),
        { response: { status_code: 400, body: { error: {} } } },
        "no line",
        line("nobody-knows", { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }),
      ]),
      usedByOpenai,
      { target },
    );
    expect([...bills].map(([model, { requests, cost }]) => [model, requests, cost])).toEqual([
      ["gpt-4o-mini", 2, 2 * (1000 * 75 + 100 * 300)],
      ["text-embedding-3-small", 1, 10_000],
      ["nobody-knows", 1, undefined],
    ]);
    expect(bills.get("gpt-4o-mini")?.usage).toMatchObject({ prompt_tokens: 2000, completion_tokens: 200 });
  });

  it("at the deployment's own prices, also where results name a snapshot or the model behind Azure's name", async () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
    const own = { input_cost_per_token: 0.000_01, output_cost_per_token: 0.000_02 };
    const costOf = async (target: Target, said = "gpt-4o-mini-2024-07-18") =>
      [...(await billsOf(lines([line(said, usage)]), usedByOpenai, { target })).values()][0]?.cost;
    const half = (1000 * 10_000 + 100 * 20_000) / 2;
    expect(await costOf({ provider: "openai", model: "gpt-4o-mini", info: own })).toBe(half);
    expect(await costOf({ provider: "azure", model: "ours", info: own })).toBe(half);
    const european = { provider: "azure", model: "ours", baseModel: "azure/eu/gpt-4o-mini-2024-07-18" };
    expect(await costOf({ ...european, info: own })).toBe(half);
    // Other models of the account.
    expect(await costOf({ ...european, info: own }, "gpt-4.1-nano-2025-04-14")).toBe(
      await costOf({ provider: "azure", model: "*" }, "gpt-4.1-nano-2025-04-14"),
    );
    expect(await costOf({ provider: "openai", model: "gpt-4o", info: own })).toBe(1000 * 75 + 100 * 300);
  });

  it("Claude's, where the catalogue has no prices of batches: half", async () => {
    const message = { model: "claude-haiku-4-5", usage: { input_tokens: 1000, output_tokens: 100 } };
    const bills = await billsOf(
      lines([{ result: { type: "succeeded", message } }, { result: { type: "expired" } }]),
      usedByAnthropic,
      {
        target: { provider: "anthropic", model: "*" },
      },
    );
    expect([...bills.values()]).toMatchObject([{ requests: 1, cost: 1000 * 500 + 100 * 2500 }]);
  });
});

describe("a line of responses", () => {
  const spec = { model: "m" };
  const line = (body: object) => ({ customId: "a", body: { input: "Hi", ...body } });

  it("is answered at once, whatever it says: nobody could come back for it", () => {
    const said = line({ background: true, stream: true, extra_body: { background: true, other: 1 } });
    expect(bodyOf(said, spec, responses)).toEqual({ input: "Hi", extra_body: { other: 1 }, model: "m" });
  });

  it("goes on from no response: nobody has asked whose that is", async () => {
    const target = { provider: "openai", model: "m" };
    const deployment = { id: "d", modelName: "m", target, defaults: {}, policy: {} } as Deployment; // nothing else of it is read
    const adapter = responses.adapter(findProvider("openai")!, target)!;
    const prepared = async (request: object) => ofLine(responses).prepare?.(request, adapter, deployment);
    await expect(prepared({ model: "m", previous_response_id: "resp_another" })).rejects.toThrow(/not found/);
    expect(await prepared({ model: "m", input: "Hi" })).toEqual({ model: "m", input: "Hi" });
    expect(ofLine(imageGenerations)).toBe(imageGenerations);
  });

  it("is its own elsewhere: a picture may have a background", () => {
    expect(bodyOf(line({ background: "transparent" }), spec, imageGenerations)).toMatchObject({
      background: "transparent",
    });
  });
});
