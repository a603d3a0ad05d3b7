/**
 * Images of Microsoft Foundry's models: by Azure OpenAI's API, and FLUX.2 by that of Black Forest Labs. Source: Microsoft,
 * "Deploy and use FLUX models in Microsoft Foundry".
 */
import { parseDataUrl } from "../../formats/data-url.ts";
import { byModel } from "../azure/model.ts";
import { type ImageRow, openaiImageEdits, openaiImageGenerations, type ReferredImages } from "../openai/images.ts";
import { type Json, without } from "../openai/json.ts";
import { openaiImageFields, openaiImageParams } from "../openai/params.ts";
import { sizeInPixels } from "../openai-compatible/image-fixes.ts";
import type { ImageAdapter, Provider, Target } from "../provider.ts";
import { host } from "./host.ts";
import { deploymentOperation } from "./place.ts";

/** The first version that has generations and edits of all models. */
const USUAL_VERSION = "2025-04-01-preview";

const isFlux2 = ({ model }: Target) => /flux[.-]?2/i.test(model);

const byAzure: ImageRow = {
  ...host,
  path: deploymentOperation("/images/generations", USUAL_VERSION),
  streams: true,
  supportedParams: (target) => openaiImageParams(byModel(target)),
  fix: (fields, target) => openaiImageFields(fields, byModel(target)),
};

const byMaker: ImageRow = {
  ...host,
  path: ({ model }) => `/providers/blackforestlabs/v1/${encodeURIComponent(makersName(model))}?api-version=preview`,
  supportedParams: () => new Set(["n", "output_format", "size", "user"]),
  // "n … (must be 1)", and not to be left out
  fix: (fields) => ({ ...sizeInPixels(without(fields, ["response_format", "user"])), n: 1 }),
  mostInputs: 1,
  rewritesAnswers: true,
};

/** `FLUX.2-pro` → `flux-2-pro` */
function makersName(model: string): string {
  return model.toLowerCase().replaceAll(".", "-");
}

/** Images are read in fields with numbers, from the second on. */
function inFields({ urls }: ReferredImages): Json {
  const fields = urls.map((url, index) => [
    index === 0 ? "input_image" : `input_image_${index + 1}`,
    parseDataUrl(url)?.base64 ?? url,
  ]);
  return Object.fromEntries(fields);
}

export const images: Pick<Provider, "imageGenerations" | "imageEdits"> = {
  imageGenerations: either(openaiImageGenerations(byAzure), openaiImageGenerations(byMaker)),
  imageEdits: either(
    openaiImageEdits({ ...byAzure, path: deploymentOperation("/images/edits", USUAL_VERSION), takes: "files" }),
    openaiImageEdits({ ...byMaker, takes: inFields }),
  ),
};

/** One adapter of two, by the model. What they say of all their answers is the more careful of both. */
function either<Request>(azure: ImageAdapter<Request>, maker: ImageAdapter<Request>): ImageAdapter<Request> {
  const of = (target: Target) => (isFlux2(target) ? maker : azure);
  return {
    ...azure,
    rewritesAnswers: true,
    supportedParams: (target) => of(target).supportedParams(target),
    mostInputs: (target) => (isFlux2(target) ? 1 : undefined),
    request: (request, target) => of(target).request(request, target),
  };
}
