/** `/vector_store/*`: vector stores of providers that the gateway lets its keys search. Secrets of one are never shown. */
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../formats/errors.ts";
import { asRecord } from "../../formats/json.ts";
import { findProvider } from "../../providers/registry.ts";
import { holdsSealed, sealParams } from "../../secrets/params.ts";
import { isDuplicate } from "../../store/database.ts";
import { deleteObject, findObject, insertObject, keepObject } from "../../store/objects.ts";
import type { ObjectRow } from "../../store/schema/index.ts";
import { told } from "../llm/objects/lookup.ts";
import {
  maySeeStore,
  placeOfStore,
  REGISTERED,
  type RegisteredStore,
  registeredStore,
  registeredStores,
} from "../llm/objects/registered.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute, bodyOf, changed, queryOf } from "./admin-call.ts";

const TAG = "vector store registry";
const TABLE = "LiteLLM_ManagedVectorStoresTable";
/** Everybody's, as far as lists of keys and teams let them. */
const OWNER = "gateway";

const id = z.string().min(1).max(512);
const metadata = z.record(z.string(), z.unknown());

const NewStore = z.object({
  vector_store_id: id,
  custom_llm_provider: z.string().min(1),
  vector_store_name: z.string().nullish(),
  vector_store_description: z.string().nullish(),
  vector_store_metadata: z.union([metadata, z.string()]).nullish(),
  litellm_credential_name: z.string().nullish(),
  litellm_params: z.record(z.string(), z.unknown()).nullish(),
  team_id: z.string().nullish(),
  user_id: z.string().nullish(),
});
const StorePatch = NewStore.partial().required({ vector_store_id: true });
const StoreId = z.object({ vector_store_id: id });
const Page = z.object({
  page: z.coerce.number().int().min(1).default(1),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
});

export const vectorStoreRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/vector_store/new"],
    access: "admin",
    summary: "Register a provider's vector store",
    tag: TAG,
    body: NewStore,
    async handle(call) {
      const given = await bodyOf(call, NewStore);
      if (await registeredStore(call.gateway, given.vector_store_id)) throw exists(given.vector_store_id);
      const row = await rowOf(call, given, { created_at: call.nowText });
      await insertObject(call.db, row).catch((error: unknown) => {
        throw isDuplicate(error) ? exists(row.id) : error;
      });
      const vector_store = await after(call, row.id, "created");
      return { status: "success", message: `Vector store ${row.id} created successfully`, vector_store };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/vector_store/list", "/v1/vector_store/list"],
    access: "info",
    summary: "The registered vector stores one may use",
    tag: TAG,
    async handle(call) {
      const { page, page_size: size } = queryOf(call, Page);
      const seen = (await registeredStores(call.gateway)).filter((store) => maySeeStore(call.principal, store));
      return {
        object: "list",
        data: seen.slice((page - 1) * size, page * size).map(shown),
        total_count: seen.length,
        current_page: page,
        total_pages: Math.ceil(seen.length / size),
      };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/vector_store/info"],
    access: "info",
    summary: "A registered vector store",
    tag: TAG,
    body: StoreId,
    async handle(call) {
      const { vector_store_id: wanted } = await bodyOf(call, StoreId);
      const store = await registeredStore(call.gateway, wanted);
      if (store === undefined || !maySeeStore(call.principal, store)) throw missing(wanted);
      return { vector_store: shown(store) };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/vector_store/update"],
    access: "admin",
    summary: "Change what is registered of a vector store",
    tag: TAG,
    body: StorePatch,
    async handle(call) {
      const given = await bodyOf(call, StorePatch);
      const before = await stored(call, given.vector_store_id);
      const row = await rowOf(call, given, asRecord(before.body), asRecord(before.state));
      await told(keepObject(call.db, row));
      const vector_store = await after(call, row.id, "updated");
      return { status: "success", message: `Vector store ${row.id} updated successfully`, vector_store };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/vector_store/delete"],
    access: "admin",
    summary: "Forget a registered vector store; the provider keeps it",
    tag: TAG,
    body: StoreId,
    async handle(call) {
      const { vector_store_id: wanted } = await bodyOf(call, StoreId);
      const row = await stored(call, wanted);
      await told(deleteObject(call.db, row.id));
      await changed(call, { table: TABLE, id: row.id, action: "deleted" });
      return { status: "success", message: `Vector store ${row.id} deleted successfully` };
    },
  }),
];

async function stored({ db }: AdminCall, wanted: string): Promise<ObjectRow> {
  const row = await told(findObject(db, wanted));
  if (row?.kind === REGISTERED) return row;
  throw missing(wanted);
}

function missing(wanted: string): NotFoundError {
  return new NotFoundError(`Vector store not found: ${wanted.slice(0, 200)}`, { param: "vector_store_id" });
}

function exists(wanted: string): BadRequestError {
  return new BadRequestError(`Vector store with ID ${wanted.slice(0, 200)} already exists`, {
    param: "vector_store_id",
  });
}

async function rowOf(
  { gateway, actor, now, nowText }: AdminCall,
  given: z.infer<typeof StorePatch>,
  before: Record<string, unknown>,
  state: Record<string, unknown> = {},
): Promise<ObjectRow> {
  const { vector_store_id, litellm_params: params, vector_store_metadata: said, ...fields } = given;
  const body = {
    ...before,
    ...fields,
    updated_at: nowText,
    ...(said !== undefined && { vector_store_metadata: metadataOf(said) }),
  };
  const provider = String(body["custom_llm_provider" as keyof typeof body]);
  if (findProvider(provider)?.native === undefined)
    throw new BadRequestError(`${provider} keeps no vector stores, as far as the gateway knows`, {
      param: "custom_llm_provider",
    });
  if (holdsSealed(params)) throw new BadRequestError("litellm_params holds a value that looks encrypted");
  const sealed =
    params === undefined || params === null
      ? state["litellm_params"]
      : await sealParams(gateway.vault, "vector_store", placeOfStore(vector_store_id), params);
  return {
    id: vector_store_id,
    kind: REGISTERED,
    owner: OWNER,
    created_by: actor,
    deployment_id: null,
    provider,
    provider_id: vector_store_id,
    model: null,
    body,
    state: { litellm_params: sealed ?? {} },
    created_at: now,
    expires_at: null,
  };
}

/** LiteLLM's clients send it as a text, too. */
function metadataOf(given: Record<string, unknown> | string | null): Record<string, unknown> {
  if (typeof given !== "string") return given ?? {};
  try {
    return asRecord(JSON.parse(given));
  } catch {
    throw new BadRequestError("vector_store_metadata is no JSON object", { param: "vector_store_metadata" });
  }
}

async function after(call: AdminCall, wanted: string, action: "created" | "updated") {
  const store = await registeredStore(call.gateway, wanted);
  const view = store && shown(store);
  await changed(call, { table: TABLE, id: wanted, action, after: view });
  return view;
}

function shown({ params, ...store }: RegisteredStore) {
  const { api_base } = params();
  return { ...store, litellm_params: api_base === undefined ? {} : { api_base } };
}
