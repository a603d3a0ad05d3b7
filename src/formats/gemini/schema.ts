/**
 * Schemas of tool parameters and answers. Gemini 2 and later take JSON Schema as it is (`parametersJsonSchema`,
 * `responseJsonSchema`), with a few words they do not know; clients also send Google's older OpenAPI dialect
 * (`type: "OBJECT"`, `nullable`). Both become the JSON Schema that Gemini reads.
 * Source: Gemini API reference, `GenerationConfig.responseJsonSchema`, which lists the words understood.
 */

import { isRecord } from "../json.ts";
import { camelCase, type JsonObject } from "./json.ts";

/** Names of Google's `Type` by number, for clients that encode enums as integers. */
const TYPE_NUMBERS = [undefined, "string", "number", "integer", "boolean", "array", "object", "null"];

/** Words of more than one part, which Google's Python clients write in snake case. */
const WORDS: ReadonlySet<string> = new Set([
  "additionalProperties",
  "allOf",
  "anyOf",
  "maxItems",
  "maxLength",
  "maxProperties",
  "minItems",
  "minLength",
  "minProperties",
  "oneOf",
  "prefixItems",
  "propertyOrdering",
]);

/** JSON Schema as Gemini understands it, out of JSON Schema or Google's OpenAPI dialect. */
export function toJsonSchema(schema: JsonObject): JsonObject {
  return convert(schema);
}

function convert(source: JsonObject): JsonObject {
  const schema = flattenAllOf(withOneCase(source));
  const result: JsonObject = {};
  for (const [word, value] of Object.entries(schema)) {
    switch (word) {
      case "$schema":
      case "nullable":
        break;
      case "type":
        result["type"] = typeName(value);
        break;
      case "$ref":
        result["$ref"] = typeof value === "string" ? value.replace(/^#\/definitions\//, "#/$defs/") : value;
        break;
      case "definitions":
      case "$defs":
        result["$defs"] = convertMap(value);
        break;
      case "properties":
      case "patternProperties":
        result[word] = convertMap(value);
        break;
      case "const":
        // The API ignores `const`, and knows `enum` for strings and numbers.
        if (typeof value === "string" || typeof value === "number") result["enum"] = [value];
        else result["const"] = value;
        break;
      case "minItems":
      case "maxItems":
      case "minLength":
      case "maxLength":
      case "minProperties":
      case "maxProperties":
        // Google's dialect writes 64-bit integers as strings.
        result[word] = typeof value === "string" ? Number(value) : value;
        break;
      case "items":
      case "additionalProperties":
      case "not":
      case "if":
      case "then":
      case "else":
      case "prefixItems":
      case "anyOf":
      case "oneOf":
      case "allOf":
        result[word] = convertNested(value);
        break;
      default:
        result[word] = value;
    }
  }
  return wrapReference(source["nullable"] === true ? makeNullable(result) : result);
}

function withOneCase(schema: JsonObject): JsonObject {
  const word = (name: string) => (WORDS.has(camelCase(name)) ? camelCase(name) : name);
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [word(name), value]));
}

function convertNested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convertNested);
  return isRecord(value) ? convert(value) : value;
}

function convertMap(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, convertNested(schema)]));
}

function typeName(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typeName);
  if (typeof value === "number") return TYPE_NUMBERS[value] ?? value;
  return typeof value === "string" ? value.toLowerCase() : value;
}

function makeNullable(schema: JsonObject): JsonObject {
  const { type } = schema;
  if (typeof type === "string") return { ...schema, type: [type, "null"] };
  if (Array.isArray(schema["anyOf"])) return { ...schema, anyOf: [...schema["anyOf"], { type: "null" }] };
  return schema;
}

/** Beside `$ref` Gemini allows only words that begin with `$`; other words move around it. */
function wrapReference(schema: JsonObject): JsonObject {
  const { $ref, ...rest } = schema;
  if ($ref === undefined || Object.keys(rest).every((word) => word.startsWith("$"))) return schema;
  return { ...rest, anyOf: [{ $ref }] };
}

/** `allOf` is not understood: one schema stands for itself, several objects are merged. */
function flattenAllOf(schema: JsonObject): JsonObject {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf) || !allOf.every(isRecord)) return schema;
  if (allOf.length === 1) return { ...allOf[0], ...rest };
  if (allOf.some((part) => part["$ref"] !== undefined || part["anyOf"] !== undefined || part["oneOf"] !== undefined))
    return schema;
  return [...allOf, rest].reduce(mergeSchemas, {});
}

function mergeSchemas(a: JsonObject, b: JsonObject): JsonObject {
  const merged = { ...a, ...b };
  if (isRecord(a["properties"]) && isRecord(b["properties"]))
    merged["properties"] = { ...a["properties"], ...b["properties"] };
  if (Array.isArray(a["required"]) && Array.isArray(b["required"]))
    merged["required"] = [...new Set([...a["required"], ...b["required"]])];
  return merged;
}
