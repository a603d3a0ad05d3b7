/**
 * Ways to say the same in a request. Both sides, recorded and sent, are brought into one form before they are compared;
 * each rule is here because the provider's reference says that the two forms mean the same.
 */
import { isRecord, type Json } from "../json.ts";

export type Rule = (body: Json) => Json;

/** A field that is null is a field that is not there. Values of JSON schemas and arguments keep their nulls. */
export function nullIsAbsent(value: Json): Json {
  const walk = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(walk);
    if (!isRecord(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([, field]) => field !== null && field !== undefined)
        .map(([name, field]) => [name, OPAQUE.has(name) ? field : walk(field)]),
    );
  };
  return walk(value) as Json; // an object walked is an object
}

/** Fields whose content is the client's own. */
export const OPAQUE: ReadonlySet<string> = new Set([
  "args",
  "input",
  "input_schema",
  "parameters",
  "parametersJsonSchema",
  "responseJsonSchema",
  "responseSchema",
  "schema",
]);

/** Maps the objects of a list; anything else stays. */
export function mapRecords(value: unknown, map: (item: Json) => Json): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isRecord(item) ? map(item) : item)) : value;
}
