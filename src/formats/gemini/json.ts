/** What the converters need to know of JSON values whose shape is not theirs to prescribe. */

import { isRecord } from "../json.ts";

export type JsonObject = Record<string, unknown>;

/** The JSON object a text holds; `undefined` where it holds anything else. */
export function parseObject(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `snake_case` to `camelCase`: Google's JSON takes both, its references write the second. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A string field, if it is one and not empty. */
export function textField(value: unknown, name: string): string | undefined {
  const field = isRecord(value) ? value[name] : undefined;
  return typeof field === "string" && field !== "" ? field : undefined;
}
