/** The library's function in the format of Google's Interactions API. */
import { describe, expect, it } from "vitest";
import { interactions, RateLimitError } from "../../src/index.ts";

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

describe("interactions", () => {
  it("asks Google natively", async () => {
    const said = { id: "v1_1", status: "completed", steps: [], novel: 1 };
    const { asked, options } = provider(JSON.stringify(said));
    const params = { api_key: "k", input: "Hi", generation_config: { temperature: 0 } };
    expect(await interactions({ model: "gemini/gemini-3-flash", ...params }, options)).toStrictEqual(said);
    expect(asked[0]?.url).toMatch(/\/v1beta\/interactions$/);
    expect(asked[0]?.headers.get("x-goog-api-key")).toBe("k");
    expect(asked[0]?.body).toEqual({ model: "gemini-3-flash", input: "Hi", generation_config: { temperature: 0 } });
    await interactions({ agent: "deep-research", api_key: "k", input: "Hi", previous_interaction_id: "v1_1" }, options);
    expect(asked[1]?.body).toEqual({ agent: "deep-research", input: "Hi", previous_interaction_id: "v1_1" });
  });

  it("asks others by chat, and streams", async () => {
    const { asked, options } = provider(openaiStream, { type: "text/event-stream" });
    const events = [];
    for await (const event of await interactions(
      { model: "openai/gpt-4o", api_key: "k", input: "Hi", stream: true, use_chat_completions_api: true },
      options,
    ))
      events.push(event);
    expect(events.map(({ event_type }) => event_type)).toEqual([
      "interaction.created",
      "interaction.status_update",
      "step.start",
      "step.delta",
      "step.delta",
      "step.stop",
      "interaction.completed",
    ]);
    expect(JSON.stringify(events)).not.toContain('"id"');
    expect(events.at(-1)).toMatchObject({ interaction: { status: "completed", usage: { total_tokens: 5 } } });
    expect(asked[0]?.body).toMatchObject({ messages: [{ role: "user", content: "Hi" }], stream: true });
  });

  it("throws the library's errors", async () => {
    const error = { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED" } };
    const { options } = provider(JSON.stringify(error), { status: 429 });
    const params = { model: "gemini/gemini-3-flash", api_key: "k", input: "Hi" };
    await expect(interactions(params, options)).rejects.toBeInstanceOf(RateLimitError);
    const asked = { model: "openai/gpt-4o", api_key: "k", input: "Hi", previous_interaction_id: "v1_1" };
    await expect(interactions(asked, options)).rejects.toMatchObject({ status: 400, param: "previous_interaction_id" });
  });
});
