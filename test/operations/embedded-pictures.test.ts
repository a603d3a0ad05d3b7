/** Pictures among the inputs of embeddings: each way to write them, as each provider is asked for them. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import { validate } from "../../src/formats/validate.ts";
import { findModel } from "../../src/models/catalogue.ts";
import { cost } from "../../src/models/cost.ts";
import { embedContent } from "../../src/operations/embed-content.ts";
import { embeddings } from "../../src/operations/embeddings.ts";
import { findProvider } from "../../src/providers/registry.ts";

const PNG = "data:image/png;base64,iVBORw0KGgo=";
const LINK = "https://x.example/cat.png";

/** The body a provider is asked with. */
async function asked(provider: string, model: string, input: unknown, more: object = {}) {
  const target = {
    provider,
    model,
    apiKey: new Secret("k"),
    params: { aws_region_name: "us-east-1", vertex_project: "p" },
  };
  const adapter = embeddings.adapter(findProvider(provider)!, target)!;
  const checked = validate(embeddings.request, { model, input, ...more });
  const prepared = (await embeddings.prepare?.(checked, adapter, {} as never)) ?? checked;
  const { url, body } = adapter.request(prepared, target);
  if (body === undefined || !("json" in body)) throw new Error("no JSON");
  return { url, ...body.json } as Record<string, unknown>;
}

