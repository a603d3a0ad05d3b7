/**
 * Azure's models have names of the customer's own, in the path where its API is not that of `/openai/v1`. Calls may write
 * there what the gateway calls a model, too: its deployment is asked then.
 */
import { BadRequestError } from "../../../formats/errors.ts";
import { deploymentOf } from "../../../providers/azure/place.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";

const PROVIDERS: ReadonlySet<string> = new Set(["azure", "azure_ai"]);

/** Servers may not tell capitals from small letters. */
const IN_PATH = /(\/openai\/(?:deployments|engines)\/)([^/?]+)/i;

/** What Azure has before an operation. */
const LAYOUT =
  /^(?:\/openai\/(?:deployments|engines)\/[^/]+(?:\/extensions)?|\/openai(?:\/v1)?|\/v[12]|\/models|\/anthropic(?:\/v1)?|\/providers\/.+)?\/(?:chat\/completions|completions|embed(?:dings)?|responses|messages|images\/\w+|audio\/\w+|rerank|ocr)$/i;

/**
 * Does the path tell where the model stands? Elsewhere (`/<deployment>/chat/completions` at Cloudflare's AI gateway) another
 * may be asked than the one that the body names. Holds for what is no provider of Azure's.
 * @param path as any server may read it
 */
export function isUnambiguous(provider: string, path: string): boolean {
  return !PROVIDERS.has(provider) || LAYOUT.test(path);
}

/** Where a call names the model. */
export interface AzuresName {
  /** Absent: in the body, if anywhere. */
  inPath?: string;
}

/**
 * `undefined` for other providers.
 * @param path as any server may read it
 */
export function azuresName(provider: string, path: string): AzuresName | undefined {
  if (!PROVIDERS.has(provider)) return undefined;
  const inPath = IN_PATH.exec(path)?.[2];
  return inPath === undefined ? {} : { inPath };
}

/**
 * The deployment of the gateway's that is meant: one that has the name at Azure, first those under a name that the caller
 * may use; in a path also one of the group of that name. What stands in a body goes up as it is: there the name must be
 * Azure's.
 */
export function ownDeployment(
  call: RouteCall,
  provider: string,
  name: string,
  { inPath }: AzuresName,
): Deployment | undefined {
  const { groups } = call.gateway.router;
  const team = teamOf(call.principal);
  const { caller } = callInput(call, {});
  const isSeen = ({ target, team: owner }: Deployment) =>
    target.provider === provider && (owner === undefined || owner.id === team);
  const named = groups.deployments().filter((one) => isSeen(one) && deploymentOf(one.target) === name);
  const usable = named.find(({ modelName }) => caller.refuseModel(modelName) === undefined) ?? named[0];
  const isGroup = inPath !== undefined && groups.isNamed(name, team);
  const found = usable ?? (isGroup ? groups.find(name, team)?.deployments.find(isSeen) : undefined);
  if (found === undefined) return undefined;
  const { bind: _, ...deployment } = found;
  return deployment;
}

/** The call with Azure's name in its path. @throws BadRequestError where that is written so that it cannot be found */
export function underAzuresName(call: NativeCall, name: string, { target }: Deployment): NativeCall {
  const azures = deploymentOf(target);
  if (azures === name) return call;
  const path = call.path.replace(IN_PATH, (_, before: string) => before + encodeURIComponent(azures));
  if (path !== call.path) return { ...call, path };
  throw new BadRequestError("litellm.BadRequestError: the path must be written without escapes", { param: "model" });
}
