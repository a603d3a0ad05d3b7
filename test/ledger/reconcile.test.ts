import { describe, expect, it } from "vitest";
import { readAnthropicCsv, readAnthropicJson } from "../../src/ledger/reconcile/anthropic.ts";
import { plainModel, reconcile, usageOfRows } from "../../src/ledger/reconcile/compare.ts";
import { readCsv } from "../../src/ledger/reconcile/csv.ts";
import { modelOfLineItem, readOpenAiCsv, readOpenAiJson } from "../../src/ledger/reconcile/openai.ts";
import { merged, UsageExportError } from "../../src/ledger/reconcile/usage.ts";
import { nanoOf } from "../../src/ledger/reconcile/values.ts";
import { rowOf } from "./world.ts";

const DAY = "2026-11-22";
const START = Date.UTC(2026, 10, 22) / 1000;

const openAiPage = (...results: object[]) => ({
  object: "page",
  data: [{ object: "bucket", start_time: START, end_time: START + 86_400, results }],
  has_more: false,
  next_page: null,
});

describe("OpenAI's exports", () => {
  it("reads the usage API", () => {
    const page = openAiPage({
      object: "organization.usage.completions.result",
      input_tokens: 1000,
      output_tokens: 500,
      input_cached_tokens: 800,
      num_model_requests: 5,
      project_id: null,
      model: "gpt-4o-2024-08-06",
      batch: null,
    });
    const usage = {
      day: DAY,
      model: "gpt-4o-2024-08-06",
      requests: 5,
      tokens: { input: 1000, cacheRead: 800, output: 500 },
    };
    expect(readOpenAiJson(page)).toEqual([usage]);
    expect(readOpenAiJson([page, page])).toEqual([usage, usage]);
  });

  it("reads the costs API", () => {
    const cost = (line_item: string | null, value: number | string) => ({
      object: "organization.costs.result",
      amount: { value, currency: "usd" },
      line_item,
    });
    const page = openAiPage(
      cost("gpt-4o-2024-08-06, input", 0.06),
      cost("gpt-4o-2024-08-06, cached input", "0.003835980000000000000000000000"),
      cost("web search tool calls", 1),
    );
    expect(merged(readOpenAiJson(page))).toEqual([
      { day: DAY, model: "gpt-4o-2024-08-06", cost: 63_835_980 },
      { day: DAY, model: "", cost: 1e9 },
    ]);
  });

  it.each([
    ["gpt-5, output", "gpt-5"],
    ["priority | gpt-5.6-sol, output, long context", "gpt-5.6-sol"],
    ["gpt-audio-mini-2025-12-15 audio, input", "gpt-audio-mini-2025-12-15"],
    ["gpt-5.4-mini, cache writes", "gpt-5.4-mini"],
    ["assistants api | file search", ""],
    ["", ""],
  ])("knows the model of %j", (lineItem, model) => {
    expect(modelOfLineItem(lineItem)).toBe(model);
  });

  it("reads the dashboard's files", () => {
    const costs = `start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,line_item\r
${START},0,2026-11-22T00:00:00+00:00,,,,,\r
${START},0,2026-11-22T00:00:00,,0.5,usd,1000,"gpt-5-nano, input"\r
`;
    expect(readOpenAiCsv(costs)).toEqual([{ day: DAY, model: "gpt-5-nano", cost: 5e8 }]);
    const usage = `start_time_iso,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens
2026-11-22T00:00:00+00:00,3,gpt-5-nano,100,20,50
2026-11-22T00:00:00+00:00,0,,,,
`;
    expect(readOpenAiCsv(usage)).toEqual([
      { day: DAY, model: "gpt-5-nano", requests: 3, tokens: { input: 100, cacheRead: 50, output: 20 } },
    ]);
  });
});

describe("Anthropic's exports", () => {
  const page = (...results: object[]) => ({
    data: [{ starting_at: `${DAY}T00:00:00Z`, ending_at: "2026-11-23T00:00:00Z", results }],
    has_more: false,
    next_page: null,
  });

  it("reads the usage report", () => {
    const result = {
      uncached_input_tokens: 1500,
      cache_creation: { ephemeral_1h_input_tokens: 1000, ephemeral_5m_input_tokens: 500 },
      cache_read_input_tokens: 200,
      output_tokens: 500,
      server_tool_use: { web_search_requests: 10 },
      api_key_id: null,
      model: "claude-sonnet-4-5-20250929",
    };
    expect(readAnthropicJson(page(result))).toEqual([
      {
        day: DAY,
        model: "claude-sonnet-4-5-20250929",
        tokens: { input: 3200, cacheRead: 200, cacheWrite: 1500, output: 500 },
      },
    ]);
  });

  it("reads the cost report: amounts are cents", () => {
    const result = { currency: "USD", amount: "123.45678", model: "claude-haiku-4-5", token_type: "output_tokens" };
    expect(readAnthropicJson(page(result))).toEqual([{ day: DAY, model: "claude-haiku-4-5", cost: 1_234_567_800 }]);
  });

  it("reads the console's files", () => {
    const usage = `usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed
${DAY},claude-opus-5,"Closer, App",Default,standard,≤ 200k,46981,15969,1,7,16932,0,global,
`;
    expect(readAnthropicCsv(usage)).toEqual([
      {
        day: DAY,
        model: "claude-opus-5",
        tokens: { input: 62_958, cacheRead: 7, cacheWrite: 15_970, output: 16_932 },
      },
    ]);
    const cost = `usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd
${DAY},Claude Haiku 4.5,Default,key,message,≤ 200k,output,0.02,0.02
`;
    expect(readAnthropicCsv(cost)).toEqual([{ day: DAY, model: "Claude Haiku 4.5", cost: 20_000_000 }]);
  });
});

