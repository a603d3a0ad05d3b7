/**
 * JSON Schema in Google's OpenAPI 3.0 dialect, all that models before Gemini 2 read (`parameters`, `responseSchema`).
 * Source: Gemini API reference, `Schema`.
 */

import { isRecord } from "../json.ts";
import type { JsonObject } from "./json.ts";
import { toJsonSchema } from "./schema.ts";

/** The words of the dialect that mean the same in JSON Schema. */
const SHARED_WORDS = new Set([
  "title",
  "description",
  "maxItems",
  "minItems",
  "required",
  "minProperties",
  "maxProperties",
  "minLength",
  "maxLength",
  "pattern",
  "example",
  "default",
  "minimum",
  "maximum",
  "propertyOrdering",
]);

const FORMATS = new Set(["float", "double", "int32", "int64", "enum", "date-time"]);

/**
 * References are resolved, `null` types become `nullable`, words without an equal are left out.
 * A schema that holds itself ends in an object of any form.
 */
export function toOpenApiSchema(schema: JsonObject): JsonObject {
  const json = toJsonSchema(schema);
  return convert(json, isRecord(json["$defs"]) ? json["$defs"] : {}, []);
}

function convert(schema: JsonObject, definitions: JsonObject, path: readonly string[]): JsonObject {
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const name = reference.replace(/^#\/\$defs\//, "");
    const target = definitions[name];
    return isRecord(target) && !path.includes(name)
      ? convert(target, definitions, [...path, name])
      : { type: "OBJECT" };
  }
  const nested = (value: unknown) => convert(isRecord(value) ? value : {}, definitions, path);
  const result: JsonObject = {};
  for (const [word, value] of Object.entries(schema)) {
    if (SHARED_WORDS.has(word)) result[word] = value;
    else if (word === "format" && typeof value === "string" && FORMATS.has(value)) result["format"] = value;
    else if (word === "enum" && Array.isArray(value)) Object.assign(result, enumeration(value));
    else if (word === "items") result["items"] = nested(value);
    else if (word === "properties" && isRecord(value) && Object.keys(value).length > 0)
      result["properties"] = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, nested(property)]),
      );
    else if ((word === "anyOf" || word === "oneOf") && Array.isArray(value))
      Object.assign(result, choice(value, nested));
    else if (word === "type") Object.assign(result, typed(value));
  }
  return result;
}

function typed(type: unknown): JsonObject {
  const all: unknown[] = Array.isArray(type) ? type : [type];
  const types = all
    .filter((name) => typeof name === "string" && name !== "null")
    .map((name) => String(name).toUpperCase());
  const nullable = all.includes("null") ? { nullable: true } : {};
  if (types.length <= 1) return { ...(types.length === 1 ? { type: types[0] } : {}), ...nullable };
  return { anyOf: types.map((name) => ({ type: name })), ...nullable };
}

/** Only strings can be enumerated. */
function enumeration(values: unknown[]): JsonObject {
  const names = values.filter((value) => typeof value === "string");
  const nullable = values.includes(null) ? { nullable: true } : {};
  return names.length === 0 ? nullable : { type: "STRING", format: "enum", enum: names, ...nullable };
}

function choice(options: unknown[], nested: (value: unknown) => JsonObject): JsonObject {
  const isNull = (option: unknown) => isRecord(option) && option["type"] === "null";
  const rest = options.filter((option) => !isNull(option)).map(nested);
  const nullable = options.some(isNull) ? { nullable: true } : {};
  return rest.length === 1 ? { ...rest[0], ...nullable } : { anyOf: rest, ...nullable };
}
