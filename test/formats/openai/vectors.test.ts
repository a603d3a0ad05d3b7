import { describe, expect, it } from "vitest";
import { inFormat, isInFormat } from "../../../src/formats/openai/embeddings.ts";
import { decodeInt8Vector, decodeVector, encodeVector } from "../../../src/formats/openai/vectors.ts";

describe("vectors in base64", () => {
  it("are 32-bit floats, little-endian", () => {
    expect(encodeVector([1, -2, 0.5])).toBe("AACAPwAAAMAAAAA/");
    expect(decodeVector("AACAPwAAAMAAAAA/")).toEqual([1, -2, 0.5]);
    expect(decodeVector(encodeVector([]))).toEqual([]);
  });

  it("come back the same, however many", () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => Math.fround(Math.sin(index)));
    expect(decodeVector(encodeVector(numbers))).toEqual(numbers);
  });

  it("are refused where they are none", () => {
    expect(() => decodeVector("no base64!")).toThrow(/no base64/);
    expect(() => decodeVector("AAA=")).toThrow(/no base64/);
  });

  it("may be bytes", () => {
    expect(decodeInt8Vector("9sYAf4A=")).toEqual([-10, -58, 0, 127, -128]);
  });
});

describe("the format asked for", () => {
  const answer = (embedding: number[] | string) => ({
    object: "list" as const,
    data: [{ object: "embedding" as const, index: 0, embedding }],
    model: "m",
  });
  const asked = (encoding_format?: string | null) => ({ model: "m", input: "a", encoding_format });

  it.each([
    ["numbers for base64", [1], "base64", "AACAPw=="],
    ["base64 for numbers", "AACAPw==", "float", [1]],
    ["base64 where nothing is said", "AACAPw==", undefined, [1]],
    ["base64 for null", "AACAPw==", null, [1]],
  ])("%s", (_, given, format, wanted) => {
    expect(isInFormat(answer(given), asked(format))).toBe(false);
    expect(inFormat(answer(given), asked(format)).data[0]?.embedding).toEqual(wanted);
  });

  it("what is right, or a provider's own, stays the same object", () => {
    for (const [given, format] of [
      [[1], "float"],
      ["AACAPw==", "base64"],
      ["9sY=", "base64_int8"],
    ] as const) {
      const same = answer(typeof given === "string" ? given : [...given]);
      expect(inFormat(same, asked(format))).toBe(same);
    }
  });
});