describe("what cannot be read", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["an error of the API", () => readOpenAiJson({ error: { message: "no" } }), /no page of OpenAI's/],
    ["nothing", () => readAnthropicJson(undefined), /no page of Anthropic's/],
    ["a bucket without results", () => readOpenAiJson({ data: [{ start_time: 1 }] }), /no page/],
    [
      "negative tokens",
      () => readAnthropicJson({ data: [{ starting_at: DAY, results: [{ uncached_input_tokens: -1 }] }] }),
      /no page/,
    ],
    ["an empty file", () => readOpenAiCsv("\n"), /empty/],
    ["another file", () => readAnthropicCsv("a,b\n1,2"), /no columns of an export of Anthropic's: a, b/],
    [
      "a wrong number",
      () => readOpenAiCsv("start_time,model,input_tokens\n1795305600,m,many"),
      /line 2: input_tokens is "many"/,
    ],
    [
      "a wrong day",
      () => readAnthropicCsv("usage_date_utc,cost_usd\n2026-11-22,1\nnever,2"),
      /line 3: "never" is no time/,
    ],
    ["a wrong amount", () => readAnthropicCsv("usage_date_utc,cost_usd\n2026-11-22,$1"), /line 2: "\$1" is no amount/],
    [
      "another currency",
      () => readOpenAiCsv("start_time,amount_value,amount_currency\n1795305600,1,eur"),
      /line 2: the currency is eur/,
    ],
    ["an open quote", () => readCsv('a,b\n"1,2\n3'), /quote/],
    ["too many cells", () => readCsv("a,b\n1,2,3"), /line 2: 3 cells/],
  ])("says so: %s", (_, read, message) => {
    expect(read).toThrow(UsageExportError);
    expect(read).toThrow(message);
  });

  it("counts lines within cells", () => {
    expect(readCsv('\uFEFFa,b\r\n"x\ny","q""q"\r\n1,2').rows).toEqual([
      { line: 2, cells: { a: "x\ny", b: 'q"q' } },
      { line: 4, cells: { a: "1", b: "2" } },
    ]);
  });

  it("reads money exactly", () => {
    expect([nanoOf("0.1"), nanoOf(1e-7), nanoOf("-2.5"), nanoOf("0.0000000005"), nanoOf("100", 2)]).toEqual([
      100_000_000, 100, -2_500_000_000, 1, 1_000_000_000,
    ]);
  });
});

describe("reconcile", () => {
  const row = (id: string, model: string, cost: number, promptTokens = 10) => rowOf(id, { model, cost, promptTokens });

  it("finds what matches, what differs and by how much, and what only one side has", () => {
    const bill = [
      { day: DAY, model: "gpt-4o-2024-08-06", requests: 2, tokens: { input: 20, output: 10 } },
      { day: DAY, model: "gpt-4o-2024-08-06", cost: 2000 },
      { day: DAY, model: "gpt-5", requests: 1, tokens: { input: 15, output: 5 }, cost: 1500 },
      { day: DAY, model: "o9", cost: 7 },
    ];
    const ledger = usageOfRows([
      row("a", "openai/gpt-4o", 1000),
      row("b", "gpt-4o", 1000),
      row("c", "gpt-5", 1000),
      row("d", "claude", 50),
      { ...row("e", "gpt-5", 0), cacheHit: true },
    ]);
    const result = reconcile(bill, ledger);
    expect(result.matched).toMatchObject([{ model: "gpt-4o", day: DAY }]);
    expect(result.differing).toMatchObject([
      {
        model: "gpt-5",
        tokens: { input: { billed: 15, ledger: 10, difference: 5 } },
        cost: { billed: 1500, ledger: 1000, difference: 500 },
      },
    ]);
    expect(result.onlyBilled).toMatchObject([{ model: "o9" }]);
    expect(result.onlyLedger).toMatchObject([{ model: "claude", cost: 50 }]);
    expect([result.billed, result.ledger]).toEqual([3507, 3050]);
    expect(reconcile(bill, ledger, { tolerance: 500 }).differing[0]?.cost).toBeUndefined();
  });

  it("compares by call where the bill names calls", () => {
    const bill = ["a", "b", "x"].map((requestId) => ({ day: DAY, model: "gpt-4o", requestId, cost: 1000 }));
    const ledger = usageOfRows([
      row("a", "gpt-4o", 1000),
      row("b", "gpt-4o", 1001),
      { ...row("l", "gpt-4o", 5), callId: "y" },
    ]);
    const result = reconcile(bill, ledger);
    expect(result.matched.map(({ requestId }) => requestId)).toEqual(["a"]);
    expect(result.differing).toMatchObject([{ requestId: "b", cost: { difference: -1 } }]);
    expect(result.onlyBilled).toMatchObject([{ requestId: "x" }]);
    expect(result.onlyLedger).toMatchObject([{ requestId: "y" }]);
  });

  it("calls models by one name", () => {
    const names = ["claude-haiku-4-5-20251001", "Claude Haiku 4.5", "anthropic/claude-haiku-4-5", "claude-haiku-4-5"];
    expect(new Set(names.map(plainModel))).toEqual(new Set(["claude-haiku-4-5"]));
  });
});
