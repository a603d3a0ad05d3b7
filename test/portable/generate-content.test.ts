/** The library's functions in Google's format. */
import { describe, expect, it } from "vitest";
import { generateContent, generateContentStream, RateLimitError } from "../../src/index.ts";

const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

/** A provider that answers with this, and keeps what it was asked. */
function provider(answer: string, { status = 200, type = "application/json" } = {}) {
  const asked: { url: string; headers: Headers; body: unknown }[] = [];
  const fetch = async (url: RequestInfo | URL, init?: RequestInit) => {
    asked.push({ url: String(url), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) });
    return new Response(answer, { status, headers: { "content-type": type } });
  };
  return { asked, options: { fetch, env: {} } };
}

const openaiChunks = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "Hel" }, finish_reason: null }] },
  { choices: [{ index: 0, delta: { content: "lo" }, finish_reason: "stop" }] },
  { choices: [], usage },
].map((chunk) => ({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", ...chunk }));
const openaiStream = [...openaiChunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"]
  .map((data) => `data: ${data}\n\n`)
  .join("");

describe("generateContent", () => {
  it("asks Google natively, with what its SDKs call config in its places", async () => {
    const said = { candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] }, finishReason: "STOP" }] };
    const { asked, options } = provider(JSON.stringify({ ...said, novel: 1 }));
    const config = { temperature: 0, systemInstruction: { parts: [{ text: "s" }] } };
    const params = { model: "gemini/gemini-2.5-flash", api_key: "k", contents, config };
    expect(await generateContent(params, options)).toStrictEqual({ ...said, novel: 1 });
    expect(asked[0]?.url).toMatch(/gemini-2\.5-flash:generateContent$/);
    expect(asked[0]?.headers.get("x-goog-api-key")).toBe("k");
    expect(asked[0]?.body).toEqual({
      contents,
      systemInstruction: { parts: [{ text: "s" }] },
      generationConfig: { temperature: 0 },
    });
  });

  it("asks others by chat, and streams", async () => {
    const { asked, options } = provider(openaiStream, { type: "text/event-stream" });
    const responses = [];
    for await (const response of await generateContentStream(
      { model: "openai/gpt-4o", api_key: "k", contents },
      options,
    ))
      responses.push(response);
    expect(responses.map(({ candidates }) => candidates?.[0]?.content?.parts)).toEqual([
      [{ text: "Hel" }],
      [{ text: "lo" }],
      [{ text: "" }],
    ]);
    expect(responses.at(-1)).toMatchObject({
      candidates: [{ finishReason: "STOP" }],
      usageMetadata: { totalTokenCount: 5 },
    });
    expect(asked[0]?.body).toMatchObject({ messages: [{ role: "user", content: "Hi" }], stream: true });
  });

  it("throws the library's errors", async () => {
    const error = { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED" } };
    const { options } = provider(JSON.stringify(error), { status: 429 });
    const params = { model: "gemini/gemini-2.5-flash", api_key: "k", contents };
    await expect(generateContent(params, options)).rejects.toBeInstanceOf(RateLimitError);
    await expect(generateContentStream(params, options)).rejects.toBeInstanceOf(RateLimitError);
  });
});
