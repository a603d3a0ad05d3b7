import {
  type ModerationRequest,
  type ModerationResponse,
  moderationRequestSchema,
} from "../formats/openai/moderations.ts";
import { moderations } from "../operations/moderations.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, wholeMethod } from "./method.ts";

/** OpenAI's request, with LiteLLM's options beside it. `openai/omni-moderation-latest` unless a model is named. */
export type ModerationParams = Omit<ModerationRequest, "model"> & { model?: string } & LibraryOptions;

export type ModerationCall<More = unknown> = (
  params: ModerationParams & More,
  options?: AskOptions,
) => Promise<ModerationResponse>;

export const moderationMethod = wholeMethod(moderations, moderationRequestSchema.shape);

/**
 * What is harmful in texts and images.
 *
 * @example
 * const { results } = await moderation({ input: "I will find you" });
 * @throws the error classes of this library
 */
export const moderation = direct<ModerationCall>({
  ...moderationMethod,
  asked: ({ model = "openai/omni-moderation-latest", ...params }) => ({ ...params, model }),
});
