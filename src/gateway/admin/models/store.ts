/** Adding, changing and deleting models of the database: checked as they will be served, then sealed and stored. */
import { BadRequestError, ConflictError, NotFoundError, type SluiceError } from "../../../formats/errors.ts";
import { destinationOf } from "../../../router/bound.ts";
import type { StoredModel } from "../../../router/load.ts";
import { registeredProviders } from "../../../router/lookup.ts";
import { holdsSealed, sealParams } from "../../../secrets/params.ts";
import { UnreadableSecret } from "../../../secrets/vault.ts";
import { isDuplicate } from "../../../store/database.ts";
import {
  deleteModel,
  findModelRow,
  findTeamName,
  insertModel,
  type TeamName,
  teamExists,
  updateModel,
} from "../../../store/models.ts";
import type { ModelRow } from "../../../store/schema/index.ts";
import { openModel, placeOf } from "../../stored-models.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { checkFields, type Info, patched, patchedInfo } from "./body.ts";
import { modelView, teamNameOf } from "./view.ts";

const TABLE = "LiteLLM_ProxyModelTable";

interface Given {
  model_name?: string | null | undefined;
  litellm_params?: Record<string, unknown> | null | undefined;
  model_info?: Info | null | undefined;
}

type View = ReturnType<typeof modelView>;

/** @throws BadRequestError where it could not be served, or the id is taken */
export async function createModel(call: AdminCall, given: Given & { model_name: string }): Promise<View> {
  const { actor, nowText } = call;
  const params = patched({}, given.litellm_params);
  const stated = patchedInfo({}, given.model_info);
  checkFields(params, stated);
  const id = given.model_info?.id ?? crypto.randomUUID();
  // A deployment's id is a name it can be called by, before all others.
  if (call.gateway.router.groups.isNamed(id)) throw taken(id);
  const named = await nameModel(call, undefined, given.model_name, stated);
  const row: ModelRow = {
    model_id: id,
    model_name: named.name,
    litellm_params: params,
    model_info: named.info,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  };
  checkServable(call, { id, modelName: row.model_name, params, info: row.model_info });
  const sealed = await seal(call, row);
  try {
    await insertModel(call.db, sealed, { added: named.team });
  } catch (error) {
    throw isDuplicate(error) ? taken(id) : error;
  }
  return tell(call, sealed, { action: "created", before: undefined });
}

/** @throws SluiceError `missing` where there is none, BadRequestError where it could not be served any more */
export async function changeModel(
  call: AdminCall,
  id: string,
  given: Given,
  missing: (id: string) => SluiceError,
): Promise<View> {
  const before = await findModelRow(call.db, id);
  if (before === undefined) throw missing(id);
  checkFields(patched({}, given.litellm_params), patchedInfo({}, given.model_info));
  const merged: ModelRow = {
    ...before,
    litellm_params: patched(before.litellm_params, given.litellm_params),
    model_info: patchedInfo(before.model_info, given.model_info),
    updated_at: call.nowText,
    updated_by: call.actor,
  };
  const old = teamNameOf(before);
  const named = await nameModel(call, before, given.model_name ?? undefined, merged.model_info);
  // Opened where the secrets were sealed; they are sealed anew, as the team may be another.
  const { params } = await readable(() => openModel(call.gateway.vault, { ...merged, model_info: before.model_info }));
  await checkDestination(call, before, given, params);
  const row = { ...merged, model_name: named.name, model_info: named.info };
  checkServable(call, { id, modelName: row.model_name, params, info: row.model_info });
  const sealed = await seal(call, { ...row, litellm_params: params });
  const isMoved = old?.internalName !== named.team?.internalName;
  const names = isMoved ? { added: named.team, removed: old } : {};
  if (!(await updateModel(call.db, before, sealed, names)))
    throw new ConflictError(`Model with id=${id} was changed by somebody else at the same time. Try again.`);
  return tell(call, sealed, { action: "updated", before });
}

/** @throws SluiceError `missing` where there is none */
export async function removeModel(call: AdminCall, id: string, missing: (id: string) => SluiceError): Promise<void> {
  const before = await findModelRow(call.db, id);
  if (before === undefined || !(await deleteModel(call.db, id, { removed: teamNameOf(before) }))) throw missing(id);
  await call.gateway.models.reload();
  await changed(call, { table: TABLE, id, action: "deleted", before: modelView(before, call.principal) });
}

