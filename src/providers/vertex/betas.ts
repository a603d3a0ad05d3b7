/**
 * `anthropic-beta` as Vertex AI takes it. It refuses a call for a name it does not know, and clients (Claude Code) send
 * those of Anthropic's own API. Sources: Anthropic's pages of the features, "Supported platforms"; Claude Code.
 */

/** Features of Anthropic's own API that Vertex AI lacks: calls work without them, or say themselves what is missing. */
const UNKNOWN =
  /^(?:prompt-caching-scope|files-api|mcp-client|mcp-servers|skills|code-execution|web-fetch|fast-mode|oauth|message-batches|structured-outputs|afk-mode|redact-thinking|cli-internal|advisor-tool|task-budgets|effort|token-efficient-tools-2026|summarize-connector-text|mid-conversation-tool-changes)(?:-|$)/;

const OTHER_NAMES: Readonly<Record<string, string>> = {
  "advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19",
};

/**
 * @param given the client's and the admin's
 * @param needed by what is asked
 */
export function betaHeader(given: string | undefined, needed: readonly string[]): string | undefined {
  const asked = (given ?? "").split(",").map((name) => name.trim());
  const names = [...asked, ...needed].map((name) => OTHER_NAMES[name] ?? name);
  const known = [...new Set(names)].filter((name) => name !== "" && !UNKNOWN.test(name));
  return known.length === 0 ? undefined : known.join(",");
}
