/** The library's functions for images, in Node and in workerd. */
import { describe, expect, it } from "vitest";
import { imageEdit, imageGeneration, imageVariation } from "../../src/index.ts";

interface Asked {
  url: string;
  headers: Headers;
  body: unknown;
}

/** A provider that gives this answer, and keeps what it was asked. */
function answering(body: unknown, type = "application/json") {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const given = init?.body;
    const headers = new Headers(init?.headers);
    asked.push({ url: String(url), headers, body: given instanceof FormData ? given : JSON.parse(String(given)) });
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { headers: { "content-type": type } });
  };
  return { asked, options: { fetch, env: { OPENAI_API_KEY: "sk-o", GEMINI_API_KEY: "g" } } };
}

const answer = { created: 1, data: [{ b64_json: "AAAA" }] };

describe("images of the library", () => {
  it("imageGeneration: whole, as links where those are asked for", async () => {
    const { asked, options } = answering(answer);
    const { data } = await imageGeneration(
      { model: "openai/gpt-image-1", prompt: "a", n: 1, response_format: "url" },
      options,
    );
    expect(data).toEqual([{ url: "data:image/png;base64,AAAA" }]);
    expect(asked[0]).toMatchObject({
      url: "https://api.openai.com/v1/images/generations",
      body: { model: "gpt-image-1", prompt: "a", n: 1 },
    });
  });

  it("imageGeneration: a stream", async () => {
    const events = ["partial_image", "completed"].map((name) => `image_generation.${name}`);
    const text = events.map((type) => `event: ${type}\ndata: ${JSON.stringify({ type, b64_json: "A" })}\n\n`).join("");
    const { options } = answering(text, "text/event-stream");
    const got: string[] = [];
    const asked = { model: "openai/gpt-image-1", prompt: "a", stream: true as const };
    for await (const { type } of await imageGeneration(asked, options)) got.push(type);
    expect(got).toEqual(events);
  });

  it("imageEdit: files as a form, or as JSON has them", async () => {
    const image = new File([new Uint8Array([1, 2, 3])], "a.png", { type: "image/png" });
    const form = answering(answer);
    await imageEdit({ model: "openai/gpt-image-1", prompt: "a", image }, form.options);
    const sent = form.asked[0]?.body as FormData;
    expect([sent.get("model"), sent.get("prompt")]).toEqual(["gpt-image-1", "a"]);
    expect((sent.get("image") as File).name).toBe("a.png");
    expect(form.asked[0]?.headers.has("content-type")).toBe(false);
    const inlineData = { mimeType: "image/png", data: "AQID" };
    const json = answering({ candidates: [{ content: { parts: [{ inlineData }] } }] });
    const edited = await imageEdit({ model: "gemini/gemini-2.5-flash-image", prompt: "a", image }, json.options);
    expect(edited.data).toEqual([{ b64_json: "AQID", mime_type: "image/png" }]);
    expect(json.asked[0]?.body).toMatchObject({ contents: [{ parts: [{ text: "a" }, { inlineData }] }] });
  });

  it("imageVariation", async () => {
    const { asked, options } = answering({ created: 1, data: [{ url: "u" }] });
    const image = new Blob([new Uint8Array([1])], { type: "image/png" });
    expect((await imageVariation({ model: "openai/dall-e-2", image }, options)).data).toEqual([{ url: "u" }]);
    expect(asked[0]?.url).toBe("https://api.openai.com/v1/images/variations");
  });

  it("what is wrong is refused before anything is sent", async () => {
    const { asked, options } = answering(answer);
    await expect(imageEdit({ model: "openai/gpt-image-1", prompt: "a" }, options)).rejects.toThrow(/required/);
    await expect(imageGeneration({ model: "anthropic/claude", prompt: "a" }, options)).rejects.toThrow(/does not do/);
    expect(asked).toHaveLength(0);
  });
});
