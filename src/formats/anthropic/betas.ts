/**
 * The `anthropic-beta` values a body needs. Source: Anthropic's pages of the features; those that are generally
 * available (tool search, structured outputs, effort, one-hour caches, ...) need none.
 */

import { isRecord, recordsIn } from "../json.ts";
import { text } from "./fields.ts";

const FILES = "files-api-2025-04-14";
const CONTEXT_MANAGEMENT = "context-management-2025-06-27";

export function betasOf(body: Record<string, unknown>): string[] {
  const betas = new Set<string>();
  const tools = records(body["tools"]);
  for (const tool of tools) {
    const beta = betaOfTool(text(tool["type"]));
    if (beta) betas.add(beta);
  }
  if (records(body["mcp_servers"]).length > 0)
    betas.add(tools.some(({ type }) => type === "mcp_toolset") ? "mcp-client-2025-11-20" : "mcp-client-2025-04-04");
  if (isRecord(body["context_management"])) {
    for (const edit of records(body["context_management"]["edits"]))
      betas.add(text(edit["type"]).startsWith("compact_") ? "compact-2026-01-12" : CONTEXT_MANAGEMENT);
  }
  if (isRecord(body["output_format"])) betas.add("structured-outputs-2025-11-13");
  if (isRecord(body["output_config"]) && isRecord(body["output_config"]["task_budget"]))
    betas.add("task-budgets-2026-03-13");
  if (isRecord(body["container"]) && records(body["container"]["skills"]).length > 0) {
    betas.add("skills-2025-10-02");
    betas.add("code-execution-2025-08-25");
  }
  if (body["speed"] === "fast") betas.add("fast-mode-2026-02-01");
  for (const turn of records(body["messages"])) for (const block of records(turn["content"])) addBlock(block, betas);
  return [...betas];
}

function betaOfTool(type: string): string | undefined {
  switch (type) {
    case "computer_20241022":
    case "bash_20241022":
    case "text_editor_20241022":
      return "computer-use-2024-10-22";
    case "computer_20250124":
      return "computer-use-2025-01-24";
    case "computer_20251124":
      return "computer-use-2025-11-24";
    case "code_execution_20250522":
      return "code-execution-2025-05-22";
    case "code_execution_20250825":
      return "code-execution-2025-08-25";
    case "web_fetch_20250910":
      return "web-fetch-2025-09-10";
    case "memory_20250818":
      return CONTEXT_MANAGEMENT;
    case "advisor_20260301":
      return "advisor-tool-2026-03-01";
    default:
      return undefined;
  }
}

function addBlock(block: Record<string, unknown>, betas: Set<string>): void {
  switch (block["type"]) {
    case "container_upload":
      betas.add(FILES);
      break;
    case "tool_addition":
    case "tool_removal":
      betas.add("mid-conversation-tool-changes-2026-07-01");
      break;
    case "tool_result":
      for (const part of records(block["content"])) addBlock(part, betas);
      break;
    default:
      if (isRecord(block["source"]) && block["source"]["type"] === "file") betas.add(FILES);
  }
}

function records(value: unknown): Record<string, unknown>[] {
  return recordsIn(value);
}
