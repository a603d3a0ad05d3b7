/** Bodies of `/model/*`, checked by the table of settings. */
import { z } from "zod";
import { BadRequestError, UnprocessableEntityError } from "../../../formats/errors.ts";
import { CONNECTION_PARAMS, DEPLOYMENT_PARAMS, MODEL_INFO } from "../../../router/settings/deployment.ts";
import { readSection } from "../../../router/settings/read.ts";
import { holdsSealed } from "../../../secrets/params.ts";

const name = z.string().min(1).max(512);
const fields = z.record(z.string().max(256), z.unknown());

/** `model_info`: what is not named here is kept as it is. */
const info = z
  .object({ id: name.nullish(), team_id: name.nullish(), team_public_model_name: name.nullish() })
  .catchall(z.unknown());

export const NewModel = z.object({ model_name: name, litellm_params: fields, model_info: info.nullish() });

/** Absent fields stay as they are; within both maps `null` takes a field away. */
export const ModelPatch = z.object({
  model_name: name.nullish(),
  litellm_params: fields.nullish(),
  model_info: info.nullish(),
});

/** For `/model/update`: LiteLLM's Python client names the model by `id`, all others by `model_info.id`. */
export const ModelUpdate = ModelPatch.extend({ id: name.nullish() });

export type Info = z.infer<typeof info>;

/** Characters a model may have as JSON: a row of D1 holds two million bytes. */
const LONGEST = 200_000;

/**
 * @throws UnprocessableEntityError naming the first value of a wrong type, BadRequestError for what no row may hold
 */
export function checkFields(params: Record<string, unknown>, stated: Record<string, unknown>): void {
  for (const [section, table, given] of [
    ["litellm_params", { ...DEPLOYMENT_PARAMS, ...CONNECTION_PARAMS }, params],
    ["model_info", MODEL_INFO, stated],
  ] as const) {
    const [misfit] = readSection(table, given).misfits;
    if (misfit === undefined) continue;
    const path = [section, ...misfit.path].join(".");
    const message = `Invalid value for '${path}': ${misfit.message}`;
    throw new UnprocessableEntityError(message, { type: "validation_error", param: path });
  }
  if (holdsSealed([params, stated]))
    throw new BadRequestError("a value that begins with 'sealed:' cannot be stored", { param: "litellm_params" });
  if (JSON.stringify([params, stated]).length > LONGEST)
    throw new BadRequestError(`a model may have ${LONGEST} characters as JSON`, { param: "litellm_params" });
}

/** What is LiteLLM's bookkeeping: told in answers, and not stored as it is given. */
const BOOKKEEPING = ["id", "db_model", "created_at", "created_by", "updated_at", "updated_by"];

/** The fields with a patch over them: what it has as `null` goes. */
export function patched(
  before: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** The same for `model_info`. */
export function patchedInfo(
  before: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(patched(before, patch)).filter(([field]) => !BOOKKEEPING.includes(field)));
}
