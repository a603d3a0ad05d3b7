import { describe, expect, it } from "vitest";
import { windowOf } from "../../src/batches/batch.ts";
import { isBlank, isWrong, linesOf, type RawLine, readLine } from "../../src/batches/input.ts";
import { resultId, resultLine } from "../../src/batches/result.ts";

const encoder = new TextEncoder();

async function* pieces(text: string, size: number) {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(text: string, size: number, from?: { number: number; offset: number }) {
  const lines: [number, number, string][] = [];
  for await (const { number, offset, bytes } of linesOf(pieces(text, size), from))
    lines.push([number, offset, new TextDecoder().decode(bytes)]);
  return lines;
}

describe("lines of a file", () => {
  it.each([1, 2, 3, 7, 100])("are the same in pieces of %i bytes", async (size) => {
    expect(await all("añ\n\nlong line\r\nend", size)).toEqual([
      [1, 0, "añ"],
      [2, 4, ""],
      [3, 5, "long line\r"],
      [4, 16, "end"],
    ]);
  });

  it("go on from any of them, and a last one without an end is one", async () => {
    expect(await all("second\nthird\n", 4, { number: 2, offset: 6 })).toEqual([
      [2, 6, "second"],
      [3, 13, "third"],
    ]);
    expect(await all("", 4)).toEqual([]);
  });

  it("that are too long are refused, or left out and the others stay where they are", async () => {
    const piece = new Uint8Array(1024 * 1024).fill(120);
    async function* content() {
      yield encoder.encode("first\n");
      for (let count = 0; count < 40; count++) yield piece;
      yield encoder.encode("end\nthird\n");
      for (let count = 0; count < 33; count++) yield piece;
    }
    const places: [number, number, number][] = [];
    for await (const { number, offset, bytes } of linesOf(content(), undefined, "left out"))
      places.push([number, offset, bytes.length]);
    expect(places).toEqual([
      [1, 0, 5],
      [3, 6 + 40 * piece.length + 4, 5],
    ]);
    const strictly = async () => {
      for await (const _ of linesOf(content()));
    };
    await expect(strictly()).rejects.toMatchObject({ name: "LineTooLongError", line: 2 });
  });
});

describe("what a line must be", () => {
  const rules = { endpoint: "/v1/embeddings", needsModel: true };
  const raw = (value: unknown): RawLine => ({
    number: 3,
    offset: 0,
    bytes: encoder.encode(typeof value === "string" ? value : JSON.stringify(value)),
  });
  const right = { custom_id: "a", method: "POST", url: "/v1/embeddings", body: { model: "m", input: "x" } };

  it("reads a right one", () => {
    expect(readLine(raw(right), rules)).toEqual({ customId: "a", body: { model: "m", input: "x" } });
    expect(readLine(raw({ ...right, body: {} }), { ...rules, needsModel: false })).toMatchObject({ customId: "a" });
    expect(isBlank(raw(" \t\r"))).toBe(true);
  });

  it.each([
    ["{", "invalid_json_line", null],
    ["[]", "invalid_json_line", null],
    ["null", "invalid_json_line", null],
    [{ ...right, custom_id: undefined }, "missing_required_parameter", "custom_id"],
    [{ ...right, custom_id: 7 }, "invalid_custom_id", "custom_id"],
    [{ ...right, custom_id: "" }, "invalid_custom_id", "custom_id"],
    [{ ...right, method: "GET" }, "invalid_method", "method"],
    [{ ...right, url: "/v1/completions" }, "url_mismatch", "url"],
    [{ ...right, body: [] }, "invalid_body", "body"],
    [{ ...right, body: {} }, "missing_required_parameter", "body.model"],
    [{ ...right, body: { model: 7 } }, "missing_required_parameter", "body.model"],
  ])("%j: %s", (value, code, param) => {
    const line = readLine(raw(value), rules);
    expect(isWrong(line)).toBe(true);
    expect(line).toMatchObject({ code, param, line: 3, message: expect.any(String) });
  });

  it("bytes that are no UTF-8 are no JSON", () => {
    expect(readLine({ number: 1, offset: 0, bytes: new Uint8Array([0xff, 0xfe]) }, rules)).toMatchObject({
      code: "invalid_json_line",
    });
  });
});

describe("results", () => {
  it("are one line each, with the answer's own text where it is one", () => {
    const line = (text: string) => resultLine("id", 'a"b', { status: 200, requestId: "r", text });
    expect(line('{"a": 1.0}')).toContain('"body":{"a": 1.0}');
    expect(JSON.parse(line('{\n "a": 1\n}'))).toEqual({
      id: "id",
      custom_id: 'a"b',
      response: { status_code: 200, request_id: "r", body: { a: 1 } },
      error: null,
    });
    expect(line('{\n "a": 1\n}')).not.toContain("\n");
    expect(JSON.parse(resultLine("id", "c", { error: { code: "x", message: "y" } }))).toEqual({
      id: "id",
      custom_id: "c",
      response: null,
      error: { code: "x", message: "y" },
    });
    expect(resultId("batch_slcabc", 255)).toBe("batch_req_abc0000ff");
  });

  it("windows", () => {
    expect(["24h", "30m", "14d", "15d", "0h", "soon", "24"].map(windowOf)).toEqual([
      86_400_000,
      1_800_000,
      1_209_600_000,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
