/** Routes that the configuration puts before hosts of the admin's own: `general_settings.pass_through_endpoints`. */

import type { Deployment } from "../../../router/deployment.ts";
import { fillReferences } from "../../../router/settings/environment.ts";
import type { GatewayConfig } from "../../config/load.ts";
import type { PassThroughEndpoint } from "../../config/pass-through-settings.ts";
import type { GuardedRoute, RouteCall } from "../../route.ts";
import { asResponse, callNative } from "../native.ts";
import { factsOf, refusePath } from "./access.ts";
import { clientRequest, isOfRequest } from "./request.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Each needs a key, whatever its `auth` says: nothing of the gateway's is open to anybody. */
export function configuredRoutes(config: GatewayConfig): GuardedRoute[] {
  return (config.settings.general.pass_through_endpoints ?? []).flatMap((endpoint) => {
    const deployment = deploymentOf(endpoint, config.variable);
    const { path } = endpoint;
    const paths = endpoint.include_subpath ? [path, `${path.replace(/\/$/, "")}/*`] : [path];
    return (endpoint.methods ?? METHODS).map((method) => ({
      method,
      paths,
      access: "llm" as const,
      summary: `Passed on to ${new URL(endpoint.target).host}`,
      tag: "pass-through",
      handle: (call: RouteCall) => pass(call, endpoint, deployment),
    }));
  });
}

async function pass(call: RouteCall, endpoint: PassThroughEndpoint, deployment: Deployment): Promise<Response> {
  const refusal = refusePath(call);
  if (refusal !== undefined) throw refusal;
  const isPassed = endpoint.forward_headers ? isOfRequest : undefined;
  const { call: native, json } = await clientRequest(call, endpoint.path.replace(/\/$/, ""), isPassed);
  const asked = { ...native, path: withDefaults(native.path, endpoint.default_query_params ?? {}) };
  const facts = json === undefined ? {} : { facts: factsOf(json) };
  return asResponse(await callNative(call, deployment, asked, { name: "pass_through", ...facts }));
}

/** What the client's query does not say is said as the endpoint has it. */
function withDefaults(path: string, defaults: Readonly<Record<string, unknown>>): string {
  const [tail = "", query = ""] = path.split("?");
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(defaults)) if (!params.has(name)) params.set(name, String(value));
  const said = params.toString();
  return said === "" ? tail : `${tail}?${said}`;
}

function deploymentOf(
  { id, path, target, headers, cost_per_request }: PassThroughEndpoint,
  variable: (name: string) => string | undefined,
): Deployment {
  const own = Object.entries(headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    fillReferences(String(value), variable),
  ]);
  const info = { input_cost_per_token: 0, output_cost_per_token: 0, input_cost_per_request: cost_per_request ?? 0 };
  return {
    id: id ?? path,
    modelName: path,
    litellmModel: `pass_through${path}`,
    target: {
      provider: "pass_through",
      model: path,
      apiBase: target,
      headers: Object.fromEntries(own),
      info,
    },
    policy: {},
    defaults: {},
    info,
    raw: { params: {}, info: {} },
  };
}
