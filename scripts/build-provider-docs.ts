/** `node scripts/build-provider-docs.ts`: writes the table of `docs/providers.md` from the providers themselves. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../src/credentials/secret.ts";
import { BadRequestError } from "../src/formats/errors.ts";
import { compatibleRows } from "../src/providers/openai-compatible/index.ts";
import type { CompatibleRow } from "../src/providers/openai-compatible/row.ts";
import type { Provider, Wire } from "../src/providers/provider.ts";
import { providers } from "../src/providers/registry.ts";

const FILE = join(import.meta.dirname, "..", "docs", "providers.md");
const BEGIN = "<!-- providers: written by scripts/build-provider-docs.ts -->";
const END = "<!-- end of providers -->";

const FORMATS: Readonly<Record<Wire, string>> = {
  openai: "OpenAI",
  "openai-responses": "OpenAI Responses",
  anthropic: "Anthropic",
  gemini: "Gemini",
  "gemini-interactions": "Gemini Interactions",
  cohere: "Cohere",
  mistral: "Mistral",
  native: "its own",
};

/** The document with its table as the providers are now. */
export function withTable(document: string): string {
  const [before, after] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`docs/providers.md lacks ${BEGIN} or ${END}`);
  const others = new Set(compatibleRows.flatMap(({ aliases }) => aliases ?? []));
  const rows = [...providers.values()]
    .filter(({ slug }) => !others.has(slug))
    .toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
    .map(tableRow);
  const table = [
    "| provider | in errors | base URL | key | format | special |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
  return `${document.slice(0, before)}${BEGIN}\n\n${rows.length} providers.\n\n${table}\n\n${document.slice(after)}`;
}

function tableRow(provider: Provider): string {
  const { slug, label, keyVariables, baseVariables, chat } = provider;
  const row = compatibleRows.find((one) => one.slug === slug);
  const cells = [
    code([slug, ...(row?.aliases ?? [])]),
    `${label}Exception`,
    [baseOf(provider, row), code(baseVariables)].filter(Boolean).join("<br>"),
    code(keyVariables) || "none",
    chat === undefined ? "" : `${FORMATS[chat.wire]}${row === undefined ? "" : ", compatible"}`,
    specialOf(provider, row).join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function baseOf(provider: Provider, row: CompatibleRow | undefined): string {
  if (row !== undefined) return row.base === undefined ? "`api_base` must be given" : `\`${row.base}\``;
  const url = urlOf(provider);
  if (url === undefined) return "`api_base` must be given";
  return `\`${url.replace(/\/(?:(?:chat\/)?completions|v1\/messages|v1beta\/models\/.*|publishers\/.*|model\/.*)$/, "")}\``;
}

/** `undefined` where there is none without an `api_base`. */
function urlOf({ slug, chat, completions, hasNoModels, native }: Provider): string | undefined {
  const target = { provider: slug, model: "m", apiKey: new Secret("k") };
  try {
    if (hasNoModels) return native?.({ method: "GET", path: "", headers: {} }, target).url;
    const asked = chat?.request({ model: "m", messages: [{ role: "user", content: "Hi" }] }, target);
    return (asked ?? completions?.request({ model: "m", prompt: "" }, target))?.url ?? "";
  } catch (error) {
    if (error instanceof BadRequestError) return undefined;
    throw error;
  }
}

function specialOf({ keyless, paramVariables, chat, hasNoModels }: Provider, row: CompatibleRow | undefined): string[] {
  const special = Object.entries(paramVariables ?? {}).map(([name, from]) => `\`${name}\` (${code(from)})`);
  if (hasNoModels) special.push("no models: [a service](pass-through.md#services)");
  if (keyless) special.push("needs no key");
  if (!chat?.rewritesAnswers && chat?.wire === "openai") special.push("answers pass untouched");
  if (row === undefined) return special;
  if (row.limit !== undefined) special.push(`output limit as \`${row.limit}\``);
  if (typeof row.lacks === "function") special.push("parameters by model");
  else if (row.lacks !== undefined) special.push(`lacks ${code(row.lacks)}`);
  if (row.thinking === "own") special.push("takes `thinking` itself");
  if (row.reasoning === "reasoning") special.push("takes former reasoning as `reasoning`");
  if (row.textAsString) special.push("text parts become one text");
  return special;
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

if (import.meta.main) writeFileSync(FILE, withTable(readFileSync(FILE, "utf8")));
