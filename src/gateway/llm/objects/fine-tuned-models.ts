/** `DELETE /v1/models/{model}`: a model that a fine-tuning job of the caller's has made. */
import { NotFoundError } from "../../../formats/errors.ts";
import { findJobOfModel } from "../../../store/objects.ts";
import { ownersSeenBy } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { asResponse, callNative } from "../native.ts";
import { keeperOf } from "./keeper.ts";
import { databaseOf, told } from "./lookup.ts";

/** @throws NotFoundError where no job of the caller's has made it, as far as the gateway has seen */
export async function deleteFineTunedModel(call: RouteCall): Promise<Response> {
  const { context, gateway, principal } = call;
  const name = context.req.param("model") ?? "";
  const job = await told(findJobOfModel(databaseOf(gateway), name, ownersSeenBy(principal)));
  if (job === undefined)
    throw new NotFoundError(
      `The model \`${name.slice(0, 200)}\` was made by no fine-tuning job of yours that the gateway has seen end. Models of the configuration are deleted by an admin, with POST /model/delete.`,
      { param: "model", type: "invalid_request_error" },
    );
  const native = { method: "DELETE" as const, path: `/v1/models/${encodeURIComponent(name)}`, headers: {} };
  return asResponse(await callNative(call, keeperOf(gateway, job), native, { name: "models.delete" }));
}
