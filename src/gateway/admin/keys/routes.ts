/** `/key/*`: virtual keys. */
import { z } from "zod";
import { BadRequestError, NotFoundError, SluiceError } from "../../../formats/errors.ts";
import { loadOwners, type OwnerIds, type Owners } from "../../../store/key-owners.ts";
import { findKeys } from "../../../store/keys.ts";
import { tokenOf } from "../../../tenancy/digest.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, bodyOf, queryOf } from "../admin-call.ts";
import { missing } from "../fields.ts";
import { createKey } from "./create.ts";
import { deleteNamed } from "./delete.ts";
import {
  BulkUpdateBody,
  GenerateBody,
  KeyBody,
  type KeyFields,
  KeysBody,
  MOST_UPDATES,
  RegenerateBody,
  ResetBody,
  UpdateBody,
} from "./fields.ts";
import { fullKeys, keyAliases, keyList } from "./list.ts";
import { unfolded } from "./metadata.ts";
import { regenerateKey } from "./regenerate.ts";
import { resetKeySpend } from "./reset-spend.ts";
import { findOwned, type KeyRoute, requireRight, requireRightToMake } from "./rights.ts";
import { takeOwnSuccessor, takeSuccessorOf } from "./successor.ts";
import { blockKey, changeKey } from "./update.ts";
import { keyModelSpend, keySpend, keyView } from "./view.ts";

const tag = "keys";

