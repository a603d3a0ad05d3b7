/** The images of a request: files of a form, or references in JSON. */
import { fromBase64, toBase64 } from "../base64.ts";
import { parseDataUrl, toDataUrl } from "../data-url.ts";
import { BadRequestError } from "../errors.ts";
import type { ImageSource } from "./images.ts";

export type ImageInput = { file: Blob } | { url: string } | { id: string };

interface Sources {
  image?: ImageSource | ImageSource[] | null | undefined;
  images?: ImageSource | ImageSource[] | null | undefined;
}

/** All images, in order. */
export function imagesOf({ image, images }: Sources): ImageInput[] {
  const sources = [image, images].flatMap((given): ImageSource[] =>
    Array.isArray(given) ? given : given ? [given] : [],
  );
  return sources.map(inputOf);
}

export function inputOf(source: ImageSource): ImageInput {
  if (source instanceof Blob) return { file: source };
  if (typeof source === "string") return { url: source };
  const url = source.image_url ?? source.url;
  return url ? { url } : { id: source.file_id ?? "" }; // the schema saw to it that there is one
}

/** The request with its files as data URLs, for providers that are asked in JSON. */
export async function withoutFiles<Request extends Sources & { mask?: ImageSource | null | undefined }>(
  request: Request,
): Promise<Request> {
  const { mask } = request;
  const inputs = [...imagesOf(request), ...(mask ? [inputOf(mask)] : [])];
  if (!inputs.some((input) => "file" in input)) return request;
  const images = await Promise.all(imagesOf(request).map(referenceTo));
  const { image: _, ...rest } = request;
  // what is taken away and put in its place is the request's own, under another of its names
  return { ...rest, images, ...(mask && { mask: await referenceTo(inputOf(mask)) }) } as unknown as Request;
}

async function referenceTo(input: ImageInput): Promise<ImageSource> {
  if ("file" in input) return { image_url: await dataUrlOf(input.file) };
  return "url" in input ? { image_url: input.url } : { file_id: input.id };
}

export async function dataUrlOf(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const type = /^image\//i.test(file.type) ? file.type : typeOfImage(bytes);
  return toDataUrl(type, toBase64(bytes));
}

/** First bytes of the formats that models read. */
const SIGNATURES: readonly (readonly [type: string, at: number, signature: string])[] = [
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
];

/** The MIME type of an image whose uploader did not tell; PNG where nothing else is known. */
export function typeOfImage(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return SIGNATURES.find(([, at, signature]) => text.startsWith(signature, at))?.[0] ?? "image/png";
}

/** Endings of the names of files, by type. */
const ENDINGS: Readonly<Record<string, string>> = { "image/jpeg": "jpg", "image/svg+xml": "svg" };

/**
 * A file as a form carries it: with the name and type some providers tell its format by.
 * @throws BadRequestError where there are no bytes, only a link or an id: the gateway fetches nothing a client names
 */
export function fileOf(input: ImageInput, param: string): { file: Blob; name: string } {
  const file = "file" in input ? input.file : "url" in input ? fileOfDataUrl(input.url, param) : undefined;
  if (file === undefined)
    throw new BadRequestError(
      `litellm.BadRequestError: Invalid value for '${param}': this provider takes images as files or data URLs only`,
      { param },
    );
  const ending = ENDINGS[file.type] ?? /^image\/(\w+)/.exec(file.type)?.[1] ?? "png";
  return { file, name: file instanceof File && file.name !== "" ? file.name : `${param}.${ending}` };
}

function fileOfDataUrl(url: string, param: string): Blob | undefined {
  const data = parseDataUrl(url);
  if (data === undefined) return undefined;
  const bytes = fromBase64(data.base64);
  if (bytes !== undefined) return new Blob([bytes], { type: data.mediaType || typeOfImage(bytes) });
  throw new BadRequestError(`litellm.BadRequestError: Invalid value for '${param}': its base64 is not valid`, {
    param,
  });
}
