import { describe, expect, it } from "vitest";
import { toOpenApiSchema } from "../../../src/formats/gemini/openapi-schema.ts";
import { toJsonSchema } from "../../../src/formats/gemini/schema.ts";

describe("toJsonSchema", () => {
  it("repairs the words Gemini does not know", () => {
    expect(
      toJsonSchema({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        properties: {
          kind: { const: "a" },
          child: { $ref: "#/definitions/Child", description: "The child" },
          plain: { $ref: "#/$defs/Child" },
          base: { allOf: [{ $ref: "#/$defs/Child" }], title: "Base" },
        },
        definitions: { Child: { type: "object", properties: { type: { type: "string" } } } },
      }),
    ).toEqual({
      type: "object",
      properties: {
        kind: { enum: ["a"] },
        child: { anyOf: [{ $ref: "#/$defs/Child" }], description: "The child" },
        plain: { $ref: "#/$defs/Child" },
        base: { anyOf: [{ $ref: "#/$defs/Child" }], title: "Base" },
      },
      $defs: { Child: { type: "object", properties: { type: { type: "string" } } } },
    });
  });

  it("reads Google's dialect", () => {
    const dialect = { type: "ARRAY", minItems: "2", items: { type: "STRING", nullable: true } };
    expect(toJsonSchema(dialect)).toEqual({ type: "array", minItems: 2, items: { type: ["string", "null"] } });
  });
});

describe("words in snake case", () => {
  const schema = {
    type: "OBJECT",
    properties: { any_of: { any_of: [{ type: "STRING", min_length: "1" }, { type: "NULL" }] } },
    property_ordering: ["any_of"],
    additional_properties: false,
  };
  it("are the same in camel case; names of properties are not words", () =>
    expect(toJsonSchema(schema)).toEqual({
      type: "object",
      properties: { any_of: { anyOf: [{ type: "string", minLength: 1 }, { type: "null" }] } },
      propertyOrdering: ["any_of"],
      additionalProperties: false,
    }));
});

describe("toOpenApiSchema", () => {
  it("resolves references, also those that go in circles, and nulls", () => {
    expect(
      toOpenApiSchema({
        type: "object",
        additionalProperties: false,
        properties: {
          node: { $ref: "#/$defs/Node" },
          name: { type: ["string", "null"], format: "email" },
          size: { anyOf: [{ type: "integer" }, { type: "null" }] },
          mode: { enum: ["a", "b"] },
        },
        required: ["node"],
        $defs: { Node: { type: "object", properties: { next: { $ref: "#/$defs/Node" } } } },
      }),
    ).toEqual({
      type: "OBJECT",
      properties: {
        node: { type: "OBJECT", properties: { next: { type: "OBJECT" } } },
        name: { type: "STRING", nullable: true },
        size: { type: "INTEGER", nullable: true },
        mode: { type: "STRING", format: "enum", enum: ["a", "b"] },
      },
      required: ["node"],
    });
  });
});