describe("pictures to embed", () => {
  it("Jina: its own objects as they are, data URLs and parts as its objects", async () => {
    const own = [{ text: "a cat" }, { image: LINK }, { image: "iVBORw0KGgo=" }];
    expect((await asked("jina_ai", "jina-clip-v2", own))["input"]).toEqual(own);
    const mixed = ["a cat", PNG, { content: [{ type: "image_url", image_url: { url: PNG } }] }];
    expect((await asked("jina_ai", "jina-embeddings-v4", mixed))["input"]).toEqual([
      { text: "a cat" },
      { image: "iVBORw0KGgo=" },
      { image: "iVBORw0KGgo=" },
    ]);
    expect((await asked("jina_ai", "jina-embeddings-v3", ["a", PNG]))["input"]).toEqual(["a", PNG]);
    await expect(
      asked("jina_ai", "jina-clip-v2", [{ content: [{ type: "text", text: "a" }, { image_url: LINK }] }]),
    ).rejects.toThrow(/one text or picture/);
  });

  it("Cohere: texts, pictures, or both in one", async () => {
    expect(await asked("cohere", "embed-v4.0", ["a", { text: "b" }])).toMatchObject({
      input_type: "search_document",
      texts: ["a", "b"],
    });
    const pictures = await asked("cohere", "embed-english-v3.0", [PNG]);
    expect(pictures).toMatchObject({ input_type: "image", images: [PNG] });
    expect(pictures).not.toHaveProperty("texts");
    const both = [
      {
        content: [
          { type: "text", text: "a cat" },
          { type: "image_url", image_url: { url: PNG } },
        ],
      },
      "b",
    ];
    expect(await asked("cohere", "embed-v4.0", both, { input_type: "search_query" })).toMatchObject({
      input_type: "search_query",
      inputs: [
        {
          content: [
            { type: "text", text: "a cat" },
            { type: "image_url", image_url: { url: PNG } },
          ],
        },
        { content: [{ type: "text", text: "b" }] },
      ],
    });
  });

  it("Voyage: at the path for them, and refused by its models of texts", async () => {
    const input = [
      {
        content: [
          { type: "text", text: "a" },
          { type: "image_base64", image_base64: PNG },
        ],
      },
      LINK,
    ];
    expect(await asked("voyage", "voyage-multimodal-3.5", input, { dimensions: 256 })).toMatchObject({
      url: "https://api.voyageai.com/v1/multimodalembeddings",
      inputs: [
        {
          content: [
            { type: "text", text: "a" },
            { type: "image_base64", image_base64: PNG },
          ],
        },
        { content: [{ type: "text", text: LINK }] },
      ],
      output_dimension: 256,
    });
    expect(await asked("voyage", "voyage-3.5", [{ text: "a" }])).toMatchObject({ input: ["a"] });
    expect(await asked("voyage", "voyage-3.5", "a")).toMatchObject({ input: "a" });
    await expect(asked("voyage", "voyage-3.5", [{ image: PNG }])).rejects.toThrow(/no pictures/);
  });

  it("Gemini: parts of a content", async () => {
    const input = [
      {
        content: [
          { type: "text", text: "logo" },
          { type: "image_url", image_url: PNG },
        ],
      },
      "b",
    ];
    expect((await asked("gemini", "gemini-embedding-2", input))["requests"]).toMatchObject([
      { content: { parts: [{ text: "logo" }, { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }] } },
      { content: { parts: [{ text: "b" }] } },
    ]);
  });

  it("Bedrock and Vertex AI: data URLs in place of texts; OpenRouter: as they are", async () => {
    expect(await asked("bedrock", "amazon.titan-embed-image-v1", [{ image: PNG }])).toMatchObject({
      inputImage: "iVBORw0KGgo=",
    });
    expect(await asked("vertex_ai", "multimodalembedding@001", [{ image: PNG }, { text: "a" }])).toMatchObject({
      instances: [{ image: { bytesBase64Encoded: "iVBORw0KGgo=" } }, { text: "a" }],
    });
    const parts = [{ content: [{ type: "image_url", image_url: { url: LINK } }] }];
    expect((await asked("openrouter", "nvidia/embed", parts))["input"]).toEqual(parts);
    await expect(asked("bedrock", "amazon.titan-embed-image-v1", [{ image: LINK }])).rejects.toThrow(/data URLs alone/);
  });

  it("models of texts take what is text, and refuse the rest", async () => {
    expect((await asked("openai", "text-embedding-3-small", [{ text: "a" }, "b"]))["input"]).toEqual(["a", "b"]);
    expect((await asked("openai", "text-embedding-3-small", [[1, 2], [3]]))["input"]).toEqual([[1, 2], [3]]);
    await expect(asked("openai", "text-embedding-3-small", [{ image: PNG }])).rejects.toThrow(/no pictures/);
    await expect(asked("openai", "text-embedding-3-small", [{ text: "a", image: PNG }])).rejects.toThrow(/no pictures/);
    for (const odd of [
      {},
      { nothing: 1 },
      { content: [] },
      { content: "a" },
      { content: [null] },
      { content: [{ text: "a" }, "b"] },
    ])
      await expect(asked("openai", "text-embedding-3-small", [odd]), JSON.stringify(odd)).rejects.toThrow(/must be/);
  });

  it.each([[["a", 1]], [[null]], [[["a"]]], [{ text: "a" }], [[[1], "a"]]])("refuses %j", (input) => {
    expect(() => validate(embeddings.request, { model: "m", input })).toThrow(/'input/);
  });

  it("count for the limits: their texts, and something for each picture", async () => {
    const count = (input: never) => embeddings.countInput({ model: "text-embedding-3-small", input });
    const text = await count(["a cat"] as never);
    expect(await count([{ text: "a cat" }] as never)).toBe(text);
    const both = [{ content: [{ type: "text", text: "a cat" }, { image_url: PNG }] }];
    expect(await count(both as never)).toBeGreaterThan(text + 1000);
    expect(await count([{ text: "a cat", image: PNG }] as never)).toBeGreaterThan(text + 1000);
    const many = { model: "m", input: Array.from({ length: 300_000 }, () => "a") };
    expect(await embeddings.countLongest?.(many)).toBe(1);
  });

  it("are billed by the piece where that has a price, and never as the text of their data", async () => {
    const input = [PNG, `data:image/png;base64,${"A".repeat(100_000)}`];
    const info = findModel("amazon.titan-embed-image-v1")!;
    const meter = embeddings.meter({ model: "m", input }, { provider: "bedrock", model: "m", info });
    meter.response({ object: "list", data: [], model: "m" });
    const usage = await meter.estimate("m");
    expect(usage.total_tokens).toBe(0);
    expect(cost(usage, info, meter.terms)?.total).toBe(2 * 60_000);
    const bare = embeddings.meter({ model: "m", input }, { provider: "cohere", model: "m" });
    expect((await bare.estimate("m")).total_tokens).toBe(2600);
    const text = embeddings.meter({ model: "m", input }, { provider: "openai", model: "m" });
    expect((await text.estimate("m")).total_tokens).toBeGreaterThan(10_000);
    expect(embeddings.termsOf({ model: "m", input: ["a", { content: [{ text: "a" }, { image: PNG }] }] })).toEqual({
      measured: { inputImages: 1 },
    });
  });

  it("cost what Google's pictures cost, as it tells their tokens", () => {
    const info = findModel("gemini/gemini-embedding-2")!;
    const usageMetadata = {
      promptTokenCount: 261,
      promptTokenDetails: [
        { modality: "IMAGE", tokenCount: 258 },
        { modality: "TEXT", tokenCount: 3 },
      ],
    };
    const expected = Math.round(258 * 450 + 3 * 200);
    const target = { provider: "gemini", model: "gemini-embedding-2", info };
    const exchange = { request: { model: "m", input: "a" }, target, headers: {}, now: 0, id: "" };
    const answer = embeddings
      .adapter(findProvider("gemini")!, target)!
      .response({ embeddings: [{ values: [0.1] }], usageMetadata }, exchange);
    const meter = embeddings.meter(exchange.request, target);
    meter.response(answer);
    expect(cost(meter.usage!, info)?.total).toBe(expected);
    const native = embedContent.meter({ model: "m", content: { parts: [] } }, target);
    native.response({ embedding: { values: [0.1] }, usageMetadata });
    expect(cost(native.usage!, info)?.total).toBe(expected);
  });
});
