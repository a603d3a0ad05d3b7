/** Embeddings and images of Bedrock's models: what each is asked with, and how its answer is read. */
import { describe, expect, test } from "vitest";
import { embeddings } from "../../../src/providers/bedrock/embeddings.ts";
import { imageEdits, imageGenerations, imageVariations } from "../../../src/providers/bedrock/images.ts";
import { bedrock } from "../../../src/providers/bedrock/index.ts";
import type { Exchange, Target, UpstreamRequest } from "../../../src/providers/provider.ts";
import { providerFor } from "../../../src/providers/registry.ts";

const target = (model: string): Target => ({ provider: "bedrock", model, params: { aws_region_name: "us-east-1" } });
const jsonOf = ({ body }: UpstreamRequest) => (body as { json: unknown }).json; // all of these are JSON
const PICTURE = "data:image/png;base64,aGk=";

describe("embeddings", () => {
  const ask = (model: string, input: string | string[], rest: object = {}) =>
    jsonOf(embeddings.request({ model, input, ...rest }, target(model)));
  const read = (model: string, body: unknown, headers = {}) => {
    const exchange: Exchange<{ model: string; input: string }> = {
      request: { model, input: "a" },
      target: target(model),
      headers,
      now: 0,
      id: "",
    };
    return embeddings.response(body, exchange);
  };

  test.each([
    ["amazon.titan-embed-text-v1", "a", {}, { inputText: "a" }],
    [
      "amazon.titan-embed-text-v2:0",
      "a",
      { dimensions: 256, normalize: true },
      { inputText: "a", dimensions: 256, normalize: true },
    ],
    [
      "amazon.titan-embed-image-v1",
      "a",
      { dimensions: 384 },
      { inputText: "a", embeddingConfig: { outputEmbeddingLength: 384 } },
    ],
    ["amazon.titan-embed-image-v1", PICTURE, {}, { inputImage: "aGk=" }],
    [
      "us.cohere.embed-v4:0",
      ["a", "b"],
      { dimensions: 512 },
      { texts: ["a", "b"], input_type: "search_document", output_dimension: 512 },
    ],
    ["cohere.embed-english-v3", "a", { input_type: "search_query" }, { texts: ["a"], input_type: "search_query" }],
    ["cohere.embed-v4:0", PICTURE, {}, { images: [PICTURE], input_type: "image" }],
    [
      "amazon.nova-2-multimodal-embeddings-v1:0",
      "a",
      { dimensions: 256 },
      {
        taskType: "SINGLE_EMBEDDING",
        singleEmbeddingParams: {
          embeddingPurpose: "GENERIC_INDEX",
          embeddingDimension: 256,
          text: { truncationMode: "END", value: "a" },
        },
      },
    ],
    [
      "amazon.nova-2-multimodal-embeddings-v1:0",
      PICTURE,
      { embeddingPurpose: "IMAGE_RETRIEVAL" },
      {
        taskType: "SINGLE_EMBEDDING",
        singleEmbeddingParams: {
          embeddingPurpose: "IMAGE_RETRIEVAL",
          image: { format: "png", source: { bytes: "aGk=" } },
        },
      },
    ],
    ["us.twelvelabs.marengo-embed-2-7-v1:0", "a", {}, { inputType: "text", inputText: "a" }],
    ["twelvelabs.marengo-embed-3-0-v1:0", "a", {}, { inputType: "text", text: { inputText: "a" } }],
  ])("%s is asked for %j", (model, input, rest, body) => {
    expect(ask(model, input, rest)).toEqual(body);
  });

  test("how many inputs a model takes, and whether its vectors may be shortened", () => {
    const most = embeddings.mostInputs as (target: Target) => number; // it depends on the model
    expect(most(target("amazon.titan-embed-text-v2:0"))).toBe(1);
    expect(most(target("cohere.embed-v4:0"))).toBe(96);
    expect(embeddings.supportedParams(target("amazon.titan-embed-text-v1"))).not.toContain("dimensions");
    expect(embeddings.supportedParams(target("cohere.embed-v4:0"))).toContain("dimensions");
  });

  test("answers, with the tokens Bedrock counted", () => {
    const tokens = { "x-amzn-bedrock-input-token-count": "7" };
    expect(read("cohere.embed-v4:0", { embeddings: { float: [[1], [2]] } }, tokens)).toMatchObject({
      data: [
        { index: 0, embedding: [1] },
        { index: 1, embedding: [2] },
      ],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    expect(read("amazon.titan-embed-text-v1", { embedding: [1], inputTextTokenCount: 3 }).usage?.prompt_tokens).toBe(3);
    expect(read("twelvelabs.marengo-embed-2-7-v1:0", { data: [{ embedding: [1, 2] }] }).data[0]?.embedding).toEqual([
      1, 2,
    ]);
    expect(() => read("cohere.embed-v4:0", { message: "no" })).toThrow(/has no embeddings/);
  });

  test("what cannot be embedded is refused", () => {
    expect(() => ask("cohere.embed-v4:0", ["a", PICTURE])).toThrow(/cannot be embedded in one request/);
    expect(() => ask("amazon.titan-embed-image-v1", "data:audio/mp3;base64,aGk=")).toThrow(/does not embed audio\/mp3/);
    expect(() => ask("meta.llama3-8b-instruct-v1:0", "a")).toThrow(/no model of Bedrock's that embeds/);
  });
});

describe("images", () => {
  const edit = (model: string, request: object) =>
    jsonOf(
      imageEdits.request({ model, prompt: "p", ...request } as Parameters<typeof imageEdits.request>[0], target(model)),
    );

  test("Amazon's", () => {
    const model = "amazon.nova-canvas-v1:0";
    const request = { model, prompt: "p", n: 2, size: "512x512", quality: "hd", seed: 1, negativeText: "x" };
    expect(jsonOf(imageGenerations.request(request, target(model)))).toEqual({
      taskType: "TEXT_IMAGE",
      textToImageParams: { text: "p", negativeText: "x" },
      imageGenerationConfig: { numberOfImages: 2, width: 512, height: 512, quality: "premium", seed: 1 },
    });
    expect(edit(model, { image: PICTURE })).toMatchObject({
      taskType: "IMAGE_VARIATION",
      imageVariationParams: { text: "p", images: ["aGk="] },
    });
    expect(edit(model, { image: PICTURE, maskPrompt: "the dog" })).toMatchObject({
      taskType: "INPAINTING",
      inPaintingParams: { text: "p", image: "aGk=", maskPrompt: "the dog" },
    });
    expect(edit(model, { image: PICTURE, taskType: "BACKGROUND_REMOVAL" })).toEqual({
      taskType: "BACKGROUND_REMOVAL",
      backgroundRemovalParams: { image: "aGk=" },
    });
    expect(jsonOf(imageVariations.request({ model, image: PICTURE }, target(model)))).toMatchObject({
      imageVariationParams: { images: ["aGk="] },
    });
  });

  test("Stability's", () => {
    const core = "stability.stable-image-core-v1:1";
    expect(jsonOf(imageGenerations.request({ model: core, prompt: "p", size: "1024x1792" }, target(core)))).toEqual({
      prompt: "p",
      aspect_ratio: "9:16",
    });
    expect(edit("stability.sd3-5-large-v1:0", { image: PICTURE })).toEqual({
      prompt: "p",
      strength: 0.5,
      mode: "image-to-image",
      image: "aGk=",
    });
    expect(edit("us.stability.stable-image-inpaint-v1:0", { image: PICTURE, mask: PICTURE, grow_mask: 5 })).toEqual({
      prompt: "p",
      image: "aGk=",
      mask: "aGk=",
      grow_mask: 5,
    });
    const both = { image: [PICTURE, "data:image/png;base64,Ynk="] };
    expect(edit("us.stability.stable-style-transfer-v1:0", both)).toEqual({
      prompt: "p",
      init_image: "aGk=",
      style_image: "Ynk=",
    });
    expect(() => edit("us.stability.stable-style-transfer-v1:0", { image: PICTURE })).toThrow(/send both/);
    expect(() => edit(core, { image: "https://example.com/a.png" })).toThrow(/files or data URLs only/);
  });

  test("which models make them, and which only work on them", () => {
    const serves = (model: string) => [imageGenerations, imageEdits].map((adapter) => adapter.serves?.(target(model)));
    expect(serves("amazon.titan-image-generator-v2:0")).toEqual([true, true]);
    expect(serves("us.stability.stable-image-inpaint-v1:0")).toEqual([false, true]);
    expect(serves("meta.llama3-8b-instruct-v1:0")).toEqual([false, false]);
  });
});

describe("which API a model is asked by", () => {
  const has = (model: string, baseModel?: string) => {
    const found = providerFor({ provider: "bedrock", model, ...(baseModel && { baseModel }) });
    return [found?.messages !== undefined, found?.chat?.wire];
  };
  const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";

  test("Claude has Anthropic's, but where Converse is named", () => {
    expect(has("us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toEqual([true, "native"]);
    expect(has("invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toEqual([true, "anthropic"]);
    expect(has("converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toEqual([false, "native"]);
    expect(has("amazon.nova-pro-v1:0")).toEqual([false, "native"]);
    expect(has(arn)).toEqual([false, "native"]);
    expect(has(arn, "bedrock/anthropic.claude-3-haiku-20240307-v1:0")).toEqual([true, "native"]);
    expect(has(`anthropic/${arn}`)).toEqual([true, "anthropic"]);
    expect(bedrock.messages).toBeUndefined();
  });
});
