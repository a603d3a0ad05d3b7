import { expect, test } from "vitest";
import { bedrockBetas, betasIn } from "../../../src/providers/bedrock/invoke/betas.ts";

const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

test("those Bedrock refuses are left out, others are renamed, none is said twice", () => {
  const asked = betasIn("claude-code-20250219, context-1m-2025-08-07,advanced-tool-use-2025-11-20,oauth-2025-04-20");
  expect(bedrockBetas([...asked, "context-1m-2025-08-07"], SONNET, {})).toEqual([
    "context-1m-2025-08-07",
    "tool-search-tool-2025-10-19",
  ]);
  expect(betasIn(undefined)).toEqual([]);
});

test("interleaved thinking is for Claude 4 and later", () => {
  const beta = ["interleaved-thinking-2025-05-14"];
  expect(bedrockBetas(beta, SONNET, {})).toEqual(beta);
  expect(bedrockBetas(beta, "anthropic.claude-3-7-sonnet-20250219-v1:0", {})).toEqual([]);
  expect(bedrockBetas(beta, "anthropic.claude-v2:1", {})).toEqual([]);
});

test("what the body names is meant for Bedrock; a search for tools needs its beta", () => {
  const body = {
    anthropic_beta: ["new-beta-2027-01-01"],
    tools: [{ type: "tool_search_tool_regex_20251119", name: "s" }],
  };
  expect(bedrockBetas([], SONNET, body)).toEqual(["new-beta-2027-01-01", "tool-search-tool-2025-10-19"]);
});
