/**
 * What is embedded besides text. OpenAI embeds text alone; models of pictures are asked in the ways that are in use: a data URL
 * in place of a text (LiteLLM's), `{ text }` and `{ image }` (Jina's), `{ content: [...] }` with parts as in a chat (OpenRouter's,
 * Cohere's, Voyage's).
 */
import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { EmbeddingInputItem } from "./embeddings.ts";

/** A text, or where a picture is: a data URL, a link, or bare base64. */
export type EmbeddingPart = { text: string } | { url: string };

/** The parts of one input, in order. @throws BadRequestError where it is none of these */
export function partsOf(input: EmbeddingInputItem): EmbeddingPart[] {
  if (typeof input === "string") return [isDataUrl(input) ? { url: input } : { text: input }];
  const content = isRecord(input) ? (input["content"] ?? [input]) : [];
  const parts = (Array.isArray(content) ? content : []).map((one: unknown) => (isRecord(one) ? partsIn(one) : []));
  if (parts.length > 0 && parts.every((part) => part.length > 0)) return parts.flat();
  throw new BadRequestError(
    "litellm.BadRequestError: Invalid value for 'input': an input must be a text, its tokens, { text }, { image } or { content: [...] }",
    { param: "input" },
  );
}

/** A data URL of anything but text. */
export function isDataUrl(text: string): boolean {
  return /^data:(?!text\/)[\w.+-]+\/[\w.+-]+[;,]/i.test(text.slice(0, 100));
}

/**
 * One input as a string, for whoever embeds one thing at a time: a text, or a data URL.
 * @throws BadRequestError where it is several things, or a link, which nobody here follows
 */
export function asString(input: EmbeddingInputItem): string {
  const [part, ...others] = partsOf(input);
  if (part === undefined || others.length > 0) throw refusal("embeds one text or picture at a time");
  if ("text" in part) return part.text;
  if (isDataUrl(part.url)) return part.url;
  throw refusal("takes pictures as data URLs alone");
}

/** One input as text. @throws BadRequestError where it is a picture */
export function asText(input: EmbeddingInputItem): string {
  const parts = partsOf(input);
  const texts = parts.flatMap((part) => ("text" in part ? [part.text] : []));
  if (texts.length < parts.length) throw refusal("embeds no pictures");
  return texts.join("\n");
}

function refusal(reason: string): BadRequestError {
  return new BadRequestError(`litellm.BadRequestError: Invalid value for 'input': this model ${reason}`, {
    param: "input",
  });
}

/** A text, a picture, or both: nothing that is to be embedded goes unsaid. None where it is neither. */
function partsIn({ type, text, image, image_url, image_base64 }: Record<string, unknown>): EmbeddingPart[] {
  const address = isRecord(image_url) ? image_url["url"] : image_url;
  const url = [image, address, image_base64].find((value) => typeof value === "string" && value !== "");
  return [
    ...(typeof text === "string" && (type === undefined || type === "text") ? [{ text }] : []),
    ...(typeof url === "string" ? [{ url }] : []),
  ];
}
