/** Bodies of upstreams that say more than an isolate can hold. */
import { describe, expect, it } from "vitest";
import { APIResponseValidationError } from "../../src/formats/errors.ts";
import { errorText, wholeText } from "../../src/providers/whole-body.ts";

/** A body of so many pieces, and how many were taken. */
function endless(piece: Uint8Array, headers: Record<string, string> = {}, pieces = Number.POSITIVE_INFINITY) {
  const taken = { pieces: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken.pieces >= pieces) return controller.close();
        taken.pieces += 1;
        controller.enqueue(piece);
      },
      cancel() {
        taken.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { response: new Response(body, { headers }), taken };
}

const KILOBYTE = new Uint8Array(1024).fill(97);

describe("a body that is read whole", () => {
  it("is the text it is", async () => {
    expect(await wholeText(new Response("héllo"), 100)).toBe("héllo");
    expect(await wholeText(new Response(null), 100)).toBe("");
    const { response } = endless(new TextEncoder().encode("é").slice(0, 1), {}, 0);
    expect(await wholeText(response, 100)).toBe("");
  });

  it("keeps characters that are cut between pieces", async () => {
    const bytes = new TextEncoder().encode("aé€😀z");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect(await wholeText(new Response(body), 100)).toBe("aé€😀z");
  });

  it("is given up as soon as it is too large, and the upstream is stopped", async () => {
    const { response, taken } = endless(KILOBYTE);
    await expect(wholeText(response, 10 * 1024)).rejects.toThrow(APIResponseValidationError);
    expect(taken).toEqual({ pieces: 11, cancelled: true });
  });

  it("is not begun where its length is said to be too large", async () => {
    const { response, taken } = endless(KILOBYTE, { "content-length": "999999" });
    await expect(wholeText(response, 1024)).rejects.toThrow(/Max size is 0.1 MB/);
    expect(taken).toEqual({ pieces: 0, cancelled: true });
  });

  it("is measured by what it holds, where it is compressed", async () => {
    const { response, taken } = endless(KILOBYTE, { "content-length": "10", "content-encoding": "gzip" });
    await expect(wholeText(response, 4096)).rejects.toThrow(APIResponseValidationError);
    expect(taken.pieces).toBe(5);
  });

  it("says nothing against the deployment", async () => {
    const { response } = endless(KILOBYTE);
    await expect(wholeText(response, 1)).rejects.toMatchObject({ blameless: true });
  });
});

describe("what an upstream says of an error", () => {
  it("is read as far as anybody reads it", async () => {
    const { response, taken } = endless(KILOBYTE);
    const text = await errorText(response);
    expect(text.length).toBe(1024 * 1024);
    expect(taken).toEqual({ pieces: 1025, cancelled: true });
    expect(await errorText(new Response("no", { status: 500 }))).toBe("no");
  });
});
