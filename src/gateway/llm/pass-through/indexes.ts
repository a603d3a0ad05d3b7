/**
 * Indexes of vector stores under names of the gateway's (LiteLLM's virtual indexes): `/azure_ai/indexes/<name>/docs/search`.
 * An admin says which index of which registered store a name stands for; keys and teams are let in by it
 * (`allowed_vector_store_indexes`). Paths: Azure AI Search REST API, "Documents", "Indexes".
 */
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { asRecord, parsedJson, recordsIn, stringsIn } from "../../../formats/json.ts";
import { withString } from "../../../formats/json-text.ts";
import { plainPath } from "../../../providers/http.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { findObject } from "../../../store/objects.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import type { Gateway } from "../../gateway.ts";
import type { RouteCall } from "../../route.ts";
import { noCredentials } from "../objects/keeper.ts";
import { told } from "../objects/lookup.ts";
import { keeperOfStore, registeredStores } from "../objects/registered.ts";
import { refusePath } from "./access.ts";

/** Kind of its row in the database. */
export const INDEX = "vector_store_index";

/** What a name stands for; the fields are LiteLLM's. */
export interface IndexParams {
  /** As the provider knows it. */
  vector_store_index: string;
  /** Of a registered store: whose host and credentials it is reached by. */
  vector_store_name: string;
}

/** Other rows have other ids. */
export function rowIdOfIndex(name: string): string {
  return `${INDEX}:${name}`;
}

const PROVIDER = "azure_ai";

/** `/indexes/<name>/...`, or `/indexes('<name>')/...`. */
const PATH = /^\/indexes(?:\/([^/?()]+)|\('([^'/?]+)'\))((?:\/[^?]*)?)(\?.*)?$/i;

/** What changes nothing is a read, also where it is a POST. */
const READING = /^\/(?:docs\/(?:search|suggest|autocomplete)(?:\.post\.\w+)?|analyze|search\.analyze)$/i;

/**
 * The call under the provider's name for the index, and where it goes; `undefined` where it is about no such index.
 * @throws PermissionDeniedError where the key may not do that with it, BadRequestError where it stands for nothing
 */
export async function indexCall(
  call: RouteCall,
  native: NativeCall,
): Promise<{ call: NativeCall; deployment: Deployment } | undefined> {
  const { gateway, principal } = call;
  const [, plain, quoted, rest = "", query = ""] = PATH.exec(native.path) ?? [];
  const name = decoded(plain ?? quoted);
  const index = name === undefined ? undefined : await findIndex(gateway, name);
  if (name === undefined || index === undefined) return undefined;
  const within = plainPath(rest);
  const refusal = refusePath(call) ?? refuseIndex(principal, name, isRead(native, within) ? "read" : "write");
  if (refusal !== undefined) throw refusal;
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(within))
    throw new BadRequestError("litellm.BadRequestError: the path would leave the index", { param: "index_name" });
  const path = `/indexes/${encodeURIComponent(index.vector_store_index)}${rest}${query}`;
  return {
    call: { ...native, path, ...(native.body !== undefined && { body: renamed(native.body, name, index) }) },
    deployment: await deploymentOf(gateway, name, index),
  };
}

function decoded(name: string | undefined): string | undefined {
  try {
    return name && decodeURIComponent(name);
  } catch {
    return undefined; // the provider says what is wrong with it
  }
}

async function findIndex({ database }: Gateway, name: string): Promise<IndexParams | undefined> {
  if (database === undefined) return undefined;
  const row = await told(findObject(database, rowIdOfIndex(name)));
  if (row?.kind !== INDEX) return undefined;
  const params = asRecord(row.body?.["litellm_params"]);
  return {
    vector_store_index: String(params["vector_store_index"]),
    vector_store_name: String(params["vector_store_name"]),
  };
}

async function deploymentOf(gateway: Gateway, name: string, index: IndexParams): Promise<Deployment> {
  const stores = await registeredStores(gateway);
  const store = stores.find(({ vector_store_name }) => vector_store_name === index.vector_store_name);
  if (store?.custom_llm_provider !== PROVIDER)
    throw new BadRequestError(
      `litellm.BadRequestError: the index ${name} is of the vector store ${index.vector_store_name}, and no store of ${PROVIDER} is registered under that name`,
      { param: "index_name" },
    );
  const deployment = keeperOfStore(gateway, store);
  if (deployment === undefined) throw noCredentials(PROVIDER);
  return deployment;
}

type Permission = "read" | "write";

/** @param within the index, as any server may read it */
function isRead({ method }: NativeCall, within: string): boolean {
  return method === "GET" || (method === "POST" && READING.test(within));
}

/** Nobody is let in but by name: by the key, or where it says nothing, by its team. */
function refuseIndex({ role, identity }: Principal, name: string, wanted: Permission) {
  if (isAdmin(role)) return undefined;
  const lists = [identity?.key, identity?.team].map((owner) =>
    recordsIn(owner?.metadata["allowed_vector_store_indexes"]),
  );
  const granted = lists.find((list) => list.length > 0) ?? [];
  const isGranted = granted.some(
    ({ index_name, index_permissions }) => index_name === name && stringsIn(index_permissions).includes(wanted),
  );
  if (isGranted) return undefined;
  return new PermissionDeniedError(
    `The key may not ${wanted} the index ${name}: it is for keys and teams whose allowed_vector_store_indexes say so.`,
    { type: "key_vector_store_access_denied", param: "index_name" },
  );
}

/** An index says its name when it is made. */
function renamed(body: NonNullable<NativeCall["body"]>, name: string, index: IndexParams): typeof body {
  if (!(body instanceof Uint8Array)) return body;
  const text = new TextDecoder().decode(body);
  return saysName(text, name) ? new TextEncoder().encode(withString(text, "name", index.vector_store_index)) : body;
}

function saysName(text: string, name: string): boolean {
  return asRecord(parsedJson(text))["name"] === name; // what is wrong with it the provider says
}
