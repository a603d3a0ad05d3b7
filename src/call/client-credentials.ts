/**
 * Clients that bring a provider's key, or a host, of their own: only where an admin lets them
 * (`allow_client_side_credentials` of the gateway, a key or a team, `configurable_clientside_auth_params` of a deployment).
 * A host of the client's gets nothing of the gateway's, and is never one that only the gateway can reach (CVE-2024-6587,
 * PYSEC-2026-4070, CVE-2025-66405, CVE-2026-110719).
 */
import { Secret } from "../credentials/secret.ts";
import { BadRequestError } from "../formats/errors.ts";
import { isPublic, parseIp } from "../formats/ip-address.ts";
import { isRecord } from "../formats/json.ts";
import type { Target } from "../providers/provider.ts";
import type { Deployment } from "../router/deployment.ts";
import { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import { MemoryRouterState } from "../router/state.ts";
import type { CallDependencies, CallInput } from "./call.ts";

/** Where a call goes by the client's own word. */
interface ClientUpstream {
  apiKey?: Secret;
  apiBase?: string;
  apiVersion?: string;
}

const FIELDS = ["api_key", "api_base", "base_url", "api_version"] as const;

/**
 * What a call that brings credentials goes by, and its input without them; `undefined` where it brings none, or may not: then
 * the fields are refused as all are that choose a host.
 * @throws BadRequestError where it may, and they cannot be
 */
export function ownUpstream(
  dependencies: CallDependencies,
  input: CallInput,
): { dependencies: CallDependencies; input: CallInput } | undefined {
  const { body, caller } = input;
  const extra = isRecord(body["extra_body"]) ? body["extra_body"] : {};
  const given = Object.fromEntries(
    FIELDS.map((name) => [name, extra[name] ?? body[name]] as const).filter(([, value]) => value != null),
  );
  if (Object.keys(given).length === 0) return undefined;
  const asked = String(body["model"] ?? "");
  const model = caller.modelFor(asked);
  const deployments = dependencies.router.groups.find(model, caller.attribution.teamId)?.deployments ?? [];
  const isOpen = dependencies.settings.allowsClientCredentials === true || caller.mayBringCredentials;
  const isOfDeployments = deployments.length > 0 && deployments.every((one) => isConfigurable(one, given));
  if (!isOpen && !isOfDeployments) return undefined;
  const rest = { ...without(body), ...(isRecord(body["extra_body"]) && { extra_body: without(extra) }) };
  // A key is for the model it was brought for: no other is asked with it, or in its place.
  const own = { ...input, body: { ...rest, disable_fallbacks: true } };
  if (deployments.length === 0) return { dependencies, input: own }; // it will be told that there is no such model
  return { dependencies: apart(dependencies, model, deployments, upstreamOf(given)), input: own };
}

/** How such a call goes says nothing to others: not of the deployments, their limits, or what it was answered. */
function apart(
  { cache: _, ...dependencies }: CallDependencies,
  model: string,
  deployments: readonly Deployment[],
  upstream: ClientUpstream,
): CallDependencies {
  const { apiBase } = upstream;
  const there = deployments.filter(({ target }) => apiBase === undefined || target.apiBase === apiBase);
  const isElsewhere = there.length === 0;
  const own = (isElsewhere ? deployments : there).map(({ team: _, bind: __, ...one }) => ({
    ...(isElsewhere ? elsewhere(one, upstream) : atHome(one, upstream)),
    modelName: model,
  }));
  const { fetch, publicFetch = fetch, router } = dependencies;
  return {
    ...dependencies,
    gate: { enter: async () => undefined },
    fetch: isElsewhere && apiBase !== undefined ? boundFetch(publicFetch, publicBase(apiBase)) : fetch,
    router: new RoutingEngine({
      groups: new ModelGroups(own),
      settings: { ...router.settings, disableCooldowns: true },
      state: new MemoryRouterState(),
    }),
  };
}

function atHome(deployment: Deployment, { apiKey, apiVersion }: ClientUpstream): Deployment {
  const own = { ...(apiKey && { apiKey }), ...(apiVersion !== undefined && { apiVersion }) };
  return { ...deployment, target: { ...deployment.target, ...own } };
}

/** @throws BadRequestError where the client names a host, and no key for it */
function elsewhere({ target, extraBody: _, ...others }: Deployment, upstream: ClientUpstream): Deployment {
  if (upstream.apiKey === undefined)
    throw new BadRequestError("litellm.BadRequestError: api_base needs an api_key of its own: no other is sent there", {
      param: "api_key",
    });
  return { ...others, target: { ...bare(target), ...upstream } };
}

/** What of a target is no credential, and says nothing of where it is. */
function bare({ provider, model, api, info, modifyParams, dropParams }: Target): Target {
  return {
    provider,
    model,
    ...(api !== undefined && { api }),
    ...(info !== undefined && { info }),
    ...(modifyParams !== undefined && { modifyParams }),
    ...(dropParams !== undefined && { dropParams }),
  };
}

/** A `fetch` that asks the client's host and no other, wherever an answer points. */
function boundFetch(fetch: typeof globalThis.fetch, apiBase: string): typeof globalThis.fetch {
  const { origin } = new URL(apiBase);
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (URL.parse(url)?.origin === origin) return fetch(input, init);
    throw new BadRequestError(`litellm.BadRequestError: the upstream at ${origin} points to another host`, {
      param: "api_base",
    });
  };
}

