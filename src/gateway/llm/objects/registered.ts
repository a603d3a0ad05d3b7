/** Vector stores that an admin named, by the config (`vector_store_registry`) or by `/vector_store/new`. */

import { Secret } from "../../../credentials/secret.ts";
import { asRecord, isRecord, stringsIn } from "../../../formats/json.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { openParams } from "../../../secrets/params.ts";
import { findObject, listObjects } from "../../../store/objects.ts";
import type { ObjectRow } from "../../../store/schema/index.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { seesAll } from "../../../tenancy/roles.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { providerDeployment } from "../provider-deployment.ts";
import type { Reference } from "./fields.ts";
import { isObjectId } from "./ids.ts";
import { notFound, told } from "./lookup.ts";
import type { Endpoint } from "./resources.ts";

/** An entry of the registry; its fields are LiteLLM's. */
export interface RegisteredStore {
  vector_store_id: string;
  custom_llm_provider: string;
  vector_store_name: string | null;
  vector_store_description: string | null;
  vector_store_metadata: Record<string, unknown>;
  litellm_credential_name: string | null;
  /** Host and credentials of its own; a function, so that they cannot be printed. */
  params(): Record<string, unknown>;
  team_id: string | null;
  user_id: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** Kind of its row in the database, whose id is the provider's. */
export const REGISTERED = "registered_vector_store";

/** What a key may do with a store that is the gateway's. */
const SHARED: ReadonlySet<string> = new Set([
  "vector_stores.search",
  "vector_stores.retrieve",
  "vector_stores.files.list",
]);

/** @returns `undefined` where there is none */
export async function registeredStore(gateway: Gateway, id: string): Promise<RegisteredStore | undefined> {
  const inFile = storesOfFile(gateway).find(({ vector_store_id }) => vector_store_id === id);
  if (inFile !== undefined || gateway.database === undefined) return inFile;
  const row = await told(findObject(gateway.database, id));
  return row?.kind === REGISTERED ? storeOfRow(gateway, row) : undefined;
}

/** Of the file first, then those of the database. */
export async function registeredStores(gateway: Gateway): Promise<RegisteredStore[]> {
  const ofFile = storesOfFile(gateway);
  if (gateway.database === undefined) return ofFile;
  const rows = await told(listObjects(gateway.database, { kinds: [REGISTERED], most: MOST_STORES }));
  const ids = new Set(ofFile.map(({ vector_store_id }) => vector_store_id));
  const others = rows.filter(({ id }) => !ids.has(id));
  return [...ofFile, ...(await Promise.all(others.map((row) => storeOfRow(gateway, row))))];
}

const MOST_STORES = 10_000;

/** May the caller reach it? Lists of keys and teams say which; whoever has none reaches all that is nobody's own. */
export function maySeeStore({ role, identity }: Principal, store: RegisteredStore): boolean {
  if (seesAll(role)) return true;
  const team = identity?.key.team_id ?? null;
  if (store.team_id !== null && store.team_id !== team) return false;
  const lists = [identity?.key.object_permission, identity?.team?.object_permission]
    .map((permission) => stringsIn(permission?.vector_stores))
    .filter((list) => list.length > 0);
  return lists.every((list) => list.includes(store.vector_store_id));
}

/**
 * Stores that a request to a model names by their provider's ids, as tools do.
 * @throws NotFoundError where one is registered, and not for this caller
 */
export async function refuseHiddenStores({ gateway, principal }: RouteCall, references: readonly Reference[]) {
  const ids = references.filter(({ id, kind }) => kind === "vector_store" && !isObjectId(id)).map(({ id }) => id);
  for (const id of new Set(ids)) {
    const store = await registeredStore(gateway, id);
    if (store !== undefined && !maySeeStore(principal, store)) throw notFound(id, "vector_store");
  }
}

export function mayUseStore(principal: Principal, store: RegisteredStore, { name }: Endpoint): boolean {
  return SHARED.has(name) && maySeeStore(principal, store);
}

/** @returns `undefined` where the gateway has no credentials for it */
export function keeperOfStore(gateway: Gateway, store: RegisteredStore): Deployment | undefined {
  const { config, models } = gateway;
  const name = store.litellm_credential_name;
  const credential = name === null ? undefined : (config.credentials().get(name) ?? models.credentials.get(name));
  const params = { ...credential?.values, ...store.params() };
  const slug = store.custom_llm_provider;
  if (Object.keys(params).length === 0) return providerDeployment(gateway, slug);
  return providerDeployment(gateway, slug, { settings: [{ ...params, custom_llm_provider: slug }] });
}

function storesOfFile({ config }: Gateway): RegisteredStore[] {
  const { other, litellm } = config.settings;
  const list = other["vector_store_registry"] ?? litellm.vector_store_registry; // LiteLLM reads either
  return (Array.isArray(list) ? list : []).filter(isRecord).flatMap((entry) => {
    const params = asRecord(entry["litellm_params"]);
    const id = params["vector_store_id"] ?? entry["vector_store_id"];
    const provider = params["custom_llm_provider"] ?? entry["custom_llm_provider"];
    if (typeof id !== "string" || typeof provider !== "string") return [];
    return [storeOf({ ...entry, ...params, vector_store_id: id, custom_llm_provider: provider }, params)];
  });
}

async function storeOfRow({ vault }: Gateway, { id, body, state }: ObjectRow): Promise<RegisteredStore> {
  const sealed = asRecord(state?.["litellm_params"]);
  const params = await openParams(vault, "vector_store", placeOfStore(id), sealed);
  return storeOf({ ...body, vector_store_id: id }, params);
}

/** Where the secrets of a store's row are sealed. */
export function placeOfStore(id: string) {
  return { tenant: "", row: id };
}

const OWN_PARAMS = ["api_key", "api_base", "api_version", "organization"];

function storeOf(entry: Record<string, unknown>, params: Record<string, unknown>): RegisteredStore {
  const text = (name: string) => (typeof entry[name] === "string" ? entry[name] : null);
  const own = Object.entries(params).filter(([name]) => OWN_PARAMS.includes(name));
  return {
    vector_store_id: text("vector_store_id") ?? "",
    custom_llm_provider: text("custom_llm_provider") ?? "",
    vector_store_name: text("vector_store_name"),
    vector_store_description: text("vector_store_description"),
    vector_store_metadata: asRecord(entry["vector_store_metadata"]),
    litellm_credential_name: text("litellm_credential_name"),
    params: () =>
      Object.fromEntries(own.map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value])),
    team_id: text("team_id"),
    user_id: text("user_id"),
    created_at: text("created_at"),
    updated_at: text("updated_at"),
  };
}
