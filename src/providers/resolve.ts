/** Which provider a model name means. Source: LiteLLM's rules. */
import { BadRequestError } from "../formats/errors.ts";
import { nearestName } from "./nearest.ts";
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
  const nearest = wrong === undefined ? undefined : nearestName(wrong, providers.keys());
  const hint = nearest === undefined ? "" : ` \`${wrong}\` is no provider; did you mean \`${nearest}\`?`;
  return new BadRequestError(
    "litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call. " +
      `You passed model=${name.slice(0, 200)}.${hint} ` +
      "Name it before the model, e.g. `huggingface/starcoder`, or with `custom_llm_provider`.",
    { param: "model" },
  );
}
