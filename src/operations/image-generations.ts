import { imageGenerationRequestSchema } from "../formats/openai/images.ts";
import { imageOperation } from "./images.ts";

/** Images from a prompt: OpenAI's format for the client, any provider behind it. */
export const imageGenerations = imageOperation({
  name: "image_generations",
  summary: "Make images from a prompt",
  paths: [
    "/v1/images/generations",
    "/images/generations",
    "/openai/deployments/:model{.+}/images/generations",
    "/v1/openai/deployments/:model{.+}/images/generations",
  ],
  request: imageGenerationRequestSchema,
  events: "image_generation",
  adapter: ({ imageGenerations: adapter }, target) =>
    adapter && (adapter.serves?.(target) ?? true) ? adapter : undefined,
});
