/** `/credentials`: fields of `litellm_params` that models share by a name. What is stored in one is never shown. */
import { z } from "zod";
import { Secret } from "../../credentials/secret.ts";
import { BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError } from "../../formats/errors.ts";
import { endpointsOf } from "../../router/bound.ts";
import { CONNECTION_PARAMS, DEPLOYMENT_PARAMS } from "../../router/settings/deployment.ts";
import { readSection } from "../../router/settings/read.ts";
import { holdsSealed, isSecretParam, sealValue } from "../../secrets/params.ts";
import {
  deleteCredential,
  findCredential,
  insertCredential,
  listCredentials,
  updateCredential,
} from "../../store/credentials.ts";
import { isDuplicate } from "../../store/database.ts";
import { findModelRow } from "../../store/models.ts";
import type { CredentialRow } from "../../store/schema/index.ts";
import type { Route } from "../route.ts";
import { openCredential, openModel } from "../stored-models.ts";
import { type AdminCall, adminRoute, bodyOf, changed } from "./admin-call.ts";
import { patched } from "./models/body.ts";
import { readable } from "./models/store.ts";

const TABLE = "LiteLLM_CredentialsTable";

const name = z.string().min(1).max(512);
const fields = z.record(z.string().max(256), z.unknown());

const NewCredential = z.object({
  credential_name: name,
  credential_info: fields.nullish(),
  credential_values: fields.nullish(),
  /** Takes the values of this model. */
  model_id: name.nullish(),
});

const CredentialPatch = z.object({
  credential_name: name.nullish(),
  credential_info: fields.nullish(),
  credential_values: fields.nullish(),
});

export const credentialRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/credentials"],
    access: "admin",
    summary: "Store a credential: of values given here, or of those of a model",
    tag: "credentials",
    body: NewCredential,
    async handle(call) {
      const given = await bodyOf(call, NewCredential);
      await create(call, given.credential_name, given.credential_info ?? {}, await valuesGiven(call, given));
      return { success: true, message: "Credential created successfully" };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/credentials"],
    access: "admin_view",
    summary: "All credentials, without their values",
    tag: "credentials",
    async handle(call) {
      const stored = (await listCredentials(call.db)).map(view);
      const ofFile = [...call.gateway.config.credentials()].map(([credential_name, { values }]) =>
        view({ credential_name, credential_values: values, credential_info: {} }),
      );
      return { success: true, credentials: [...ofFile, ...stored] };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/credentials/by_name/:credential_name{.+}"],
    access: "admin_view",
    summary: "One credential, without its values",
    tag: "credentials",
    async handle(call) {
      const asked = nameOf(call);
      const ofFile = call.gateway.config.credentials().get(asked);
      if (ofFile !== undefined)
        return view({ credential_name: asked, credential_values: ofFile.values, credential_info: {} });
      return view(await find(call, asked));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/credentials/by_model/:model_id{.+}"],
    access: "admin_view",
    summary: "What a model would bring into a credential, without the values",
    tag: "credentials",
    async handle(call) {
      const id = call.context.req.param("model_id") ?? "";
      const { name: model, values } = await valuesOfModel(call, id);
      return view({ credential_name: `${model}-credential-${id}`, credential_values: values, credential_info: {} });
    },
  }),
  adminRoute({
    method: "PATCH",
    paths: ["/credentials/:credential_name{.+}"],
    access: "admin",
    summary: "Change a credential; a value that is null is taken away",
    tag: "credentials",
    body: CredentialPatch,
    async handle(call) {
      const given = await bodyOf(call, CredentialPatch);
      await change(call, nameOf(call), given);
      return { success: true, message: "Credential updated successfully" };
    },
  }),
  adminRoute({
    method: "DELETE",
    paths: ["/credentials/:credential_name{.+}"],
    access: "admin",
    summary: "Delete a credential; models that name it are not served any more",
    tag: "credentials",
    async handle(call) {
      const before = await find(call, nameOf(call));
      await deleteCredential(call.db, before.credential_name);
      await call.gateway.models.reload();
      await changed(call, { table: TABLE, id: before.credential_name, action: "deleted", before: view(before) });
      return { success: true, message: "Credential deleted successfully" };
    },
  }),
];

type Values = Record<string, unknown>;

async function create(call: AdminCall, credential_name: string, info: Values, values: Values): Promise<void> {
  checkValues(values);
  if (call.gateway.config.credentials().has(credential_name)) throw taken(credential_name);
  const { actor, nowText } = call;
  const row = await sealed(call, {
    credential_id: crypto.randomUUID(),
    credential_name,
    credential_info: patched({}, info),
    credential_values: values,
    created_at: nowText,
    created_by: actor,
    updated_at: nowText,
    updated_by: actor,
  });
  try {
    await insertCredential(call.db, row);
  } catch (error) {
    throw isDuplicate(error) ? taken(credential_name) : error;
  }
  await call.gateway.models.reload();
  await changed(call, { table: TABLE, id: credential_name, action: "created", after: view(row) });
}

