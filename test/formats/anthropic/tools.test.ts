import { describe, expect, it } from "vitest";
import { betasOf } from "../../../src/formats/anthropic/betas.ts";
import { originalToolNames, upstreamToolName } from "../../../src/formats/anthropic/tool-names.ts";
import { toTools } from "../../../src/formats/anthropic/tools.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";

const f = { type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } };
const g = { type: "function", function: { name: "g" } };
const convert = (request: Partial<ChatRequest>) =>
  toTools({ model: "m", messages: [{ role: "user", content: "?" }], ...request });

describe("tools", () => {
  it("functions with Anthropic's options, wherever they stand", () => {
    const { tools } = convert({
      tools: [
        {
          type: "function",
          function: { name: "f", description: "F.", strict: true, parameters: { properties: {} }, defer_loading: true },
          cache_control: { type: "ephemeral" },
          input_examples: [{}],
        },
        g,
      ],
    });
    expect(tools).toEqual([
      {
        name: "f",
        description: "F.",
        input_schema: { type: "object", properties: {} },
        strict: true,
        defer_loading: true,
        cache_control: { type: "ephemeral" },
        input_examples: [{}],
      },
      { name: "g", input_schema: { type: "object", properties: {} } },
    ]);
  });

  it("Anthropic's own pass as they are", () => {
    const search = { type: "web_search_20250305", name: "web_search", max_uses: 2 };
    const plain = { name: "h", input_schema: { type: "object" } };
    expect(convert({ tools: [search, plain] }).tools).toEqual([search, plain]);
    const wrapped = {
      type: "computer_20250124",
      function: { name: "computer", parameters: { display_width_px: 800, display_height_px: 600 } },
    };
    expect(convert({ tools: [wrapped] }).tools).toEqual([
      { type: "computer_20250124", name: "computer", display_width_px: 800, display_height_px: 600 },
    ]);
  });

  it("legacy functions, and web search", () => {
    const { tools, tool_choice } = convert({
      functions: [{ name: "f" }],
      function_call: { name: "f" },
      web_search_options: {
        search_context_size: "low",
        user_location: { type: "approximate", approximate: { city: "Bonn" } },
      },
    });
    expect(tools).toEqual([
      { name: "f", input_schema: { type: "object", properties: {} } },
      {
        type: "web_search_20250305",
        name: "web_search",
        max_uses: 1,
        user_location: { type: "approximate", city: "Bonn" },
      },
    ]);
    expect(tool_choice).toEqual({ type: "tool", name: "f" });
  });

  it("MCP servers leave the tools", () => {
    const mcp = {
      type: "mcp",
      server_label: "docs",
      server_url: "https://mcp.example",
      headers: { Authorization: "Bearer t" },
    };
    expect(convert({ tools: [mcp] })).toEqual({
      tools: [],
      mcp_servers: [{ type: "url", url: "https://mcp.example", name: "docs", authorization_token: "t" }],
    });
  });

  it("refuses custom tools", () => {
    expect(() => convert({ tools: [{ type: "custom", custom: { name: "sql" } }] })).toThrow(
      expect.objectContaining({ status: 400, param: "tools[0]" }),
    );
  });
});

describe("tool_choice", () => {
  it.each([
    ["auto", { type: "auto" }],
    ["none", { type: "none" }],
    ["required", { type: "any" }],
    [
      { type: "function", function: { name: "f" } },
      { type: "tool", name: "f" },
    ],
    [
      { type: "tool", name: "f" },
      { type: "tool", name: "f" },
    ],
    [{ type: "any" }, { type: "any" }],
  ])("%j", (tool_choice, expected) => {
    expect(convert({ tools: [f], tool_choice }).tool_choice).toEqual(expected);
  });

  it("allowed tools: the others are not offered", () => {
    const { tools, tool_choice } = convert({
      tools: [f, g],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "g" } }] },
      },
    });
    expect(tools.map(({ name }) => name)).toEqual(["g"]);
    expect(tool_choice).toEqual({ type: "any" });
  });

  it.each([
    [undefined, false, { type: "auto", disable_parallel_tool_use: true }],
    ["required", false, { type: "any", disable_parallel_tool_use: true }],
    ["auto", true, { type: "auto", disable_parallel_tool_use: false }],
    [undefined, true, undefined],
    ["none", false, { type: "none" }],
  ])("%j with parallel_tool_calls %j", (tool_choice, parallel_tool_calls, expected) => {
    expect(convert({ tools: [f], tool_choice, parallel_tool_calls }).tool_choice).toEqual(expected);
  });

  it("says nothing without tools", () => {
    expect(convert({ tool_choice: "auto", parallel_tool_calls: false })).not.toHaveProperty("tool_choice");
  });
});

describe("names", () => {
  it("are legal upstream and the client's own again afterwards", () => {
    const names = ["f", "my.tool", "my/tool", "x".repeat(80), "名前"];
    const upstream = names.map(upstreamToolName);
    for (const name of upstream) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(new Set(upstream).size).toBe(names.length);
    const back = originalToolNames({
      model: "m",
      messages: [],
      tools: names.map((name) => ({ type: "function", function: { name } })),
    });
    expect(upstream.map((name) => back.get(name) ?? name)).toEqual(names);
  });
});

describe("betas", () => {
  it.each([
    [{ tools: [{ type: "computer_20250124" }] }, ["computer-use-2025-01-24"]],
    [{ tools: [{ type: "code_execution_20250825" }] }, ["code-execution-2025-08-25"]],
    [{ mcp_servers: [{}] }, ["mcp-client-2025-04-04"]],
    [{ mcp_servers: [{}], tools: [{ type: "mcp_toolset" }] }, ["mcp-client-2025-11-20"]],
    [{ context_management: { edits: [{ type: "compact_20260112" }] } }, ["compact-2026-01-12"]],
    [{ output_format: { type: "json_schema" } }, ["structured-outputs-2025-11-13"]],
    [{ speed: "fast" }, ["fast-mode-2026-02-01"]],
    [{ output_config: { effort: "low" }, tools: [{ name: "f", strict: true }] }, []],
    [
      {
        messages: [
          {
            content: [
              { type: "tool_result", content: [{ type: "document", source: { type: "file", file_id: "file_1" } }] },
            ],
          },
        ],
      },
      ["files-api-2025-04-14"],
    ],
  ])("%j", (body, betas) => {
    expect(betasOf(body)).toEqual(betas);
  });
});
