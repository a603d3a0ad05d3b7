/**
 * Credentials in the metadata of keys, teams, users, organizations and projects: those of the sinks and secret managers
 * they name. Sealed in the row, each under the row's own scope, so that a text moved to another row does not open.
 */
import { isRecord } from "../formats/json.ts";
import { isSecretName } from "../router/settings/environment.ts";
import { openValue, sealValue } from "./params.ts";
import { isSealed, type Vault } from "./vault.ts";

type Metadata = Readonly<Record<string, unknown>>;

/** Where in metadata credentials are. */
const WITH_CREDENTIALS = ["logging", "callback_settings", "secret_manager_settings"];

export function holdsCredentials(field: string): boolean {
  return WITH_CREDENTIALS.includes(field);
}

/** Secret by what they carry, though not by the names of `isSecretName`: headers, and a service account's file. */
const CARRYING = /(?:^|_)(?:headers?|service_account(?:_json)?)$/i;

/** Is what stands under this name a credential? A URL is one where it has a password or a query. */
export function isCredential(name: string, value: unknown): boolean {
  if (isSealed(value)) return true;
  if (typeof value === "string" && /^[a-z][a-z\d+.-]*:\/\/.*[?@]/i.test(value)) return true;
  return (typeof value === "string" || isRecord(value)) && (isSecretName(name) || CARRYING.test(name));
}

/** The value with each credential in it changed, however deep it stands. */
export function mapCredentials(value: unknown, change: (credential: unknown) => unknown, name = ""): unknown {
  if (isCredential(name, value)) return change(value);
  if (Array.isArray(value)) return value.map((item) => mapCredentials(item, change, name));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapCredentials(inner, change, key)]));
}

/** A copy in which every credential is a sealed text; what is sealed already stays as it is. @param scope the row's */
export function sealMetadata(vault: Vault, scope: string, metadata: Metadata): Promise<Record<string, unknown>> {
  return mapAll(metadata, async (field, value) =>
    isSealed(value) ? value : sealValue(vault, "metadata", { tenant: "", row: scope, field }, value),
  );
}

/** The same with everything opened. @throws UnreadableSecret naming the field */
export function openMetadata(vault: Vault, scope: string, metadata: Metadata): Promise<Record<string, unknown>> {
  return mapAll(metadata, async (field, value) =>
    isSealed(value) ? openValue(vault, "metadata", { tenant: "", row: scope, field }, value) : value,
  );
}

async function mapAll(
  metadata: Metadata,
  change: (field: string, credential: unknown) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const mapped: Record<string, unknown> = { ...metadata };
  for (const field of WITH_CREDENTIALS) {
    if (metadata[field] === undefined) continue;
    const changed = new Map<unknown, unknown>();
    const found: unknown[] = [];
    mapCredentials(metadata[field], (credential) => found.push(credential));
    for (const credential of found) changed.set(credential, await change(field, credential));
    mapped[field] = mapCredentials(metadata[field], (credential) => changed.get(credential));
  }
  return mapped;
}
