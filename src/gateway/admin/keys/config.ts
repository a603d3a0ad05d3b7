/** `config` of keys as routes take and show it: checked, and its secrets sealed. */
import { Secret } from "../../../credentials/secret.ts";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { isRecord, isSame } from "../../../formats/json.ts";
import { holdsSealed, isSecretParam, sealParams } from "../../../secrets/params.ts";
import { isSealed } from "../../../secrets/vault.ts";
import type { KeyRow } from "../../../store/schema/index.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { readKeyConfig } from "../../keys/config.ts";
import { placeOf } from "../../keys/own-routing.ts";
import type { AdminCall } from "../admin-call.ts";
import { withSealed } from "../metadata-credentials.ts";
import { readable } from "../models/store.ts";
import { checkReadable } from "../own-settings.ts";

type Config = KeyRow["config"];

const HIDDEN = new Secret("").toString();
/** A row of D1 may have 2 MB, and each isolate that serves the key holds it. */
const MAX_CONFIG = 64 * 1024;

/** As routes show it. */
export function shownConfig(config: Config): Config {
  return shown(config) as Config; // a map stays a map
}

function shown(value: unknown, name = ""): unknown {
  if (value !== null && value !== undefined && (isSealed(value) || isSecretParam(name, value))) return HIDDEN;
  if (Array.isArray(value)) return value.map((item) => shown(item, name));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner, key)]));
}

/**
 * The config a key has then. What comes back as it was shown is what was there; else all of it is given, secrets too:
 * what is stored is never sent elsewhere than where it went.
 * @returns `undefined` where nothing changes
 * @throws BadRequestError where it could not be served; PermissionDeniedError
 */
export function changedConfig(call: AdminCall, given: Config | null | undefined, before: Config): Config | undefined {
  if (given === undefined) return undefined;
  const config = given ?? {};
  if (isSame(config, shownConfig(before))) return undefined;
  if (!isAdmin(call.principal.role))
    throw new PermissionDeniedError("Only a proxy admin may set the config of a key: it says where prompts go", {
      type: "auth_error",
      param: "config",
    });
  if (holdsSealed(config)) throw refused("config", "a value that begins with 'sealed:' cannot be stored");
  if (holds(config, HIDDEN))
    throw refused("config", `a secret shown as '${HIDDEN}' is kept only where nothing changes: give all secrets anew`);
  if (JSON.stringify(config).length > MAX_CONFIG) throw refused("config", `larger than ${MAX_CONFIG / 1024} KB`);
  const { gateway } = call;
  checkReadable(() => readKeyConfig(config, "", gateway.config, gateway.models.credentials));
  return config;
}

/** What is to be written of a key, everything secret in it sealed. */
export async function sealedKey<Row extends { metadata?: Record<string, unknown>; config?: Config }>(
  call: AdminCall,
  scopeId: string,
  row: Row,
): Promise<Row> {
  const sealed = await withSealed(call, scopeOf.key(scopeId), row);
  const { config } = sealed;
  if (config === undefined) return sealed;
  const { vault } = call.gateway;
  return { ...sealed, config: await readable(() => sealParams(vault, "key_config", placeOf(scopeId), config)) };
}

function holds(value: unknown, text: string): boolean {
  if (isRecord(value) || Array.isArray(value)) return Object.values(value).some((inner) => holds(inner, text));
  return value === text;
}

function refused(param: string, why: string): BadRequestError {
  return new BadRequestError(`${param}: ${why}`, { type: "bad_request_error", param });
}
