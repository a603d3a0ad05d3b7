import { expect, test } from "vitest";
import { z } from "zod";
import { typedFields } from "../../src/formats/form-fields.ts";

const schema = z.looseObject({
  n: z.int().nullish(),
  stream: z.boolean().nullish(),
  prompt: z.string(),
  temperature: z.number().nullish(),
});

test("texts become what the schema takes in their place", () => {
  const given = { n: "2", stream: "True", prompt: "3", temperature: " 0.5 ", other: "4" };
  expect(typedFields(schema, given)).toEqual({ n: 2, stream: true, prompt: "3", temperature: 0.5, other: "4" });
  expect(typedFields(schema, { n: "", stream: "false" })).toEqual({ n: null, stream: false });
});

test("what is wrong stays for the schema to refuse", () => {
  expect(typedFields(schema, { n: "two", stream: "yes", temperature: "1e999x" })).toEqual({
    n: "two",
    stream: "yes",
    temperature: "1e999x",
  });
  expect(typedFields(schema, { n: "1.5" })).toEqual({ n: "1.5" });
  expect(typedFields(schema, { toString: "1", __proto__: null })).toEqual({ toString: "1" });
});
