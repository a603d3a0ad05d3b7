import { expect, test } from "vitest";
import { APIError } from "../../src/formats/errors.ts";
import { ChunkSource } from "../../src/providers/chunk-source.ts";

/** A stream of texts, whose chunks are their data; `fail` is an error event. */
function source(...texts: string[]): ChunkSource<string> {
  const event = ({ data }: { data: string }) => {
    if (data === "fail") throw new APIError("failed");
    return [data];
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  return new ChunkSource(body, { event, end: () => [] });
}

test("an error that comes together with the first content is told after it", async () => {
  const chunks = source("data: a\n\ndata: fail\n\n");
  await chunks.begin(() => true);
  expect(chunks.failed).toBe(true);
  expect(await chunks.read()).toEqual(["a"]);
  await expect(chunks.read()).rejects.toThrow("failed");
});

test("bytes are kept for whoever takes the stream over, and only until chunks are read", async () => {
  const taken = source("data: a\n\n", "data: b\n\n");
  await taken.begin(() => true);
  expect(taken.failed).toBe(false);
  expect(taken.release().map((bytes) => new TextDecoder().decode(bytes))).toEqual(["data: a\n\n"]);

  const read = source("data: a\n\n", "data: b\n\n");
  await read.begin(() => true);
  expect([await read.read(), await read.read(), await read.read()]).toEqual([["a"], ["b"], undefined]);
  expect(read.release().length).toBeLessThan(2);
});
