/** Which provider a model name means. Source: LiteLLM's rules. */
import { BadRequestError } from "../formats/errors.ts";
import { compatibleRows } from "./openai-compatible/index.ts";
import { findProvider, providers } from "./registry.ts";

export interface ResolveOptions {
  /** `custom_llm_provider`. */
  customProvider?: string;
  /** `api_base`; its host tells the provider where the name does not. */
  apiBase?: string;
  /** Provider of a model the catalogue knows by its bare name. */
  knownModels?: (name: string) => string | undefined;
}

export interface ResolvedModel {
  provider: string;
  /** The model as the provider names it; slashes after the provider's own stay. */
  model: string;
}

/**
 * In this order: the provider that is named apart, the prefix of the name (`groq/llama-3`), the host of `apiBase`,
 * the catalogue.
 * @throws BadRequestError where none of them tells the provider
 */
export function resolveModel(name: string, options: ResolveOptions = {}): ResolvedModel {
  const slash = name.indexOf("/");
  const prefix = slash === -1 ? undefined : name.slice(0, slash);
  const rest = name.slice(slash + 1);

  const { customProvider } = options;
  if (customProvider !== undefined && customProvider !== "") {
    if (findProvider(customProvider) === undefined) throw notProvided(name, customProvider);
    return { provider: customProvider, model: prefix === customProvider ? rest : name };
  }
  if (prefix !== undefined && rest !== "" && findProvider(prefix) !== undefined)
    return { provider: prefix, model: rest };
  const provider = providerOfBase(options.apiBase) ?? options.knownModels?.(name);
  if (provider === undefined) throw notProvided(name, prefix);
  return { provider, model: name };
}

/** Hosts of the providers' own endpoints. Those with a placeholder have none that could be known. */
const PROVIDER_BY_HOST: ReadonlyMap<string, string> = new Map(
  compatibleRows.flatMap(({ slug, base }) => {
    const host = base === undefined || base.includes("{") ? undefined : hostOf(base);
    // A port of this machine is anyone's.
    return host === undefined || /^(localhost|127\.)/.test(host) ? [] : [[host, slug] as const];
  }),
);

function providerOfBase(apiBase: string | undefined): string | undefined {
  const host = apiBase === undefined ? undefined : hostOf(apiBase);
  return host === undefined ? undefined : PROVIDER_BY_HOST.get(host);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function notProvided(name: string, wrong: string | undefined): BadRequestError {
  const nearest = wrong === undefined ? undefined : nearestProvider(wrong);
  const hint = nearest === undefined ? "" : ` \`${wrong}\` is no provider; did you mean \`${nearest}\`?`;
  return new BadRequestError(
    "litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call. " +
      `You passed model=${name.slice(0, 200)}.${hint} ` +
      "Name it before the model, e.g. `huggingface/starcoder`, or with `custom_llm_provider`.",
    { param: "model" },
  );
}

/** The slug that is a slip away: at most two letters, and less than half of them, differ. */
function nearestProvider(wrong: string): string | undefined {
  if (wrong.length > 40) return undefined;
  const plain = (slug: string) => slug.toLowerCase().replace(/[-_ .]/g, "");
  let nearest: { slug: string; distance: number } | undefined;
  for (const slug of providers.keys()) {
    const distance = editDistance(plain(wrong), plain(slug));
    const near = distance <= 2 && distance * 2 < Math.min(wrong.length, slug.length);
    if (near && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) nearest = { slug, distance };
  }
  return nearest?.slug;
}

/** Levenshtein's: insertions, deletions and replacements. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
