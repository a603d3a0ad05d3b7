/**
 * Credentials in metadata are written, never read: routes show `[secret]`. What comes back so is what was there, and goes
 * where it went: a kept credential is never sent to another host.
 */

import { Secret } from "../../credentials/secret.ts";
import { BadRequestError } from "../../formats/errors.ts";
import { asRecord, isRecord, isSame } from "../../formats/json.ts";
import { holdsCredentials, isCredential, mapCredentials, sealMetadata } from "../../secrets/metadata.ts";
import { holdsSealed } from "../../secrets/params.ts";
import type { AdminCall } from "./admin-call.ts";
import type { Metadata } from "./metadata.ts";
import { readable } from "./models/store.ts";

const HIDDEN = new Secret("").toString();

/** As routes show it. */
export function shownMetadata(metadata: Metadata): Metadata {
  const shown = Object.entries(metadata).map(([name, value]) => [name, holdsCredentials(name) ? hidden(value) : value]);
  return Object.fromEntries(shown);
}

/** The row to be written, its credentials sealed. @param scope the row's own: a sealed text opens there only */
export async function withSealed<Row extends { metadata?: Metadata }>(
  { gateway }: AdminCall,
  scope: string,
  row: Row,
): Promise<Row> {
  const { metadata } = row;
  if (metadata === undefined) return row;
  return { ...row, metadata: await readable(() => sealMetadata(gateway.vault, scope, metadata)) };
}

/** What is given, with the credentials that are shown as `[secret]` as they were. @throws BadRequestError */
export function withKeptCredentials(given: Metadata, before: Metadata): Metadata {
  const kept = Object.entries(given).map(([name, value]) => {
    if (!holdsCredentials(name) || value === before[name]) return [name, value];
    const old = listOf(before[name]);
    const entries = listOf(value).map((entry, index) => keptEntry(name, entry, [old[index], ...old]));
    return [name, Array.isArray(value) ? entries : entries[0]];
  });
  return Object.fromEntries(kept);
}

/**
 * A sink or a secret manager. Which of its fields say where it is differs from one to the next, and a field that is left
 * out may mean the provider's own host: so nothing in it may change while a credential is kept.
 */
function keptEntry(name: string, entry: unknown, old: readonly unknown[]): unknown {
  if (holdsSealed(entry)) throw refused(name, "a value that begins with 'sealed:' cannot be stored");
  if (!holdsHidden(entry)) return entry;
  const found = isRecord(entry) ? old.find((one) => isSame(bound(hidden(one)), bound(entry))) : undefined;
  if (found === undefined)
    throw refused(
      name,
      `a credential shown as '${HIDDEN}' is kept only where nothing beside it changes: give all credentials anew`,
    );
  return isSame(unbound(found), unbound(entry)) ? found : { ...bound(found), ...unbound(entry) };
}

/** When a sink is called is not where it is. */
const UNBOUND = "callback_type";

function bound(entry: unknown): Record<string, unknown> {
  const { [UNBOUND]: _, ...rest } = asRecord(entry);
  return rest;
}

function unbound(entry: unknown): Record<string, unknown> {
  const type = asRecord(entry)[UNBOUND];
  return type === undefined ? {} : { [UNBOUND]: type };
}

/**
 * Variables of callbacks with others over them. They are named after the service they are for: a change of one service's
 * leaves the credentials of others where they were, and its own have to be given anew.
 * @throws BadRequestError
 */
export function mergeVariables(
  service: string,
  before: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, string>>,
): Record<string, unknown> {
  if (holdsSealed(given)) throw refused("callback_vars", "a value that begins with 'sealed:' cannot be stored");
  const moved = Object.keys(given).filter((name) => given[name] !== before[name]);
  const kept = Object.keys(before).filter((name) => given[name] === undefined && isCredential(name, before[name]));
  const lost = kept.find(
    (credential) =>
      !moved.every((name) => firstWord(name) === firstWord(service) && firstWord(credential) !== firstWord(name)),
  );
  const unsaid = Object.keys(given).find((name) => given[name] === HIDDEN);
  if (lost !== undefined || unsaid !== undefined)
    throw refused("callback_vars", `${lost ?? unsaid} has to be given anew where something beside it changes`);
  return { ...before, ...given };
}

function firstWord(name: string): string {
  return name.split(/[_-]/, 1)[0]?.toLowerCase() ?? "";
}

function hidden(value: unknown): unknown {
  return mapCredentials(value, () => HIDDEN);
}

function holdsHidden(value: unknown): boolean {
  return isRecord(value) || Array.isArray(value) ? Object.values(value).some(holdsHidden) : value === HIDDEN;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function refused(name: string, why: string): BadRequestError {
  return new BadRequestError(`metadata.${name}: ${why}`, { type: "bad_request_error", param: `metadata.${name}` });
}
