/** Images of OpenAI, and of everyone who speaks its format: adapters made from a row of differences. */
import { BadRequestError } from "../../formats/errors.ts";
import { fileOf, type ImageInput, imagesOf, inputOf } from "../../formats/openai/image-inputs.ts";
import type { ImageEditRequest, ImageGenerationRequest, ImageVariationRequest } from "../../formats/openai/images.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { ImageAdapter, Target, UpstreamRequest } from "../provider.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { imageStream, imagesIn } from "./image-answer.ts";
import { type Json, without } from "./json.ts";

/** What one provider's images differ in. */
export interface ImageRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  supportedParams(target: Target): ReadonlySet<string> | "all";
  /** Images it makes at once. */
  mostInputs?: number | ((target: Target) => number | undefined);
  /** It streams. Others are asked for the whole answer, which the gateway gives as a stream. */
  streams?: boolean;
  /**
   * One change of the request's fields on their way to the provider, after the model is set.
   * @throws SluiceError where they cannot be said in the provider's words
   */
  fix?: (fields: Json, target: Target) => Json;
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

/** Images that are read, by their addresses. */
export interface ReferredImages {
  urls: string[];
  mask?: string;
}

export interface ImageEditRow extends ImageRow {
  /**
   * How it takes images: as files of a form; as OpenAI does, who takes references in JSON, too; or in JSON alone, in
   * fields of its own.
   */
  takes: "files" | "either" | ((images: ReferredImages, target: Target) => Json);
}

export function openaiImageGenerations(row: ImageRow): ImageAdapter<ImageGenerationRequest> {
  return {
    ...answers(row),
    request: (request, target) => postJson(row, fieldsOf(row, request, target), target, request.stream),
  };
}

export function openaiImageEdits(row: ImageEditRow): ImageAdapter<ImageEditRequest> {
  const { takes } = row;
  return {
    ...answers(row),
    ...(typeof takes === "string" && { takesFiles: true }),
    request(request, target) {
      const { image: _, images: _images, mask: masking, ...rest } = request;
      const images = imagesOf(request);
      const mask = masking ? inputOf(masking) : undefined;
      const inputs = [...images, ...(mask ? [mask] : [])];
      if (typeof takes === "function") {
        const [urls, [maskUrl]] = [images.map((input) => urlOf(input, "image")), mask ? [urlOf(mask, "mask")] : []];
        const referred = takes({ urls, ...(maskUrl !== undefined && { mask: maskUrl }) }, target);
        return postJson(row, { ...fieldsOf(row, rest, target), ...referred }, target, request.stream);
      }
      if (takes === "either" && inputs.every((input) => !("file" in input))) {
        const references = { images: images.map(referenceTo), ...(mask && { mask: referenceTo(mask) }) };
        return postJson(row, { ...fieldsOf(row, rest, target), ...references }, target, request.stream);
      }
      return postForm(
        row,
        fieldsOf(row, rest, target),
        { image: images, ...(mask && { mask: [mask] }) },
        target,
        request.stream,
      );
    },
  };
}

export function openaiImageVariations(row: ImageRow): ImageAdapter<ImageVariationRequest> {
  return {
    ...answers(row),
    takesFiles: true,
    request: ({ image, ...rest }, target) =>
      postForm(row, fieldsOf(row, rest, target), { image: [inputOf(image)] }, target),
  };
}

/** What does not depend on how it is asked. */
function answers(row: ImageRow): Omit<ImageAdapter<never>, "request"> {
  const { label, rules } = row;
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    ...(row.mostInputs !== undefined && { mostInputs: row.mostInputs }),
    supportedParams: row.supportedParams,
    response: (body, exchange) =>
      imagesIn(body, exchange, label, (error) => embeddedError(error, label, rules, exchange)),
    stream: (exchange) => imageStream(exchange, label, (error) => embeddedError(error, label, rules, exchange)),
    error: (failure) => toError(failure, label, rules),
  };
}

function fieldsOf({ streams, fix = (fields) => fields }: ImageRow, request: Json, target: Target): Json {
  const asked = streams ? request : without(request, ["stream", "partial_images"]);
  return fix({ ...asked, model: target.model }, target);
}

function acceptOf({ streams }: ImageRow, stream: boolean | null | undefined): string {
  return streams && stream ? "text/event-stream" : "application/json";
}

function postJson(row: ImageRow, json: Json, target: Target, stream?: boolean | null): UpstreamRequest {
  const headers = { accept: acceptOf(row, stream), ...row.headers?.(target) };
  return { ...postTo(row, row.path, target, headers), body: { json } };
}

function postForm(
  row: ImageRow,
  fields: Json,
  files: Readonly<Record<string, readonly ImageInput[]>>,
  target: Target,
  stream?: boolean | null,
): UpstreamRequest {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) append(body, name, value);
  for (const [name, inputs] of Object.entries(files))
    for (const input of inputs) {
      const { file, name: fileName } = fileOf(input, name);
      body.append(inputs.length > 1 ? `${name}[]` : name, file, fileName);
    }
  const { headers, ...request } = postTo(row, row.path, target, {
    accept: acceptOf(row, stream),
    ...row.headers?.(target),
  });
  return { ...request, headers: without(headers, ["content-type"]), body }; // the form's own names its boundary
}

function append(form: FormData, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) for (const item of value) append(form, `${name}[]`, item);
  else if (value instanceof Blob) form.append(name, value, value instanceof File ? value.name : name);
  else form.append(name, typeof value === "object" ? JSON.stringify(value) : String(value));
}

function referenceTo(input: ImageInput): Json {
  return "url" in input ? { image_url: input.url } : { file_id: "id" in input ? input.id : "" }; // files go another way
}

function urlOf(input: ImageInput, param: string): string {
  if ("url" in input) return input.url;
  throw new BadRequestError(
    `litellm.BadRequestError: Invalid value for '${param}': this provider keeps no files; send the image, or a link to it`,
    { param },
  );
}
