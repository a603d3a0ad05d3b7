import { describe, expect, it } from "vitest";
import { evalRun, gradersIn } from "../../../../../src/gateway/llm/objects/runs/eval-run.ts";
import { fineTuningJob } from "../../../../../src/gateway/llm/objects/runs/fine-tuning-job.ts";
import { type BegunRun, isRunOver, runKinds } from "../../../../../src/gateway/llm/objects/runs/kind.ts";
import { threadRun } from "../../../../../src/gateway/llm/objects/runs/thread-run.ts";
import { findModel } from "../../../../../src/models/catalogue.ts";
import { countTokens } from "../../../../../src/models/tokens.ts";

const infoOf = (model: string) => findModel(`openai/${model}`);

function begun(fields: Partial<BegunRun> & { file?: string }): BegunRun {
  const { file = "", ...given } = fields;
  return {
    infoOf,
    ask: async () => undefined,
    body: {},
    parent: {},
    named: () => undefined,
    model: undefined,
    contentOf: async () =>
      (async function* () {
        yield new TextEncoder().encode(file);
      })(),
    price: (cost) => cost,
    now: Date.now(),
    ...given,
  };
}

const costOf = (sizes: ReadonlyMap<string, { cost: number }>) => [...sizes.values()].map(({ cost }) => cost / 1e9);

describe("a fine-tuning job", () => {
  const line = JSON.stringify({ messages: [{ role: "user", content: "a question of some length" }] });
  const file = (examples: number) => Array.from({ length: examples }, () => line).join("\n");
  const job = (fields: object) => ({ model: "gpt-4o-mini-2024-07-18", training_file: "file-1", ...fields });

  it.each([
    ["as many epochs as are asked for", { hyperparameters: { n_epochs: 7 } }, 10, 7],
    ["those of its method", { method: { type: "dpo", dpo: { hyperparameters: { n_epochs: 2 } } } }, 10, 2],
    ["of few examples more, so that they are a hundred", { hyperparameters: { n_epochs: "auto" } }, 10, 10],
    ["of very few not more than twenty-five", {}, 1, 25],
    ["three of most files", {}, 100, 3],
    ["of many examples one", {}, 20_000, 1],
  ])("holds %s", async (_, fields, examples, epochs) => {
    const sizes = await fineTuningJob.sizes(begun({ body: job(fields), file: file(examples) }));
    const tokens = (await countTokens(line, "gpt-4o-mini")) * examples * epochs;
    const [cost = 0] = costOf(sizes);
    // Where the file is long, it is reckoned, and lines that follow each other share a token here and there.
    expect(cost / ((tokens * 3) / 1e6)).toBeGreaterThan(0.9);
    expect(cost / ((tokens * 3) / 1e6)).toBeLessThan(1.15);
    expect([...sizes.keys()]).toEqual(["gpt-4o-mini-2024-07-18"]);
  });

  it("of reinforcement cannot be held", async () => {
    const body = job({ method: { type: "reinforcement" } });
    await expect(fineTuningJob.sizes(begun({ body }))).rejects.toMatchObject({ status: 400, param: "method" });
  });

  it("costs what was trained with, whatever its end", async () => {
    const done = { model: "gpt-4.1-nano-2025-04-14", status: "succeeded", trained_tokens: 2_000_000 };
    for (const status of ["succeeded", "cancelled"])
      expect([...(await fineTuningJob.bills({ ...done, status }, begun({})))]).toEqual([
        ["gpt-4.1-nano-2025-04-14", expect.objectContaining({ cost: 3e9 })],
      ]);
    expect((await fineTuningJob.bills({ ...done, trained_tokens: null }, begun({}))).size).toBe(0);
  });

  it("has no price where the model's is not known", async () => {
    const bills = await fineTuningJob.bills({ model: "none", status: "succeeded", trained_tokens: 5 }, begun({}));
    expect(bills.get("none")).toMatchObject({ cost: undefined });
  });

  it("of reinforcement that failed costs nothing, and one whose events are not told the time since it was made", async () => {
    const method = { type: "reinforcement" };
    const times = { created_at: 1000, finished_at: 1000 + 1800 };
    const succeeded = { model: "o4-mini-2025-04-16", status: "succeeded", method, ...times };
    expect((await fineTuningJob.bills({ ...succeeded, status: "failed" }, begun({}))).size).toBe(0);
    const bills = await fineTuningJob.bills(succeeded, begun({}));
    expect(bills.get("o4-mini-2025-04-16")).toMatchObject({ cost: 50e9, isEstimated: true });
  });

  it("of reinforcement that was cancelled costs what it took until then, if it had begun", async () => {
    const now = Math.floor(Date.now() / 1000);
    const job = { id: "job", model: "o4-mini-2025-04-16", status: "cancelled", method: { type: "reinforcement" } };
    const costWith = async (fields: object, events: object) => {
      const bills = await fineTuningJob.bills({ ...job, ...fields }, begun({ ask: async () => ({ ...events }) }));
      return [...bills.values()].map(({ cost }) => Math.round((cost ?? 0) / 1e9));
    };
    const started = { data: [{ message: "Fine-tuning job started", created_at: now - 1800 }], has_more: false };
    expect(await costWith({ created_at: now - 3600, finished_at: now }, started)).toEqual([50]);
    expect(await costWith({ created_at: now - 3600, finished_at: null }, started)).toEqual([50]);
    expect(await costWith({ created_at: now - 3600, finished_at: now }, { data: [], has_more: false })).toEqual([]);
    expect(await costWith({ created_at: now - 3600, finished_at: now }, { data: [], has_more: true })).toEqual([100]);
  });
});

