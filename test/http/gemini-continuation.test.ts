/** A stream in Google's format that breaks off, and goes on elsewhere (`mid_stream_fallback`). */
import { afterAll, beforeAll, expect, it } from "vitest";
import { events, sse } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(({ path, body }, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (path.includes("/cut:") || body["model"] === "cut") {
      const name = path.includes("/cut:") ? "gemini" : "openai";
      const all = events(name, "one two ", "three ", "never");
      response.end(sse(all.slice(0, name === "gemini" ? 2 : 3)));
    } else response.end(sse(events(path.includes("/rest:") ? "gemini" : "openai", "four ", "five")));
  });
  const pair = (model_name: string, first: string, second: string) => [
    { model_name, litellm_params: { model: first, order: 1, api_base: upstream.url, api_key: "k" } },
    { model_name, litellm_params: { model: second, order: 2, api_base: upstream.url, api_key: "k" } },
  ];
  gateway = await startGateway({
    model_list: [...pair("native", "gemini/cut", "openai/rest"), ...pair("by-chat", "openai/cut", "gemini/rest")],
    router_settings: { num_retries: 0, mid_stream_fallback: "continue" },
  });
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

it.each(["native", "by-chat"])("goes on, %s first", async (model) => {
  const response = await fetch(`${gateway.url}/v1beta/models/${model}:streamGenerateContent?alt=sse`, {
    method: "POST",
    headers: { "x-goog-api-key": MASTER_KEY, "content-type": "application/json" },
    body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Count." }] }] }),
  });
  const said = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ""));
  expect(said.some(({ error }) => error !== undefined)).toBe(false);
  const text = said.flatMap(({ candidates = [] }) =>
    candidates[0]?.content.parts.map((part: { text: string }) => part.text),
  );
  expect(text.join("")).toBe("one two three four five");
  expect(said.at(-1)).toHaveProperty("candidates[0].finishReason", "STOP");
  expect(JSON.stringify(upstream.received.at(-1)?.body)).toContain("one two three ");
});
