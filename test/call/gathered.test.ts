import { describe, expect, it } from "vitest";
import { GatheredBytes, gather } from "../../src/call/gathered.ts";
import type { ChunkSource } from "../../src/providers/chunk-source.ts";

const content = 'data: {"choices":[{"delta":{"content":"höh "}}]}\n\n';
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n';
const done = "data: [DONE]\n\n";

function take(text: string, size: number): string {
  const gathered = new GatheredBytes();
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) gathered.push(bytes.subarray(at, at + size));
  return new TextDecoder().decode(Buffer.concat(gathered.take().parts));
}

describe("GatheredBytes", () => {
  it.each([1, 7, 100_000])(
    "gives the last events of a stream that ended with its usage (pieces of %i bytes)",
    (size) => {
      expect(take(content.repeat(500) + usage + done, size)).toBe(`\n\n${usage}${done}`);
    },
  );

  it.each([
    ["without usage", content.repeat(500) + done],
    ["that broke off", content.repeat(500) + usage],
    ["whose lines end otherwise", (content.repeat(500) + usage + done).replaceAll("\n", "\r\n")],
    ["with usage long before its end", usage + content.repeat(500) + done],
  ])("gives everything of a stream %s", (_, text) => {
    expect(take(text, 64)).toBe(text);
  });

  it("keeps no more than half a megabyte of a long stream, and misses nothing of it", () => {
    const gathered = new GatheredBytes();
    const seen: string[] = [];
    const decoder = new TextDecoder();
    const passage = {
      chunks: { decode: (bytes: Uint8Array) => [decoder.decode(bytes)], skip() {} } as unknown as ChunkSource<string>, // all that is used
      observe: (chunk: string) => void seen.push(chunk),
    };
    const bytes = new TextEncoder().encode(content.repeat(100));
    for (let i = 0; i < 1000; i++) gather(gathered, bytes, passage);
    const kept = Buffer.concat(gathered.take().parts).byteLength;
    expect(kept).toBeLessThanOrEqual(512 * 1024);
    expect(seen.join("").length + (kept / bytes.length) * content.length * 100).toBe(content.length * 100 * 1000);
  });

  it("gives what was kept once", () => {
    const gathered = new GatheredBytes();
    gathered.push(new TextEncoder().encode(content));
    expect(gathered.take().parts).toHaveLength(1);
    expect(gathered.take().parts).toHaveLength(0);
  });
});
