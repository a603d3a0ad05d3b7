/**
 * Which of the compatible providers make images, and what is special about it. Sources: the providers' API references, and
 * LiteLLM's list of who does.
 */
import { OPENAI_IMAGE_PARAMS } from "../../formats/openai/images.ts";
import { imagesByChat } from "../by-chat/images.ts";
import {
  type ImageEditRow,
  type ImageRow,
  openaiImageEdits,
  openaiImageGenerations,
  openaiImageVariations,
} from "../openai/images.ts";
import { without } from "../openai/json.ts";
import type { ChatAdapter, Provider, Target } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import * as fix from "./image-fixes.ts";
import type { CompatibleRow } from "./row.ts";

interface Shape extends Partial<Pick<ImageRow, "path" | "fix" | "streams" | "mostInputs">> {
  /** OpenAI's parameters it takes; all, unless said. What is its own passes. */
  params?: readonly string[] | ((target: Target) => readonly string[]);
}

/** What a provider does with images; a shape without anything special is as OpenAI's. */
interface Special {
  generations?: Shape;
  edits?: Shape & Partial<Pick<ImageEditRow, "takes">>;
  variations?: Shape;
}

/** Servers and gateways that take whatever OpenAI takes. */
const WHOLE: Special = { generations: { streams: true }, edits: { streams: true, takes: "either" }, variations: {} };

/** Gateways to OpenAI's models and others, by OpenAI's paths. */
const RELAY: Special = { generations: { streams: true }, edits: { streams: true } };

const SPECIAL: Readonly<Record<string, Special>> = {
  aihubmix: RELAY,
  aiml: { generations: {} },
  cometapi: RELAY,
  custom_openai: WHOLE,
  // "response_format … Currently only b64_json is supported."
  deepinfra: {
    generations: { params: ["n", "size", "user"], fix: fix.base64Only },
    edits: { params: ["mask", "n", "size", "user"], fix: fix.base64Only },
    variations: { params: ["n", "size", "user"], fix: fix.base64Only },
  },
  hosted_vllm: { generations: {}, edits: {} },
  litellm_proxy: WHOLE,
  "nano-gpt": { generations: { params: ["n", "size", "user"] } },
  nebius: { generations: { params: ["output_format", "size"], fix: fix.nebius, mostInputs: 1 } },
  nscale: { generations: { params: ["n", "size"] } },
  openai_like: { generations: {} },
  together_ai: {
    generations: { params: ["n", "output_format", "size"], fix: fix.together },
    edits: {
      path: "/images/generations",
      params: ["n", "output_format", "size"],
      fix: fix.together,
      takes: fix.togetherImages,
    },
  },
  veniceai: {
    generations: {
      params: ["background", "moderation", "output_compression", "output_format", "quality", "size", "style", "user"],
      mostInputs: 1,
    },
  },
  volcengine: {
    generations: { params: ["output_format", "size"], fix: fix.oneImage, mostInputs: 1 },
    edits: {
      path: "/images/generations",
      params: ["output_format", "size"],
      fix: fix.oneImage,
      mostInputs: 1,
      takes: ({ urls }) => ({ image: urls.length === 1 ? urls[0] : urls }),
    },
  },
  xai: {
    generations: { params: fix.xaiParams, fix: fix.xaiSize },
    edits: { params: (target) => [...fix.xaiParams(target), "mask"], fix: fix.xaiSize, takes: fix.xaiImages },
  },
  xinference: { generations: {}, edits: {}, variations: {} },
  zai: {
    generations: {
      params: ["quality", "size", "user"],
      fix: (fields) => {
        const { user, ...rest } = without(fields, ["n", "response_format"]);
        return { ...rest, ...(user !== undefined && { user_id: user }) };
      },
      mostInputs: 1,
    },
  },
};

/** Whose models make images in chat alone. */
const BY_CHAT: ReadonlySet<string> = new Set(["openrouter", "vercel_ai_gateway"]);

type Images = Pick<Provider, "imageGenerations" | "imageEdits" | "imageVariations">;

/** @returns nothing where the provider makes no images */
export function compatibleImages(row: CompatibleRow, label: string, chat: ChatAdapter): Images {
  if (BY_CHAT.has(row.slug)) return imagesByChat(chat, label);
  const { generations, edits, variations } = SPECIAL[row.slug] ?? {};
  const rowOf = (shape: Shape, path: string): ImageRow => ({
    ...hostOf(row, label),
    ...shape,
    path: shape.path ?? besideChat(row.path, path),
    supportedParams: (target) => new Set(paramsOf(shape, target)),
    rewritesAnswers: !row.faithful,
  });
  return {
    ...(generations && { imageGenerations: openaiImageGenerations(rowOf(generations, "/images/generations")) }),
    ...(edits && {
      imageEdits: openaiImageEdits({ ...rowOf(edits, "/images/edits"), takes: edits.takes ?? "files" }),
    }),
    ...(variations && { imageVariations: openaiImageVariations(rowOf(variations, "/images/variations")) }),
  };
}

function paramsOf({ params = OPENAI_IMAGE_PARAMS, mostInputs }: Shape, target: Target): readonly string[] {
  const named = typeof params === "function" ? params(target) : params;
  return mostInputs === undefined ? named : [...named, "n"]; // as many as are asked for, in several requests
}
