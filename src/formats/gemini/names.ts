/** Google's JSON takes names in camel case and in snake case; from here on they are in camel case. */
import type { z } from "zod";
import { isRecord } from "../json.ts";
import { camelCase } from "./json.ts";

/** Below these fields names are the client's own, and no matter of case. */
const OPAQUE_FIELDS: ReadonlySet<string> = new Set([
  "args",
  "labels",
  "parameters",
  "parametersJsonSchema",
  "response",
  "responseJsonSchema",
  "responseSchema",
]);

export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      const camel = camelCase(name);
      return [camel, OPAQUE_FIELDS.has(camel) ? field : camelCased(field)];
    }),
  );
}

/**
 * A check by a schema that knows camel case alone, for a body in either case.
 * @param read what of the body the schema is of; all of it, unless said
 */
export function inEitherCase<Body>(schema: z.ZodType, read: (body: Body) => unknown = (body) => body) {
  return (body: Body, context: z.RefinementCtx) => {
    const { error } = schema.safeParse(camelCased(read(body)));
    // what one schema found another may tell: an issue is the same in both
    for (const issue of error?.issues ?? []) context.addIssue({ ...issue, input: body } as z.core.$ZodSuperRefineIssue);
  };
}
