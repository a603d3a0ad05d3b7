/** What admins demand of every request to a model, whatever the operation. */
import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { GatewayCallSettings } from "./call.ts";
import type { Caller } from "./caller.ts";

/** @throws BadRequestError where something is missing, or said that is not the client's to say */
export function checkRequest(
  body: Readonly<Record<string, unknown>>,
  headers: Headers,
  caller: Pick<Caller, "enforcedParams" | "namesCustomer">,
  { needsCustomer, refusesTags }: Pick<GatewayCallSettings, "needsCustomer" | "refusesTags">,
): void {
  const missing = caller.enforcedParams.find((path) => valueAt(body, path) === undefined);
  if (missing !== undefined)
    throw new BadRequestError(
      `BadRequest please pass param=${missing} in request body. This is a required param for this key or team.`,
      { param: missing },
    );
  if (needsCustomer && !caller.namesCustomer)
    throw new BadRequestError("'user' param not passed in. 'enforce_user_param'=True", { param: "user" });
  const tagged = refusesTags ? saidTags(body, headers) : undefined;
  if (tagged !== undefined)
    throw new BadRequestError(
      `Client-side '${tagged}' not allowed in request. 'reject_clientside_metadata_tags'=True. Tags can only be set via API key metadata.`,
      { param: tagged },
    );
}

/** Where the client says tags, if it does. */
function saidTags(body: Readonly<Record<string, unknown>>, headers: Headers): string | undefined {
  if (headers.has("x-litellm-tags")) return "x-litellm-tags";
  return ["metadata.tags", "litellm_metadata.tags", "tags", "extra_body.tags", "extra_body.metadata.tags"].find(
    (path) => valueAt(body, path) !== undefined,
  );
}

/** `metadata.app` of a body; `undefined` where there is none. */
function valueAt(body: unknown, path: string): unknown {
  return (
    path.split(".").reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), body) ?? undefined
  );
}
