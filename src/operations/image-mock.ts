import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import type { Image, ImageResponse } from "../formats/openai/images.ts";
import type { ImageRequest } from "./images.ts";
import { type MockOptions, throwMockError } from "./mock.ts";

/** A text is the address of every image, or its data URL; a list has one for each; a whole answer is the answer. */
export async function mockImages(
  mock: MockOptions,
  { n }: ImageRequest,
  { model, now }: { model: string; now: number },
): Promise<ImageResponse> {
  throwMockError(mock, model);
  const { response } = mock;
  if (isAnswer(response)) return { ...response, created: response.created ?? now };
  if (typeof response === "string")
    return { created: now, data: Array.from({ length: n ?? 1 }, () => ({ url: response })) };
  const images = Array.isArray(response) ? response.flatMap(imageOf) : [];
  if (images.length > 0) return { created: now, data: images };
  throw new BadRequestError(
    "litellm.BadRequestError: mock_response of images must be an address, a list of images, or an answer",
    { param: "mock_response" },
  );
}

function imageOf(value: unknown): Image[] {
  if (typeof value === "string") return [{ url: value }];
  return isRecord(value) && (typeof value["url"] === "string" || typeof value["b64_json"] === "string") ? [value] : [];
}

function isAnswer(value: unknown): value is { data: Image[]; created?: number } {
  return isRecord(value) && Array.isArray(value["data"]);
}
