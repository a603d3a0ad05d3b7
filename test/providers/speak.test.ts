import { expect, test } from "vitest";
import type { ChatChunk, ChatRequest } from "../../src/formats/openai/chat.ts";
import { chunksOfCompletion, isContent } from "../../src/formats/openai/stream.ts";
import { gemini } from "../../src/providers/gemini/index.ts";
import type { Authorize } from "../../src/providers/provider.ts";
import { speak } from "../../src/providers/speak.ts";

const request: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hi" }], stream: true };

async function stream(body: unknown): Promise<ChatChunk[]> {
  const target = { provider: "gemini", model: "gemini-2.5-flash" };
  const answer = await speak(gemini.chat!, request, target, {
    fetch: async () => Response.json(body),
    stream: true,
    isContent,
    chunksOf: chunksOfCompletion,
    now: () => 0,
    id: "chatcmpl-1",
  });
  if (answer.kind !== "stream") throw new Error("no stream");
  expect(answer.relayable).toBe(false);
  const chunks: ChatChunk[] = [];
  for (let read = await answer.chunks.read(); read !== undefined; read = await answer.chunks.read())
    chunks.push(...read);
  return chunks;
}
const said = (text: string, more: object = {}) => ({ candidates: [{ content: { parts: [{ text }] }, ...more }] });
const texts = (chunks: ChatChunk[]) => chunks.map(({ choices }) => choices[0]?.delta.content);

test("a stream that comes as one JSON array is its events", async () => {
  expect(texts(await stream([said("Hel"), said("lo", { finishReason: "STOP" })]))).toEqual(["Hel", "lo", undefined]);
});

test("a whole answer to a request for a stream is one of few chunks", async () => {
  expect(texts(await stream(said("Hello", { finishReason: "STOP" })))).toEqual(["Hello", undefined]);
});

test("errors and an end too soon are found in an array too", async () => {
  await expect(stream([{ error: { code: 503, message: "Busy", status: "UNAVAILABLE" } }])).rejects.toThrow(/Busy/);
  await expect(stream([])).rejects.toThrow();
});

test.each(["authorization", "x-amz-security-token", "x-goog-api-key"])(
  "what was sent as %s is in no error, wherever the upstream repeats it",
  async (name) => {
    const token = "token-got-elsewhere-0123456789";
    const authorize: Authorize = async () => ({ [name]: name === "authorization" ? `Bearer ${token}` : token });
    const ask = (answer: () => Response) =>
      speak(
        gemini.chat!,
        request,
        { provider: "gemini", model: "gemini-2.5-flash" },
        {
          fetch: async () => answer(),
          authorize,
          stream: false,
          isContent,
          chunksOf: chunksOfCompletion,
          now: () => 0,
          id: "chatcmpl-1",
        },
      ).catch((error: { message: string; headers?: object }) => JSON.stringify([error.message, error.headers]));
    const refused = await ask(() =>
      Response.json({ error: { code: 403, message: `no: ${token}` } }, { status: 403, headers: { "x-echo": token } }),
    );
    expect(refused).toContain("no: [secret]");
    expect(refused).not.toContain(token);
    expect(await ask(() => new Response(`<html>${token}`))).not.toContain(token);
  },
);