export const keyRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/key/generate"],
    access: "manage",
    summary: "Make a key",
    tag,
    body: GenerateBody,
    async handle(call) {
      const fields = await bodyOf(call, GenerateBody);
      const { role, userId } = call.principal;
      // Whoever is no admin makes keys of its own: a key of nobody's is a service account's.
      const asked = isAdmin(role) ? fields : { ...fields, user_id: fields.user_id ?? userId };
      return generate(call, asked, "/key/generate");
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/service-account/generate"],
    access: "manage",
    summary: "Make a key that belongs to a team and to no user",
    tag,
    body: GenerateBody,
    async handle(call) {
      const fields = await bodyOf(call, GenerateBody);
      if (fields.team_id == null)
        throw bad(
          "team_id is required for service account keys. Please specify `team_id` in the request body.",
          "team_id",
        );
      const isNamed = fields.service_account_id != null || fields.metadata?.["service_account_id"] != null;
      const account = isNamed ? {} : { service_account_id: fields.key_alias ?? crypto.randomUUID() };
      return generate(call, { ...fields, ...account, user_id: null }, "/key/service-account/generate");
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/update"],
    access: "manage",
    summary: "Change a key",
    tag,
    body: UpdateBody,
    async handle(call) {
      const { key, ...fields } = await bodyOf(call, UpdateBody);
      return { key, ...(await changeKey(call, key, fields)) };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/bulk_update"],
    access: "admin",
    summary: "Change many keys, each by itself",
    tag,
    body: BulkUpdateBody,
    async handle(call) {
      const { keys } = await bodyOf(call, BulkUpdateBody);
      if (keys.length === 0) throw bad("No keys provided for update", "keys");
      if (keys.length > MOST_UPDATES)
        throw bad(`Maximum ${MOST_UPDATES} keys can be updated at once. Found ${keys.length} keys.`, "keys");
      return bulkUpdate(call, keys);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/delete"],
    access: "manage",
    summary: "Delete keys, by themselves, their digests or their aliases",
    tag,
    body: KeysBody,
    async handle(call) {
      return { deleted_keys: await deleteNamed(call, await bodyOf(call, KeysBody)) };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/block"],
    access: "manage",
    summary: "Stop a key until it is unblocked",
    tag,
    body: KeyBody,
    handle: async (call) => blockKey(call, (await bodyOf(call, KeyBody)).key, true),
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/unblock"],
    access: "manage",
    summary: "Let a blocked key work again",
    tag,
    body: KeyBody,
    handle: async (call) => blockKey(call, (await bodyOf(call, KeyBody)).key, false),
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/regenerate", "/key/:key{.+}/regenerate"],
    access: "manage",
    summary: "Give a key a new value; all else stays, its spend included",
    tag,
    body: RegenerateBody,
    async handle(call) {
      const body = hasBody(call) ? await bodyOf(call, RegenerateBody) : {};
      const { key: inBody, new_key, new_master_key, grace_period, ...fields } = RegenerateBody.parse(body);
      const key = inBody || call.context.req.param("key");
      if (!key) throw missing("key");
      if (new_master_key != null || (await tokenOf(key)) === (await masterToken(call)))
        throw bad(
          "The master key is the deployment's secret and is not changed here: set LITELLM_MASTER_KEY where the gateway is deployed.",
          "new_master_key",
        );
      return regenerateKey(call, key, fields, { newKey: new_key, gracePeriod: grace_period });
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/successor"],
    access: "llm", // with the old key, whatever else that may do
    summary: "Take the key that a rotation has made in place of the one the call is made with, once",
    tag,
    handle: takeOwnSuccessor,
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/:key{.+}/successor"],
    access: "manage",
    summary: "The same of a key the caller may regenerate",
    tag,
    handle: (call) => takeSuccessorOf(call, call.context.req.param("key") ?? ""),
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/:key{.+}/reset_spend"],
    access: "manage",
    summary: "Set back what a key has spent",
    tag,
    body: ResetBody,
    async handle(call) {
      const { reset_to } = await bodyOf(call, ResetBody);
      return resetKeySpend(call, call.context.req.param("key") ?? "", reset_to);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/key/info"],
    access: "info",
    summary: "A key; without one, the caller's own",
    tag,
    async handle(call) {
      const { key } = queryOf(call, z.object({ key: z.string().max(4096).optional() }));
      const owned = await findOwned(call, key || call.principal.token);
      requireRight(call, owned, "/key/info");
      const tier = owned.owners.budget;
      const view = keyView(owned.key, call, await keySpend(call, owned.key, tier), tier);
      const model_spend = await keyModelSpend(call, owned.key, tier);
      // What is kept in metadata stands beside it too, as /key/generate tells it: there Terraform looks for it.
      const info = { ...unfolded(view.metadata), ...view, model_spend };
      return { key: key || call.principal.token, info };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/v2/key/info"],
    access: "admin_view",
    summary: "Many keys at once",
    tag,
    body: KeysBody,
    async handle(call) {
      const { keys } = await bodyOf(call, KeysBody);
      if (!keys?.length) throw bad("Malformed request. No keys passed in.", "keys");
      const rows = await findKeys(call.db, await Promise.all(keys.map(tokenOf)));
      if (rows.length === 0) throw new NotFoundError("No keys found: key not found in database", { param: "keys" });
      return { key: keys, info: await fullKeys(call, rows) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/key/list"],
    access: "view",
    summary: "Keys by the page; everybody sees its own",
    tag,
    handle: keyList,
  }),
  adminRoute({
    method: "GET",
    paths: ["/key/aliases"],
    access: "view",
    summary: "Aliases of keys by the page",
    tag,
    handle: keyAliases,
  }),
  adminRoute({
    method: "POST",
    paths: ["/key/health"],
    access: "info",
    summary: "Does the key the call is made with work, and its callbacks?",
    tag,
    handle: async ({ principal }) => keyHealth(principal.identity?.key.metadata["logging"]),
  }),
];

/** @throws where the caller may not make such a key */
async function generate(call: AdminCall, fields: KeyFields & { key?: string | null | undefined }, route: KeyRoute) {
  const ids: OwnerIds = {
    user_id: fields.user_id ?? null,
    team_id: fields.team_id ?? null,
    project_id: fields.project_id ?? null,
    organization_id: fields.organization_id ?? null,
    budget_id: fields.budget_id ?? null,
  };
  const owners = await loadOwners(call.db, ids, call.principal.userId);
  requireRightToMake(call, fields, owners, route);
  return createKey(call, withTeamsDuration(fields, owners));
}

/** A team may say how long its members' keys work, where nothing is said. */
function withTeamsDuration<Fields extends KeyFields>(fields: Fields, { team }: Owners): Fields {
  const duration = team?.metadata["team_member_key_duration"];
  if (fields.duration !== undefined || fields.user_id == null || typeof duration !== "string") return fields;
  return { ...fields, duration };
}

async function bulkUpdate(call: AdminCall, items: z.infer<typeof BulkUpdateBody>["keys"]) {
  const successful = [];
  const failed = [];
  for (const { key, ...fields } of items) {
    try {
      successful.push({ key, key_info: await changeKey(call, key, fields) });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      failed.push({ key, key_info: await viewOf(call, key), failed_reason: error.message });
    }
  }
  return { total_requested: items.length, successful_updates: successful, failed_updates: failed };
}

async function viewOf(call: AdminCall, given: string) {
  const owned = await findOwned(call, given).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });
  if (owned === undefined) return null;
  const { key, owners } = owned;
  return keyView(key, call, await keySpend(call, key, owners.budget), owners.budget);
}

/** Callbacks of a key are kept, and not called yet: whoever asks is told. */
function keyHealth(logging: unknown) {
  if (!Array.isArray(logging) || logging.length === 0) return { key: "healthy", logging_callbacks: null };
  const callbacks = logging.map((callback) => String(callback?.["callback_name"] ?? ""));
  const details = "Callbacks of single keys are not called by this gateway yet.";
  return { key: "unhealthy", logging_callbacks: { callbacks, status: "unhealthy", details } };
}

/** A key may be regenerated without a word. */
function hasBody({ context }: AdminCall): boolean {
  const { body, headers } = context.req.raw;
  return body !== null && headers.get("content-length") !== "0";
}

async function masterToken({ gateway }: AdminCall): Promise<string | undefined> {
  const { masterKey } = gateway.config;
  return masterKey && tokenOf(masterKey.reveal());
}

function bad(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", param });
}
