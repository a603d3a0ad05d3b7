/**
 * Azure's models have names of the customer's own: in the path, or in the body where its API is that of `/openai/v1`; those of
 * a server of one's own (vLLM) in the body. Calls may write what the gateway calls a model, too: its deployment is asked then,
 * under its name there.
 */
import { BadRequestError } from "../../../formats/errors.ts";
import { withString } from "../../../formats/json-text.ts";
import { parseForm } from "../../../formats/multipart.ts";
import { deploymentOf } from "../../../providers/azure/place.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";

const PROVIDERS: ReadonlySet<string> = new Set(["azure", "azure_ai"]);

/** Names of one provider: routes and deployments may have one each. */
const TWINS: Readonly<Record<string, string>> = { vllm: "hosted_vllm", hosted_vllm: "vllm" };

/** Its other name. */
export function twinOf(provider: string): string | undefined {
  return TWINS[provider];
}

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
  if (twinOf(provider) !== undefined) return {};
  if (!PROVIDERS.has(provider)) return undefined;
  const inPath = IN_PATH.exec(path)?.[2];
  return inPath === undefined ? {} : { inPath };
}

/**
 * The deployment of the gateway's that is meant: one that has the name at Azure, first those under a name that the caller
 * may use, else one of the group of that name.
 */
export function ownDeployment(call: RouteCall, provider: string, name: string): Deployment | undefined {
  const { groups } = call.gateway.router;
  const team = teamOf(call.principal);
  const { caller } = callInput(call, {});
  const isSeen = ({ target, team: owner }: Deployment) =>
    (target.provider === provider || target.provider === twinOf(provider)) &&
    (owner === undefined || owner.id === team);
  const named = groups.deployments().filter((one) => isSeen(one) && deploymentOf(one.target) === name);
  const usable = named.find(({ modelName }) => caller.refuseModel(modelName) === undefined) ?? named[0];
  const found = usable ?? (groups.isNamed(name, team) ? groups.find(name, team)?.deployments.find(isSeen) : undefined);
  if (found === undefined) return undefined;
  const { bind: _, ...deployment } = found;
  return deployment;
}

/** The call with Azure's name where the gateway's stood. @throws BadRequestError where that cannot be found again */
export function underAzuresName(
  call: NativeCall,
  name: string,
  { inPath }: AzuresName,
  { target }: Deployment,
): NativeCall {
  const azures = deploymentOf(target);
  if (azures === name) return call;
  if (inPath === undefined) return withModelInBody(call, azures);
  const path = call.path.replace(IN_PATH, (_, before: string) => before + encodeURIComponent(azures));
  if (path !== call.path) return { ...call, path };
  throw new BadRequestError("litellm.BadRequestError: the path must be written without escapes", { param: "model" });
}

/** Nothing else in the body is changed. Forms get a boundary of their own. */
function withModelInBody(call: NativeCall, model: string): NativeCall {
  const { body, headers } = call;
  if (!(body instanceof Uint8Array)) return call;
  const { "content-type": type = "", ...others } = headers;
  // of a request's own bytes, which are never shared memory
  const parts = parseForm(body as Uint8Array<ArrayBuffer>, type);
  if (parts !== undefined) {
    const form = new FormData();
    for (const { name, value } of parts) form.append(name, name === "model" ? model : value);
    return { ...call, headers: others, body: form };
  }
  const text = new TextDecoder().decode(body);
  const renamed = isObject(text) ? withString(text, "model", model) : text;
  if (renamed !== text) return { ...call, body: new TextEncoder().encode(renamed) };
  throw new BadRequestError("litellm.BadRequestError: in such a body the model must have its name at the provider", {
    param: "model",
  });
}

function isObject(text: string): boolean {
  return text.trimStart().startsWith("{");
}
