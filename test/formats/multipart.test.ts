import { describe, expect, it } from "vitest";
import { type FormPart, parseForm } from "../../src/formats/multipart.ts";

const TYPE = "multipart/form-data; boundary=X";
const encode = (text: string) => new Uint8Array(new TextEncoder().encode(text)); // bytes of its own
const form = (...parts: string[]) => encode(`${parts.map((part) => `--X\r\n${part}\r\n`).join("")}--X--\r\n`);
const part = (headers: string, content: string) => `${headers}\r\n\r\n${content}`;
const field = (name: string, content: string) => part(`Content-Disposition: form-data; ${name}`, content);

async function shown(parts: FormPart[] | undefined) {
  return Promise.all(
    (parts ?? []).map(async ({ name, value }) =>
      value instanceof File ? [name, value.name, value.type, await value.text()] : [name, value],
    ),
  );
}

describe("forms", () => {
  it("names with quotes and without, as browsers, .NET and Ruby write them", async () => {
    const body = form(
      field('name="model"', "whisper-1"),
      field("name=temperature", "0.4"),
      part('content-type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="list[]"', "wörd"),
      part("Content-Disposition: form-data; name=file; filename=a.mp3; filename*=utf-8''n%C3%A4.mp3", "one"),
      part(
        'Content-Disposition: form-data; name="file"; filename="a;\\"b\\".wav"\r\nContent-Type: audio/wav',
        "two\r\n\r\nlines\r\n",
      ),
      field('name="file"; filename=""', ""),
    );
    expect(await shown(parseForm(body, TYPE))).toEqual([
      ["model", "whisper-1"],
      ["temperature", "0.4"],
      ["list[]", "wörd"],
      ["file", "nä.mp3", "", "one"],
      ["file", 'a;"b".wav', "audio/wav", "two\r\n\r\nlines\r\n"],
      ["file", "", "", ""],
    ]);
  });

  it("what the runtime's own FormData writes", async () => {
    const data = new FormData();
    data.append("a", "1\n2");
    data.append('quote"d', "x");
    data.append("file", new File([new Uint8Array([13, 10, 45, 45, 0, 255])], "ä.bin", { type: "audio/wav" }));
    const written = new Response(data);
    const type = written.headers.get("content-type")!;
    const parts = parseForm(new Uint8Array(await written.arrayBuffer()), type)!;
    expect(parts.map(({ name }) => name)).toEqual(["a", 'quote"d', "file"]);
    const file = parts[2]?.value as File;
    expect([file.name, file.type]).toEqual(["ä.bin", "audio/wav"]);
    expect([...new Uint8Array(await file.arrayBuffer())]).toEqual([13, 10, 45, 45, 0, 255]);
  });

  it("a quoted boundary, a preamble, padding, bare line feeds, and a boundary that is the beginning of a line", async () => {
    const text =
      "preamble\r\n--X \r\nContent-Disposition: form-data; name=a\n\n-X\n--X\nContent-Disposition: form-data; name=b\r\n\r\n--\r\n--X--epilogue";
    expect(await shown(parseForm(encode(text), 'multipart/form-data; boundary="X"'))).toEqual([
      ["a", "-X"],
      ["b", "--"],
    ]);
  });

  it.each([
    ["nothing", ""],
    ["another boundary", "--Y\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--Y--\r\n"],
    ["no end", "--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"],
    ["a part without a name", "--X\r\nContent-Disposition: form-data\r\n\r\n1\r\n--X--\r\n"],
    ["a part without an end of its headers", "--X\r\nContent-Disposition: form-data; name=a\r\n--X--\r\n"],
    ["a part of nothing", "--X\r\n--X--\r\n"],
    [
      "endless headers",
      `--X\r\nContent-Disposition: form-data; name=a\r\n${"x: y\r\n".repeat(5000)}\r\n1\r\n--X--\r\n`,
    ],
    ["too many parts", `${"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n".repeat(1001)}--X--\r\n`],
  ])("%s is no form", (_, text) => {
    expect(parseForm(encode(text), TYPE)).toBeUndefined();
  });

  it("quotes that are not closed, or stand within a word", async () => {
    const body = form(
      field('name="file"; filename="C:\\music\\"', "1"),
      field('filename=it"s.mp3 ; name = b', "2"),
      field('name="c', "3"),
    );
    expect(await shown(parseForm(body, TYPE))).toEqual([
      ["file", "C:\\music\\", "", "1"],
      ["b", 'it"s.mp3', "", "2"],
      ["c", "3"],
    ]);
  });

  it.each([
    ["spaces in a header", `a:${" ".repeat(15_000)}\rx\ry\r\nContent-Disposition: form-data; name=a`],
    ["spaces in a parameter", `Content-Disposition: form-data; name=a;b${" ".repeat(15_000)}x`],
    ["semicolons", `Content-Disposition: form-data; name=a${";".repeat(15_000)}`],
    ["quotes", `Content-Disposition: form-data; name=a${';a="'.repeat(4_000)}`],
    ["escaped quotes", `Content-Disposition: form-data; name=a;a="${'\\"'.repeat(7_000)}`],
  ])("a great many %s take no time", (_, headers) => {
    const body = form(...Array.from({ length: 20 }, () => part(headers, "1")));
    const begun = performance.now();
    expect(parseForm(body, TYPE)).toHaveLength(20);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("no boundary is no form", () => {
    expect(parseForm(form(field("name=a", "1")), "multipart/form-data")).toBeUndefined();
  });
});
