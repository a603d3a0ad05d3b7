import {
  type ModerationRequest,
  type ModerationResponse,
  moderationRequestSchema,
} from "../formats/openai/moderations.ts";
import { moderations } from "../operations/moderations.ts";
import { type AskOptions, askWhole, type LibraryOptions } from "./ask.ts";

/** OpenAI's request, with LiteLLM's options beside it. `openai/omni-moderation-latest` unless a model is named. */
export type ModerationParams = Omit<ModerationRequest, "model"> & { model?: string } & LibraryOptions;

/**
 * What is harmful in texts and images.
 *
 * @example
 * const { results } = await moderation({ input: "I will find you" });
 * @throws the error classes of this library
 */
export function moderation(params: ModerationParams, options: AskOptions = {}): Promise<ModerationResponse> {
  const { model = "openai/omni-moderation-latest", ...rest } = params;
  // the request's own fields, its model among them; the open type loses sight of `input`
  const request = { ...rest, model } as ModerationRequest & LibraryOptions;
  return askWhole(moderations, moderationRequestSchema, request, options);
}
