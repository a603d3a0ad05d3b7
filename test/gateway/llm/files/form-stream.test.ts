import { describe, expect, it } from "vitest";
import { readFormStream } from "../../../../src/gateway/llm/files/form-stream.ts";

const encoder = new TextEncoder();

function request(body: string | Uint8Array, size: number, type = "multipart/form-data; boundary=xyz"): Request {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const init = { method: "POST", headers: { "content-type": type }, body: stream, duplex: "half" };
  return new Request("http://localhost/", init as RequestInit); // Node wants to be told that it streams
}

async function read(sent: Request, most = 1000) {
  let content = "";
  const form = await readFormStream(sent, most, async (pieces) => {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of pieces) parts.push(piece.slice());
    content = await new Blob(parts).text();
    return new Blob(parts).size;
  });
  return { ...form, content };
}

const BODY = [
  "ignored preamble\r\n--xyz",
  'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--xyz',
  'content-disposition: form-data; name="file"; filename="a\\"b.jsonl"\r\ncontent-type: text/plain\r\n\r\none\r\n--xy no end\r\n\r\n--xyz',
  "Content-Disposition: form-data; name=tags[]\r\n\r\nfirst\r\n--xyz",
  'Content-Disposition: form-data; name="tags[]"\r\n\r\nsecond\r\n--xyz--\r\n',
].join("\r\n");

describe("a form that is read as it comes", () => {
  it.each([1, 3, 16, 10_000])("in pieces of %i bytes", async (size) => {
    expect(await read(request(BODY, size))).toEqual({
      fields: { purpose: "batch", tags: ["first", "second"] },
      file: { filename: 'a"b.jsonl', bytes: 18 },
      content: "one\r\n--xy no end\r\n",
    });
  });

  it("reads what the platform writes", async () => {
    const form = new FormData();
    form.append("purpose", "batch");
    form.append("file", new File(["content"], "naïve.jsonl"));
    const written = new Response(form);
    const type = written.headers.get("content-type") ?? "";
    expect(await read(request(new Uint8Array(await written.arrayBuffer()), 5, type))).toMatchObject({
      fields: { purpose: "batch" },
      file: { filename: "naïve.jsonl", bytes: 7 },
      content: "content",
    });
  });

  it("refuses what is too large, cut off, or no form", async () => {
    await expect(read(request(BODY, 7), 10)).rejects.toMatchObject({ status: 413 });
    await expect(read(request(BODY.slice(0, 150), 7))).rejects.toMatchObject({ status: 400 });
    await expect(read(request("nothing", 7))).rejects.toMatchObject({ status: 400 });
    await expect(read(request(BODY, 7, "application/json"))).rejects.toMatchObject({ status: 400, param: "file" });
    await expect(read(request("--xyz\r\nname: x\r\n\r\nvalue\r\n--xyz--", 7))).rejects.toMatchObject({ status: 400 });
    const twice = BODY.replace('name="purpose"', 'name="file"; filename="x"');
    await expect(read(request(twice, 7))).rejects.toMatchObject({ status: 400, param: "file" });
  });
});
