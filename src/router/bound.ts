/**
 * What may be said of a deployment over the API, where the file may say more. The file is the operator's, and so is the
 * environment: whoever can add a model over the API must not be able to have the gateway's own secrets, or those
 * another admin stored, sent to a host of his choice (CVE-2024-6587 and its kin).
 */
import type { ProviderLookup } from "./lookup.ts";
import { CONNECTION_PARAMS, DEPLOYMENT_PARAMS } from "./settings/deployment.ts";
import { findReferences, isReference, isSecretName } from "./settings/environment.ts";
import { url } from "./settings/kinds.ts";
import { settingOf } from "./settings/read.ts";

type Params = Readonly<Record<string, unknown>>;

/** Fields of `litellm_params` that many deployments share, by a name. */
export interface Credential {
  /** Of the file: variables resolved. */
  values: Record<string, unknown>;
  /** It is in the database, not in the file. */
  isStored?: true;
}

const ENDPOINT_NAME = /(?:^|_)(?:base|url|uri|endpoint|host|authority)$/;

/** Where the params themselves say requests go: origins, sorted. What a variable says is not among them. */
export function endpointsOf(params: Params): string[] {
  return Object.entries(params)
    .filter(([name]) => name !== "or_site_url" && (settingOf(TABLE, name)?.kind === url || ENDPOINT_NAME.test(name)))
    .filter(([, value]) => value !== undefined && value !== null && value !== "" && !isReference(value))
    .map(([, value]) => URL.parse(String(value))?.origin ?? String(value))
    .sort();
}

const TABLE = { ...DEPLOYMENT_PARAMS, ...CONNECTION_PARAMS };

/** Where secrets among the params go: while it is the same, they may stay; elsewhere they must be given anew. */
export function destinationOf(params: Params, providers: ProviderLookup): string {
  return JSON.stringify([providerOf(params, providers) ?? null, endpointsOf(params)]);
}

/**
 * Why params given over the API cannot be served, if they cannot.
 * @param own the deployment's
 * @param credential the one it names
 */
export function refuseParams(
  own: Params,
  credential: Credential | undefined,
  providers: ProviderLookup,
): string | undefined {
  const stored = credential?.isStored ? credential.values : {};
  return (
    refuseReferences({ ...stored, ...own }, providers) ??
    refuseHost(own, credential) ??
    (credential && refuseMixture(own, credential.values))
  );
}

/** Why a deployment of the file cannot have a credential that came over the API, if it cannot: its own key stays its own. */
export function refuseCredential(own: Params, values: Params, providers: ProviderLookup): string | undefined {
  const { model, custom_llm_provider } = own;
  const refused = refuseReferences({ model, custom_llm_provider, ...values }, providers);
  if (refused !== undefined) return refused;
  return refuseMixture(own, values);
}

/** A deployment's own key does not follow a credential to wherever that says. */
function refuseMixture(own: Params, values: Params): string | undefined {
  const hasKey = Object.entries(own).some(
    ([name, value]) => isSecretName(name) && value !== undefined && value !== null,
  );
  if (!hasKey || endpointsOf(values).length === 0) return undefined;
  return `the credential ${String(own["litellm_credential_name"])} has an api_base, and the deployment a key of its own: put both into one place`;
}

/**
 * A variable may be named only where the provider would look it up anyway, and only if its key goes to the provider's
 * own host: `os.environ/LITELLM_MASTER_KEY` as a header, or as a mock answer, would give it away.
 */
function refuseReferences(params: Params, providers: ProviderLookup): string | undefined {
  const [first] = findReferences(params).filter(
    ({ name, path }) => !variablesFor(params, path, providers).includes(name),
  );
  if (first !== undefined)
    return (
      `${first.path.join(".")} names the variable ${first.name}: over the API only the provider's own variables may be named, ` +
      "each in its own field. Give the value itself (it is stored encrypted), or put the model into the config file"
    );
  const isKey = Object.entries(params).some(([name, value]) => isReference(value) && isSecretName(name));
  if (isKey && endpointsOf(params).length > 0)
    return "a key of the gateway's environment goes to the provider's own host only: give the key itself beside api_base";
  return undefined;
}

/** The key of a credential goes where the credential says, and no model can say otherwise. */
function refuseHost(own: Params, credential: Credential | undefined): string | undefined {
  if (credential === undefined) return undefined;
  const allowed = endpointsOf(credential.values);
  const elsewhere = endpointsOf(own).find((endpoint) => !allowed.includes(endpoint));
  if (elsewhere === undefined || !Object.keys(credential.values).some(isSecretName)) return undefined;
  const bound = allowed.length === 0 ? "the provider's own host" : allowed.join(", ");
  return (
    `the credential ${String(own["litellm_credential_name"])} is for ${bound}, not for ${elsewhere}: ` +
    "put the api_base into the credential"
  );
}

/** The variables that may stand at a place of the params. */
function variablesFor(
  params: Params,
  path: readonly (string | number)[],
  providers: ProviderLookup,
): readonly string[] {
  const [name, ...deeper] = path;
  const slug = providerOf(params, providers);
  const provider = slug === undefined ? undefined : providers.find(slug);
  if (provider === undefined || typeof name !== "string" || deeper.length > 0) return [];
  if (name === "api_key") return provider.keyVariables;
  if (name === "api_base" || name === "base_url") return provider.baseVariables;
  const { paramVariables = {} } = provider;
  return (Object.hasOwn(paramVariables, name) ? paramVariables[name] : undefined) ?? [];
}

function providerOf(params: Params, providers: ProviderLookup): string | undefined {
  const { model, custom_llm_provider: custom, base_url, api_base } = params;
  const base = base_url ?? api_base;
  if (typeof model !== "string" || isReference(model)) return undefined;
  try {
    return providers.resolve(model, {
      ...(typeof custom === "string" && { customProvider: custom }),
      ...(typeof base === "string" && !isReference(base) && { apiBase: base }),
    }).provider;
  } catch {
    return undefined; // only a name asked for may tell
  }
}
