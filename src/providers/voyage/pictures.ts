/**
 * Inputs of Voyage's models of pictures, which have a path of their own. Source: Voyage AI API reference, "Multimodal
 * embeddings": `inputs`, each with its `content` of texts, links and data URLs.
 */
import { asText, type EmbeddingPart, isDataUrl, partsOf } from "../../formats/openai/embedding-parts.ts";
import { type EmbeddingInput, inputsOf } from "../../formats/openai/embeddings.ts";
import type { Json } from "../openai/json.ts";

export function seesPictures(model: string): boolean {
  return model.includes("multimodal");
}

export function withContents({ input, ...body }: Json): Json {
  const inputs = inputsOf(input as EmbeddingInput); // the operation has checked it
  return { ...body, inputs: inputs.map((one) => ({ content: partsOf(one).map(toContent) })) };
}

/** For the models of texts. @throws BadRequestError where there is a picture */
export function withTexts({ input, ...body }: Json): Json {
  if (!Array.isArray(input)) return { ...body, input };
  return { ...body, input: input.map((one: unknown) => (typeof one === "string" ? one : asText(one as Json))) }; // no tokens are left
}

function toContent(part: EmbeddingPart): Json {
  if ("text" in part) return { type: "text", text: part.text };
  const { url } = part;
  if (/^https?:/i.test(url)) return { type: "image_url", image_url: url };
  return { type: "image_base64", image_base64: isDataUrl(url) ? url : `data:image/png;base64,${url}` };
}
