import { imageVariationRequestSchema } from "../formats/openai/images.ts";
import { imageOperation } from "./images.ts";

/** Variations of an image, by OpenAI's format. */
export const imageVariations = imageOperation({
  name: "image_variations",
  summary: "Make variations of an image",
  paths: [
    "/v1/images/variations",
    "/images/variations",
    "/openai/deployments/:model{.+}/images/variations",
    "/v1/openai/deployments/:model{.+}/images/variations",
  ],
  request: imageVariationRequestSchema,
  takesForms: true,
  adapter: ({ imageVariations: adapter }, target) =>
    adapter && (adapter.serves?.(target) ?? true) ? adapter : undefined,
});
