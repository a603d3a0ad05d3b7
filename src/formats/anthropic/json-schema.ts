/**
 * A JSON schema within what Anthropic's structured outputs take: every object closed, and no constraint on lengths
 * and ranges. Those the model reads in the description instead. Source: Anthropic, "Structured outputs", limitations.
 */

import { isRecord } from "../json.ts";
import { text } from "./fields.ts";

const CONSTRAINTS: ReadonlySet<string> = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);

/** Keywords whose value is a schema, or a list of them. */
const NESTED: ReadonlySet<string> = new Set(["items", "anyOf", "oneOf", "allOf", "prefixItems", "not"]);
/** Keywords whose value maps names to schemas. */
const NAMED: ReadonlySet<string> = new Set(["properties", "$defs", "definitions"]);

export function strictSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const strict: Record<string, unknown> = {};
  const told: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (CONSTRAINTS.has(keyword) || (keyword === "minItems" && value !== 0 && value !== 1))
      told.push(`${keyword}: ${JSON.stringify(value)}`);
    else if (NESTED.has(keyword)) strict[keyword] = nested(value);
    else if (NAMED.has(keyword) && isRecord(value))
      strict[keyword] = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, nested(member)]));
    else strict[keyword] = value;
  }
  if (isObject(schema)) strict["additionalProperties"] = false;
  if (told.length > 0) {
    const description = text(schema["description"]);
    strict["description"] = `${description}${description && " "}(${told.join(", ")})`;
  }
  return strict;
}

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  return isRecord(value) ? strictSchema(value) : value;
}

function isObject(schema: Record<string, unknown>): boolean {
  const type = schema["type"];
  return type === "object" || (Array.isArray(type) && type.includes("object")) || isRecord(schema["properties"]);
}
