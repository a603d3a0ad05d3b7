/**
 * Which of Anthropic's betas Bedrock takes: it refuses a request for one that it does not know.
 * Source: Amazon Bedrock user guide, "Anthropic Claude Messages API" (beta headers), and LiteLLM's list.
 */
import { recordsIn, stringsIn } from "../../../formats/json.ts";

const TOOL_SEARCH = "tool-search-tool-2025-10-19";
const INTERLEAVED = "interleaved-thinking-2025-05-14";

const TAKEN: ReadonlySet<string> = new Set([
  "compact-2026-01-12",
  "computer-use-2024-10-22",
  "computer-use-2025-01-24",
  "computer-use-2025-11-24",
  "context-1m-2025-08-07",
  "context-management-2025-06-27",
  "dangerous-tool-use-2026-09-03",
  "dev-full-thinking-2025-05-14",
  "effort-2025-11-24",
  "fine-grained-tool-streaming-2025-05-14",
  INTERLEAVED,
  "mid-conversation-output-config-2026-07-01",
  "mid-conversation-tool-changes-2026-07-01",
  "output-128k-2025-02-19",
  "thinking-binding-controls-2026-08-01",
  "thinking-display-updates-2026-08-18",
  "token-efficient-tools-2025-02-19",
  "tool-examples-2025-10-29",
  TOOL_SEARCH,
]);

/** Betas that are another on Bedrock. */
const RENAMED: Readonly<Record<string, string>> = { "advanced-tool-use-2025-11-20": TOOL_SEARCH };

/** Models before Claude 4, which are refused with interleaved thinking; SDKs ask for it whatever the model. */
const BEFORE_4 = /claude-(?:instant|v?[123]\b)/;

/**
 * The betas a request is sent with.
 * @param asked in the client's header, or needed by what the body has
 */
export function bedrockBetas(asked: readonly string[], model: string, body: Record<string, unknown>): string[] {
  const known = asked
    .map((beta) => RENAMED[beta] ?? beta)
    .filter((beta) => TAKEN.has(beta) && !(beta === INTERLEAVED && BEFORE_4.test(model)));
  // What the body itself says is meant for Bedrock.
  const own = stringsIn(body["anthropic_beta"]);
  const searches = recordsIn(body["tools"]).some(({ type }) => `${type}`.startsWith("tool_search_tool"));
  return [...new Set([...own, ...known, ...(searches ? [TOOL_SEARCH] : [])])];
}

export function betasIn(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((beta) => beta.trim())
    .filter(Boolean);
}
