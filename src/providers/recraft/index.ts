/** Recraft: images in nearly OpenAI's format. Source: its API reference, "Endpoints". */
import { compatibleRules } from "../openai/errors.ts";
import { openaiImageEdits, openaiImageGenerations, openaiImageVariations } from "../openai/images.ts";
import type { Provider } from "../provider.ts";

/** LiteLLM's, how far an edit may go from the original; the provider wants to be told. */
const USUAL_STRENGTH = 0.2;

/** Images of one request. */
const MOST_IMAGES = 6;

/** A base may name the version. */
const versioned = (path: string) => (_: unknown, base: string) => (/\/v\d+\/?$/.test(base) ? path : `/v1${path}`);

const params =
  (...names: string[]) =>
  (): ReadonlySet<string> =>
    new Set(["n", "style", ...names]);

const host = {
  slug: "recraft",
  label: "Recraft",
  base: "https://external.api.recraft.ai",
  keyVariables: ["RECRAFT_API_KEY", "RECRAFT_API_TOKEN"],
  rules: compatibleRules,
  rewritesAnswers: true,
  mostInputs: MOST_IMAGES,
};

export const recraft: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: host.keyVariables,
  baseVariables: ["RECRAFT_API_BASE"],
  imageGenerations: openaiImageGenerations({
    ...host,
    path: versioned("/images/generations"),
    supportedParams: params("size"),
  }),
  imageEdits: openaiImageEdits({
    ...host,
    path: versioned("/images/imageToImage"),
    supportedParams: params(),
    takes: "files",
    fix: (fields) => ({ strength: USUAL_STRENGTH, ...fields }),
  }),
  imageVariations: openaiImageVariations({
    ...host,
    path: versioned("/images/variateImage"),
    supportedParams: params("size"),
  }),
};