function without(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(FIELDS as readonly string[]).includes(name)));
}

/** Does the deployment leave all of these to clients? An entry may be a name, or a pattern that the value must match. */
function isConfigurable({ raw }: Deployment, given: Readonly<Record<string, unknown>>): boolean {
  const entries = raw.params["configurable_clientside_auth_params"];
  if (!Array.isArray(entries)) return false;
  return Object.entries(given).every(([name, value]) =>
    entries.some((entry: unknown) => {
      if (!isRecord(entry)) return entry === name;
      const pattern = entry[name];
      return typeof pattern === "string" && matches(pattern, String(value));
    }),
  );
}

/** As Python's `re.match`: from the beginning on. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})`).test(value);
  } catch {
    return false;
  }
}

function upstreamOf(given: Readonly<Record<string, unknown>>): ClientUpstream {
  for (const [name, value] of Object.entries(given))
    if (typeof value !== "string" || value === "" || value.length > 4096 || /[^\x20-\x7e]/.test(value))
      throw new BadRequestError(`litellm.BadRequestError: ${name} must be a string`, { param: name });
  const { api_key: apiKey, api_version: apiVersion } = given;
  // Some providers have it in their paths, and the gateway's own credentials may go along.
  if (apiVersion !== undefined && !/^[\w-]+(?:\.[\w-]+)*$/.test(String(apiVersion)))
    throw new BadRequestError("litellm.BadRequestError: api_version is no version", { param: "api_version" });
  const apiBase = given["base_url"] ?? given["api_base"];
  return {
    ...(apiKey !== undefined && { apiKey: new Secret(String(apiKey)) }),
    ...(apiBase !== undefined && { apiBase: String(apiBase).replace(/\/+$/, "") }),
    ...(apiVersion !== undefined && { apiVersion: String(apiVersion) }),
  };
}

/** Names that never leave the network they are used in. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa)\.?$/i;

/**
 * URLs are read as they are fetched: `http://2130706433` is `127.0.0.1` to both.
 * @throws BadRequestError where it is not the public internet's
 */
function publicBase(text: string): string {
  const url = URL.parse(text);
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "") throw notPublic();
  const host = url.hostname;
  const address = parseIp(host);
  const isName = address === undefined && host.replace(/\.$/, "").includes(".") && !LOCAL_NAME.test(host);
  if (address === undefined ? !isName : !isPublic(address)) throw notPublic();
  return text;
}

function notPublic(): BadRequestError {
  return new BadRequestError("litellm.BadRequestError: api_base must be the URL of a host on the public internet", {
    param: "api_base",
  });
}
