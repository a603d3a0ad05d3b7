/** Which values of `litellm_params` are secret, and sealing and opening them in a row. */

import { Secret } from "../credentials/secret.ts";
import { isRecord } from "../formats/json.ts";
import { CONNECTION_PARAMS, DEPLOYMENT_PARAMS } from "../router/settings/deployment.ts";
import { isSecretName } from "../router/settings/environment.ts";
import { headers, secret, secretJson, url } from "../router/settings/kinds.ts";
import { settingOf } from "../router/settings/read.ts";
import { isSealed, type Place, type Purpose, type Vault } from "./vault.ts";

export type Row = Omit<Place, "field">;

/**
 * Is the value of this param secret? By the table of settings; by its name where the table has none. Headers may carry
 * anything, so all of them are; a URL is where it has a password or a query.
 */
export function isSecretParam(name: string, value: unknown): boolean {
  const kind = (settingOf(DEPLOYMENT_PARAMS, name) ?? settingOf(CONNECTION_PARAMS, name))?.kind;
  if (kind === secret || kind === secretJson || kind === headers) return true;
  if (kind === url) return typeof value === "string" && /[?@]/.test(value);
  return isSecretName(name);
}

/** A copy in which every secret value is a sealed text, however deep it stands. */
export function sealParams(
  vault: Vault,
  purpose: Purpose,
  row: Row,
  params: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  return mapValues(params, "", async (name, path, value) =>
    isSecretParam(name, value) ? await sealValue(vault, purpose, { ...row, field: path }, value) : undefined,
  );
}

/**
 * The same with everything opened.
 * @throws UnreadableSecret naming the field
 */
export function openParams(
  vault: Vault,
  purpose: Purpose,
  row: Row,
  params: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  return mapValues(params, "", async (_, path, value) =>
    isSealed(value) ? await openValue(vault, purpose, { ...row, field: path }, value) : undefined,
  );
}

/** Any JSON value as one sealed text. */
export function sealValue(vault: Vault, purpose: Purpose, place: Place, value: unknown): Promise<string> {
  return vault.seal(purpose, place, new Secret(JSON.stringify(value)));
}

export async function openValue(vault: Vault, purpose: Purpose, place: Place, sealed: string): Promise<unknown> {
  return JSON.parse((await vault.open(purpose, place, sealed)).reveal());
}

/** Does it hold a text that looks sealed? What a client gives may not: it would be opened. */
export function holdsSealed(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return isSealed(value);
  return Object.values(value).some(holdsSealed);
}

type Change = (name: string, path: string, value: unknown) => Promise<unknown>;

/** What `change` gives for a value, or, where it is `undefined`, the value with its own values changed. */
async function mapValues(
  values: Readonly<Record<string, unknown>>,
  path: string,
  change: Change,
): Promise<Record<string, unknown>> {
  const mapped = Object.entries(values).map(async ([name, value]) => {
    return [name, await mapValue(name, `${path}/${name}`, value, change)] as const;
  });
  return Object.fromEntries(await Promise.all(mapped));
}

async function mapValue(name: string, path: string, value: unknown, change: Change): Promise<unknown> {
  const changed = value === null ? undefined : await change(name, path, value);
  if (changed !== undefined) return changed;
  if (Array.isArray(value))
    return Promise.all(value.map((item, index) => mapValue(name, `${path}/${index}`, item, change)));
  return isRecord(value) ? mapValues(value, path, change) : value;
}
