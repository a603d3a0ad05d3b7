/** What the operations of a provider beside chat take from its row. */
import type { ErrorRule } from "../failure.ts";
import type { Host } from "../openai/endpoint.ts";
import { compatibleRules } from "../openai/errors.ts";
import type { CompatibleRow } from "./row.ts";

/** The host, its errors and headers. */
export function hostOf(row: CompatibleRow, label: string): Host & Pick<CompatibleRow, "headers"> & Rules {
  return {
    slug: row.slug,
    label,
    keyVariables: row.keys,
    ...(row.base !== undefined && { base: row.base }),
    ...(row.keyless && { keyless: true }),
    ...(row.auth && { auth: row.auth }),
    ...(row.headers && { headers: row.headers }),
    rules: row.rules ?? compatibleRules,
  };
}

interface Rules {
  rules: readonly ErrorRule[];
}

/** The path of another operation, with what the provider puts before the path of chat. */
export function besideChat(path: CompatibleRow["path"], other: string): string {
  return typeof path === "string" ? path.replace(/\/chat(?:\/completions)?$/, other) : other;
}
