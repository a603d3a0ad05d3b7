/**
 * Operations under a provider's own path (`/anthropic/v1/messages`) also take models nobody has configured: the provider
 * is asked by the gateway's credentials for it, as on any pass-through route.
 */
import type { Deployment } from "../../../router/deployment.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { refuse, refuseUnpriced } from "./access.ts";

const PROVIDER_PATHS = [
  { prefix: "/anthropic/", provider: "anthropic" },
  { prefix: "/gemini/", provider: "gemini" },
] as const;

/**
 * The deployment in place of the router's; `undefined` where the router is to choose.
 * @throws PermissionDeniedError where the caller may not use the model
 */
export function standIn(call: RouteCall, model: unknown): Deployment | undefined {
  const { gateway, principal, context } = call;
  const found = PROVIDER_PATHS.find(({ prefix }) => context.req.path.startsWith(prefix));
  if (found === undefined || typeof model !== "string" || model === "") return undefined;
  if (gateway.router.groups.serves(model, teamOf(principal))) return undefined;
  const deployment = providerDeployment(gateway, found.provider, { model });
  if (deployment === undefined) return undefined;
  const refusal = refuse(call, { provider: found.provider, model, isKnown: true });
  if (refusal !== undefined) throw refusal;
  refuseUnpriced(call, deployment);
  return deployment;
}
