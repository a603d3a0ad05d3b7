/**
 * Inputs of Jina's models of pictures. Source: Jina AI API reference, "Embeddings": texts, or objects `{ text }` and
 * `{ image }`, the picture a link or base64.
 */
import { parseDataUrl } from "../../formats/data-url.ts";
import { BadRequestError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import { isDataUrl, partsOf } from "../../formats/openai/embedding-parts.ts";
import type { Json } from "../openai/json.ts";
import type { Target } from "../provider.ts";

/** The models that read a data URL in place of a text as the picture it is. */
const SEES = /clip|-v[4-9]|omni/i;

/** The body with its inputs as Jina has them, where they are not all texts. */
export function withPictures(body: Json, { model }: Pick<Target, "model">): Json {
  const { input } = body;
  const inputs: unknown[] = Array.isArray(input) ? input : [input];
  const isPicture = (one: unknown) => typeof one === "string" && SEES.test(model) && isDataUrl(one);
  if (!inputs.some((one) => isRecord(one) || isPicture(one))) return body;
  return { ...body, input: inputs.map(toInput) };
}

function toInput(input: unknown): unknown {
  // What is in Jina's own words is its to judge; that there are no tokens here the operation saw to.
  if (isRecord(input) && input["content"] === undefined && input["image_url"] === undefined) return input;
  const [part, ...others] = partsOf(isRecord(input) ? input : String(input));
  if (part === undefined || others.length > 0)
    throw new BadRequestError("litellm.BadRequestError: this model embeds one text or picture at a time", {
      param: "input",
    });
  return "text" in part ? part : { image: parseDataUrl(part.url)?.base64 ?? part.url };
}