async function change(call: AdminCall, named: string, given: z.infer<typeof CredentialPatch>): Promise<void> {
  const before = await find(call, named);
  if (given.credential_name && given.credential_name !== named)
    throw new BadRequestError("A credential keeps its name: models name it by that.", { param: "credential_name" });
  checkValues(patched({}, given.credential_values));
  const merged = {
    ...before,
    credential_values: patched(before.credential_values, given.credential_values) as Record<string, string>,
  }; // old ones are sealed texts; new ones are read as they are
  const values = await readable(() => openCredential(call.gateway.vault, merged));
  await checkDestination(call, before, given.credential_values ?? {}, values);
  const row = await sealed(call, {
    ...before,
    credential_values: values,
    credential_info: patched(before.credential_info, given.credential_info),
    updated_at: call.nowText,
    updated_by: call.actor,
  });
  if (!(await updateCredential(call.db, before, row)))
    throw new ConflictError(`Credential with name=${named} was changed by somebody else at the same time. Try again.`);
  await call.gateway.models.reload();
  await changed(call, { table: TABLE, id: named, action: "updated", before: view(before), after: view(row) });
}

/** Secrets that are kept go where they went: who changes the host gives them anew. @throws BadRequestError */
async function checkDestination(call: AdminCall, before: CredentialRow, given: Values, values: Values): Promise<void> {
  const old = await readable(() => openCredential(call.gateway.vault, before));
  const kept = Object.entries(old).find(([field, value]) => isSecretParam(field, value) && given[field] === undefined);
  if (kept === undefined || endpointsOf(old).join() === endpointsOf(values).join()) return;
  throw new BadRequestError(
    `litellm.BadRequestError: the credential would send ${kept[0]} to another host than it was stored for: give it anew`,
    { param: `credential_values.${kept[0]}` },
  );
}

async function valuesGiven(call: AdminCall, given: z.infer<typeof NewCredential>): Promise<Values> {
  if (given.credential_values) return patched({}, given.credential_values);
  if (!given.model_id)
    throw new BadRequestError("Credential values or model id must be provided", { param: "credential_values" });
  return (await valuesOfModel(call, given.model_id)).values;
}

/** What of a model's params is how its provider is reached. @throws NotFoundError */
async function valuesOfModel(call: AdminCall, id: string): Promise<{ name: string; values: Values }> {
  const row = await findModelRow(call.db, id);
  const ofFile = call.gateway.router.groups.deployments().find((one) => one.id === id && !one.isStored);
  if (row === undefined && ofFile === undefined)
    throw new NotFoundError(`Model not found: ${id}`, { param: "model_id" });
  const params =
    row === undefined
      ? revealed(ofFile?.raw.params ?? {})
      : (await readable(() => openModel(call.gateway.vault, row))).params;
  const values = Object.entries(params).filter(([field]) => isProviders(field));
  return { name: row?.model_name ?? ofFile?.modelName ?? id, values: Object.fromEntries(values) };
}

const SHARED = ["api_key", "api_base", "base_url", "api_version", "organization", "headers", "extra_headers"];
const isProviders = (field: string) => SHARED.includes(field) || Object.hasOwn(CONNECTION_PARAMS, field);

function revealed(params: Values): Values {
  const entries = Object.entries(params);
  return Object.fromEntries(entries.map(([field, value]) => [field, value instanceof Secret ? value.reveal() : value]));
}

/** @throws UnprocessableEntityError naming a value of a wrong type */
function checkValues(values: Values): void {
  const [misfit] = readSection({ ...DEPLOYMENT_PARAMS, ...CONNECTION_PARAMS }, values).misfits;
  if (misfit !== undefined) {
    const path = ["credential_values", ...misfit.path].join(".");
    const message = `Invalid value for '${path}': ${misfit.message}`;
    throw new UnprocessableEntityError(message, { type: "validation_error", param: path });
  }
  if (holdsSealed(values))
    throw new BadRequestError("a value that begins with 'sealed:' cannot be stored", { param: "credential_values" });
}

/** Every value is sealed, whatever it is. */
async function sealed(
  { gateway }: AdminCall,
  row: Omit<CredentialRow, "credential_values"> & { credential_values: Values },
): Promise<CredentialRow> {
  const place = (field: string) => ({ tenant: "", row: row.credential_id, field: `/${field}` });
  const entries = Object.entries(row.credential_values).map(async ([field, value]) => {
    return [field, await readable(() => sealValue(gateway.vault, "credential", place(field), value))] as const;
  });
  return { ...row, credential_values: Object.fromEntries(await Promise.all(entries)) };
}

/** LiteLLM's fields. The values are not shown, only that they are there. */
function view(row: { credential_name: string; credential_values: Values; credential_info: Values }) {
  const { credential_name, credential_info } = row;
  const credential_values = Object.fromEntries(Object.keys(row.credential_values).map((field) => [field, "****"]));
  return { credential_name, credential_values, credential_info };
}

async function find(call: AdminCall, named: string): Promise<CredentialRow> {
  if (call.gateway.config.credentials().has(named))
    throw new BadRequestError(`Credential with name=${named} is in the config file, and changes there.`);
  const row = await findCredential(call.db, named);
  if (row !== undefined) return row;
  throw new NotFoundError(`Credential with name=${named} not found`, { param: "credential_name" });
}

function nameOf({ context }: AdminCall): string {
  return context.req.param("credential_name") ?? "";
}

function taken(named: string): BadRequestError {
  return new BadRequestError(`Credential with name=${named} already exists`, { param: "credential_name" });
}