describe("a run of a thread", () => {
  it("holds its bounds, else the longest of its assistant's model", async () => {
    const bounds = { model: "gpt-4o-mini", max_prompt_tokens: 1000, max_completion_tokens: 100 };
    const [bounded = 0] = costOf(await threadRun.sizes(begun({ body: bounds })));
    expect(bounded).toBeCloseTo((1050 * 0.15 + 100 * 0.6) / 1e6, 9);
    const named = (id: unknown) => (id === "asst_1" ? { model: "gpt-4o-mini" } : undefined);
    const [longest = 0] = costOf(await threadRun.sizes(begun({ body: { assistant_id: "asst_1" }, named })));
    expect(longest).toBeCloseTo((128_000 * 1.05 * 0.15 + 16_384 * 0.6) / 1e6, 9);
  });

  it("costs nothing where it used nothing", async () => {
    expect((await threadRun.bills({ model: "gpt-4o", usage: null }, begun({}))).size).toBe(0);
  });
});

describe("a run of an eval", () => {
  const data_source = (fields: object) => ({
    type: "completions",
    model: "gpt-4o-mini",
    source: { type: "file_id", id: "file-1" },
    input_messages: { type: "template", template: [{ role: "user", content: "{{item.a}}" }] },
    ...fields,
  });
  const file = Array.from({ length: 10 }, () => JSON.stringify({ item: { a: "x" } })).join("\n");

  it("holds the longest answer to each item", async () => {
    const body = { data_source: data_source({ sampling_params: { max_completion_tokens: 1000 } }) };
    const [cost = 0] = costOf(await evalRun.sizes(begun({ body, file })));
    expect(cost).toBeGreaterThan((10 * 1000 * 0.6) / 1e6);
    expect(cost).toBeLessThan((10 * 1000 * 0.6) / 1e6 + (10 * 60 * 0.15) / 1e6);
    // Another API's word for it bounds nothing.
    const unbound = {
      data_source: data_source({ sampling_params: { max_output_tokens: 1, max_completions_tokens: 1 } }),
    };
    const [longest = 0] = costOf(await evalRun.sizes(begun({ body: unbound, file })));
    expect(longest).toBeGreaterThan((10 * 16_384 * 0.6) / 1e6);
  });

  it("holds what graders may say of each answer, which may be long", async () => {
    const grader = { type: "score_model", model: "gpt-4o", input: "{{sample.output_text}}" };
    const parent = { testing_criteria: [grader, { type: "string_check", input: "a", reference: "b" }] };
    const body = { data_source: data_source({ sampling_params: { max_completion_tokens: 1000 } }) };
    const limits = { sampling_params: { max_completions_tokens: 10 } };
    const sizes = await evalRun.sizes(begun({ body, file, parent: { testing_criteria: [{ ...grader, ...limits }] } }));
    const bounded = (sizes.get("gpt-4o")?.cost ?? 0) / 1e9;
    expect(bounded).toBeGreaterThan((10 * (1000 * 2.5 + 10 * 10)) / 1e6);
    const unbounded = (await evalRun.sizes(begun({ body, file, parent }))).get("gpt-4o")?.cost ?? 0;
    expect(unbounded / 1e9).toBeGreaterThan((10 * 16_384 * 10) / 1e6);
  });

  it("over what is stored cannot be held", async () => {
    const body = { data_source: data_source({ source: { type: "stored_completions" } }) };
    await expect(evalRun.sizes(begun({ body }))).rejects.toMatchObject({ status: 400, param: "data_source.source" });
  });

  it("finds graders in graders", () => {
    const one = { type: "score_model", model: "a" };
    const other = { type: "label_model", model: "b" };
    const check = { type: "string_check" };
    expect(gradersIn([check, { type: "multi", graders: { one, check, other } }])).toEqual([one, other]);
    expect(gradersIn([{ type: "multi", graders: one }])).toEqual([one]);
    expect(gradersIn("nonsense")).toEqual([]);
  });
});

describe("all kinds", () => {
  it("are asked for by ids that may hold anything", () => {
    for (const { retrieve, cancel } of runKinds)
      for (const { path } of [retrieve("a/../b", "c?d"), cancel("a/../b", "c?d")]) {
        expect(path).toContain("a%2F..%2Fb");
        expect(path).not.toContain("?");
      }
  });

  it.each(["succeeded", "completed", "failed", "cancelled", "canceled", "expired", "incomplete"])(
    "are over when %s",
    (status) => expect(isRunOver({ status })).toBe(true),
  );
  it.each(["queued", "in_progress", "requires_action", "cancelling", "paused", undefined, {}])(
    "are not when %s",
    (status) => expect(isRunOver({ status })).toBe(false),
  );
});