/** LiteLLM's words, and those its Terraform provider knows it by; the status differs from route to route. */
export function notInDatabase(id: string): NotFoundError {
  return new NotFoundError(`Model with id=${id} not found in db: model not found`, { param: "model_id" });
}

function taken(id: string): BadRequestError {
  return new BadRequestError(`Model with id=${id} already exists`, { param: "model_info.id" });
}

async function tell(
  call: AdminCall,
  row: ModelRow,
  { action, before }: { action: "created" | "updated"; before: ModelRow | undefined },
): Promise<View> {
  await call.gateway.models.reload();
  const view = modelView(row, call.principal);
  const old = before && modelView(before, call.principal);
  await changed(call, { table: TABLE, id: row.model_id, action, before: old, after: view });
  return view;
}

async function seal({ gateway }: AdminCall, row: ModelRow): Promise<ModelRow> {
  const litellm_params = await readable(() => sealParams(gateway.vault, "model", placeOf(row), row.litellm_params));
  return { ...row, litellm_params };
}

/** @throws BadRequestError in the words of the vault */
export async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof UnreadableSecret)) throw cause;
    throw new BadRequestError(`litellm.BadRequestError: ${cause.message}`, { cause });
  }
}

/**
 * The name a model is stored under. A team's is stored under one that nobody else has, which all models that the team
 * calls the same share, and the team's name for it stands in `model_info`: LiteLLM's way.
 */
async function nameModel(
  { db }: AdminCall,
  before: ModelRow | undefined,
  given: string | undefined,
  info: Record<string, unknown>,
): Promise<{ name: string; info: Record<string, unknown>; team: TeamName | undefined }> {
  const old = before && teamNameOf(before);
  const own = given === old?.internalName ? undefined : given; // a client may give back the stored name
  const { team_id: team, team_public_model_name: stated, ...rest } = info;
  if (typeof team !== "string") {
    const name = own ?? old?.publicName ?? before?.model_name ?? "";
    return { name, info: rest, team: undefined };
  }
  const publicName = own ?? (typeof stated === "string" ? stated : before?.model_name) ?? "";
  const named = { ...rest, team_id: team, team_public_model_name: publicName };
  if (old?.team === team && old.publicName === publicName) return { name: old.internalName, info: named, team: old };
  if (!(await teamExists(db, team)))
    throw new BadRequestError(`Team id=${team} does not exist in db`, { param: "model_info.team_id" });
  const internalName = (await findTeamName(db, team, publicName)) ?? `model_name_${team}_${crypto.randomUUID()}`;
  return { name: internalName, info: named, team: { team, publicName, internalName } };
}

/**
 * A model without a key is stored, as a file's is loaded: the key may come later, and calls say that it is missing.
 * @throws BadRequestError where it would be left out
 */
function checkServable({ gateway }: AdminCall, model: StoredModel): void {
  const reason = gateway.config.storedDeployment(model, gateway.models.credentials);
  if (typeof reason !== "string") return;
  const message = reason.startsWith("litellm.") ? reason : `litellm.BadRequestError: ${reason}`;
  throw new BadRequestError(message, { param: "litellm_params" });
}

/**
 * What is stored cannot be read, and cannot be sent elsewhere either: who changes where a model's requests go gives its
 * secrets anew.
 * @throws BadRequestError
 */
async function checkDestination(
  { gateway }: AdminCall,
  before: ModelRow,
  given: Given,
  params: Record<string, unknown>,
): Promise<void> {
  const kept = Object.entries(before.litellm_params).filter(
    ([name, value]) => holdsSealed(value) && given.litellm_params?.[name] === undefined,
  );
  const [first] = kept;
  if (first === undefined) return;
  const old = await readable(() => openModel(gateway.vault, before));
  if (destinationOf(old.params, registeredProviders) === destinationOf(params, registeredProviders)) return;
  throw new BadRequestError(
    `litellm.BadRequestError: the model would send ${first[0]} to another provider or host than it was stored for: give it anew`,
    { param: `litellm_params.${first[0]}` },
  );
}
