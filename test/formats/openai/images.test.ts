import { describe, expect, it } from "vitest";
import { fileOf, typeOfImage, withoutFiles } from "../../../src/formats/openai/image-inputs.ts";
import {
  asLinks,
  eventsOfImages,
  type ImageEditRequest,
  imageEditRequestSchema,
  imageGenerationRequestSchema,
  imagesOfEvents,
} from "../../../src/formats/openai/images.ts";

const png = (size = 4) => new Blob([new Uint8Array(size)], { type: "image/png" });

describe("what an edit takes", () => {
  const edit = (fields: object) => imageEditRequestSchema.safeParse({ model: "m", prompt: "p", ...fields });

  it.each([
    ["a file", { image: png() }],
    ["a file whose type nobody told", { image: new Blob(["x"], { type: "application/octet-stream" }) }],
    ["files", { image: [png(), png()], mask: png() }],
    ["a link", { image: "https://a.test/1.png" }],
    ["references", { images: [{ image_url: "data:image/png;base64,AAAA" }, { file_id: "file-1" }] }],
  ])("%s", (_, fields) => {
    expect(edit(fields).success).toBe(true);
  });

  it.each([
    ["too many", { image: Array(17).fill(png()) }, /16 images at most/],
    ["too large", { image: png(50 * 1024 * 1024 + 1) }, /larger than 50 MB/],
    ["empty", { image: png(0) }, /empty/],
    ["no image", { mask: png() }, /required/],
    ["a number", { image: 5 }, /must be an image file/],
    ["a file of this machine", { image: "file:///etc/passwd" }, /a link or a data URL/],
    ["a size that is none", { image: png(), size: "big" }, /WIDTHxHEIGHT/],
  ])("not %s", (_, fields, message) => {
    expect(edit(fields).error?.issues[0]?.message).toMatch(message);
  });
});

it.each(["auto", "1024x1024", "1024*1024", "16:9", "2K"])("%s is a size", (size) => {
  expect(imageGenerationRequestSchema.safeParse({ model: "m", prompt: "p", size }).success).toBe(true);
});

describe("files and references", () => {
  const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0]);

  it("files become data URLs, their type read where it was not told", async () => {
    const image = [new Blob([jpeg]), "https://a.test/1.png"];
    const request: ImageEditRequest = { model: "m", prompt: "p", image, mask: png(3) };
    expect(await withoutFiles(request)).toEqual({
      model: "m",
      prompt: "p",
      images: [{ image_url: "data:image/jpeg;base64,/9j/4A==" }, { image_url: "https://a.test/1.png" }],
      mask: { image_url: "data:image/png;base64,AAAA" },
    });
    const bare: ImageEditRequest = { model: "m", prompt: "p", images: [{ file_id: "f" }] };
    expect(await withoutFiles(bare)).toBe(bare);
  });

  it("data URLs become files; links are never fetched", async () => {
    const { file, name } = fileOf({ url: "data:image/webp;base64,AAAA" }, "image");
    expect([file.type, file.size, name]).toEqual(["image/webp", 3, "image.webp"]);
    expect(fileOf({ file: new File([jpeg], "cat.jpg") }, "image").name).toBe("cat.jpg");
    expect(fileOf({ url: "data:;base64,/9j/4A==" }, "image").file.type).toBe("image/jpeg");
    expect(() => fileOf({ url: "https://a.test/1.png" }, "image")).toThrow(/files or data URLs only/);
    expect(() => fileOf({ id: "file-1" }, "mask")).toThrow(/'mask'/);
    expect(() => fileOf({ url: "data:image/png;base64,?" }, "image")).toThrow(/base64/);
  });

  it("types by their first bytes", () => {
    const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
    expect(["GIF89a", "RIFF....WEBPVP8 ", "\x89PNG", ""].map((text) => typeOfImage(bytes(text)))).toEqual([
      "image/gif",
      "image/webp",
      "image/png",
      "image/png",
    ]);
  });
});

describe("streams", () => {
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3, output_tokens_details: { image_tokens: 2 } };

  it("an answer as events, and back", () => {
    const answer = { created: 7, data: [{ b64_json: "A" }, { b64_json: "B" }], size: "1x1", usage };
    const events = eventsOfImages(answer, "image_edit");
    expect(events.map(({ type, b64_json, usage: told }) => [type, b64_json, told])).toEqual([
      ["image_edit.completed", "A", undefined],
      ["image_edit.completed", "B", usage],
    ]);
    expect(imagesOfEvents(events)).toMatchObject(answer);
    expect(imagesOfEvents([{ type: "image_edit.partial_image", b64_json: "A" }])).toBeUndefined();
  });

  it("usage of several images adds up", () => {
    const event = { type: "image_generation.completed", b64_json: "A", usage };
    expect(imagesOfEvents([event, event])?.usage).toEqual({
      input_tokens: 2,
      output_tokens: 4,
      total_tokens: 6,
      output_tokens_details: { text_tokens: 0, image_tokens: 4 },
    });
  });
});

it("links of what came as base64", () => {
  const response = { created: 1, data: [{ b64_json: "A" }, { url: "u" }], output_format: "webp" };
  expect(asLinks(response).data).toEqual([{ url: "data:image/webp;base64,A" }, { url: "u" }]);
});
