/**
 * The kinds of values a setting takes. YAML gives numbers and booleans, environment variables give strings:
 * where LiteLLM takes either, so do these, and the parsed value has the one type the code wants.
 */
import { z } from "zod";
import { Secret } from "../../credentials/secret.ts";

export interface Kind<Schema extends z.ZodType = z.ZodType> {
  /** As the documentation names it. */
  label: string;
  /** As a message says it: "must be …". */
  expected: string;
  schema: Schema;
}

function kind<Schema extends z.ZodType>(label: string, expected: string, schema: Schema): Kind<Schema> {
  return { label, expected, schema };
}

const NUMERIC = /^\s*[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;
const numeric = z.union([
  z.number(),
  z
    .string()
    .regex(NUMERIC)
    .transform((digits) => Number(digits.replaceAll("_", ""))),
]);
/** Where text is wanted, `version: 2` is as good as `version: "2"`. */
const textual = z.union([z.string(), z.number(), z.boolean()]).transform(String);

export const text = kind("string", "a string", textual);
/** A string that is never printed. */
export const secret = kind(
  "secret",
  "a string",
  z.union([z.instanceof(Secret), textual.transform((value) => new Secret(value))]),
);
/** A service account: JSON as text or written out as a map; either way one secret text. */
export const secretJson = kind(
  "secret JSON",
  "JSON, as a string or a map",
  z.union([secret.schema, z.record(z.string(), z.unknown()).transform((value) => new Secret(JSON.stringify(value)))]),
);
export const number = kind("number", "a number", numeric);
export const integer = kind("integer", "a whole number", numeric.pipe(z.int()));
/** A price in US dollars. */
export const price = kind("US dollars", "a number of US dollars", numeric.pipe(z.number().min(0)));
export const seconds = kind("seconds", "a number of seconds", numeric.pipe(z.number().min(0)));
export const megabytes = kind("megabytes", "a number of megabytes above 0", numeric.pipe(z.number().positive()));
export const port = kind("port", "a port, 1 to 65535", numeric.pipe(z.int().min(1).max(65_535)));
/** The words Python's LiteLLM takes for a boolean from the environment, and YAML 1.1's. */
export const flag = kind(
  "boolean",
  "true or false",
  z.union([
    z.boolean(),
    z
      .string()
      .trim()
      .toLowerCase()
      .pipe(z.enum(["true", "false", "yes", "no", "on", "off", "1", "0"]))
      .transform((word) => ["true", "yes", "on", "1"].includes(word)),
  ]),
);
export const url = kind(
  "URL",
  "a URL that begins with http:// or https://",
  textual.refine((value) => isHttpUrl(value)),
);
export const list = kind("list", "a list", z.array(z.unknown()));
/** One string stands for a list of one. */
export const texts = kind(
  "list of strings",
  "a list of strings",
  z.union([z.array(textual), z.string().transform((only) => [only])]),
);
/** Regular expressions, in JavaScript's syntax or as Python writes the same. */
export const patterns = kind(
  "list of regular expressions",
  "a list of regular expressions",
  z.union([z.array(textual), textual.transform((only) => [only])]).transform((sources, context) =>
    sources.flatMap((source, index) => {
      const regex = compile(source);
      if (regex === undefined) context.addIssue({ code: "custom", path: [index], message: "not a regular expression" });
      return regex ?? [];
    }),
  ),
);
export const map = kind("map", "a map", z.record(z.string(), z.unknown()));
export const headers = kind("map of strings", "a map of header names to strings", z.record(z.string(), textual));
export const anything = kind("any", "anything", z.unknown());
/** What the gateway answers by itself: a text, or a whole answer as a map. */
export const mock = kind("string or map", "a string or a map", z.union([textual, z.record(z.string(), z.unknown())]));

/** One of some words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): Kind<z.ZodType<Words[number]>> {
  return kind(words.map((word) => `\`${word}\``).join(", "), `one of ${words.join(", ")}`, textual.pipe(z.enum(words)));
}

/** Python's named groups and a leading `(?i)` or `(?s)` are written otherwise in JavaScript. */
function compile(source: string): RegExp | undefined {
  const [, flags = "", rest = ""] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(source) ?? [];
  try {
    return new RegExp(rest.replaceAll("(?P<", "(?<"), flags);
  } catch {
    return undefined;
  }
}

function isHttpUrl(value: string): boolean {
  const parsed = URL.parse(value);
  return parsed !== null && (parsed.protocol === "http:" || parsed.protocol === "https:");
}
