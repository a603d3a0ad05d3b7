import { describe, expect, it } from "vitest";
import { modelsOf } from "../../src/call/several-models.ts";

describe("modelsOf", () => {
  const named = (name: string) => name === "a,b";
  it.each<[unknown, string[] | undefined]>([
    ["a", undefined],
    ["a, c", ["a", "c"]],
    ["a,,c,", ["a", "c"]],
    [",", []],
    ["a,b", undefined],
    [["a", "b"], undefined],
    [undefined, undefined],
  ])("%j", (model, expected) => expect(modelsOf(model, named)).toEqual(expected));
});
