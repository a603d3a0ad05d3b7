/** Providers as the configuration sees them, without the registry. */
import { LITELLM_PROVIDERS } from "../../../src/gateway/config/known-providers.ts";
import { type ParsedConfig, parseConfig } from "../../../src/gateway/config/parse.ts";
import type { ProviderLookup } from "../../../src/router/lookup.ts";

const VARIABLES: Record<string, { keyVariables: string[]; baseVariables: string[] }> = {
  openai: { keyVariables: ["OPENAI_API_KEY"], baseVariables: ["OPENAI_BASE_URL", "OPENAI_API_BASE"] },
  anthropic: { keyVariables: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"], baseVariables: [] },
};

/** Speaks all of the providers LiteLLM knows. They are one's own machines: of prices, that are missing, nothing is said. */
export const everyProvider: ProviderLookup = {
  resolve(name, { customProvider }) {
    if (customProvider !== undefined) return { provider: customProvider, model: name };
    const [prefix = "", ...rest] = name.split("/");
    if (rest.length > 0 && LITELLM_PROVIDERS.includes(prefix)) return { provider: prefix, model: rest.join("/") };
    if (name.startsWith("gpt-")) return { provider: "openai", model: name };
    throw new Error(`LLM Provider NOT provided. You passed model=${name}`);
  },
  find: (slug) =>
    slug === "cloudflare"
      ? {
          keyless: true,
          keyVariables: [],
          baseVariables: [],
          paramVariables: { account_id: ["CLOUDFLARE_ACCOUNT_ID"] },
        }
      : { keyless: true, ...(VARIABLES[slug] ?? { keyVariables: [], baseVariables: [] }) },
};

/** Parses files given as texts; `config.yaml` is the main one. */
export function parse(files: string | Record<string, string>, providers: ProviderLookup = everyProvider): ParsedConfig {
  const texts = typeof files === "string" ? { "config.yaml": files } : files;
  return parseConfig(
    "config.yaml",
    (name) => (texts[name] === undefined ? undefined : { name, text: texts[name] }),
    providers,
  );
}

/** Diagnostics as a person would note them: `line severity path: message`. */
export function notes({ diagnostics }: Pick<ParsedConfig, "diagnostics">): string[] {
  return diagnostics.map(
    ({ severity, position, path, message }) =>
      `${position.file === "config.yaml" ? "" : `${position.file}:`}${position.line}:${position.column} ${severity} ${path}: ${message}`,
  );
}
