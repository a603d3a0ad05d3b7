import { imageEditRequestSchema } from "../formats/openai/images.ts";
import { imageOperation } from "./images.ts";

/** Images from others and a prompt: OpenAI's format for the client, a form or JSON; any provider behind it. */
export const imageEdits = imageOperation({
  name: "image_edits",
  summary: "Edit images, or make new ones of them",
  paths: [
    "/v1/images/edits",
    "/images/edits",
    "/openai/deployments/:model{.+}/images/edits",
    "/v1/openai/deployments/:model{.+}/images/edits",
  ],
  request: imageEditRequestSchema,
  takesForms: true,
  events: "image_edit",
  adapter: ({ imageEdits: adapter }, target) => (adapter && (adapter.serves?.(target) ?? true) ? adapter : undefined),
});
