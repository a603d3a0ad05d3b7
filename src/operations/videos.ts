/** Videos in OpenAI's format, of providers whose own API has them otherwise. */
import type { z } from "zod";
import { BadRequestError } from "../formats/errors.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { dataUrlOf } from "../formats/openai/image-inputs.ts";
import {
  type DeletedVideo,
  type Video,
  type VideoReference,
  type VideoRequest,
  videoReferenceSchema,
  videoRequestSchema,
} from "../formats/openai/videos.ts";
import type { VideoAdapters, WholeAdapter } from "../providers/provider.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { AnyOperation, BaseRequest } from "./operation.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

const FREE: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

/** Begins one. It is paid for by its length, now: `seconds` is to be there. */
export const videoCreate: WholeOperation<VideoRequest, Video> = wholeOperation({
  name: "videos.create",
  summary: "Make a video",
  paths: [],
  request: videoRequestSchema,
  wire: "openai",
  idPrefix: "",
  params: ["input_reference", "seconds", "size"],
  adapter: (provider) => provider.videos?.create,
  async prepare(request) {
    const { input_reference: image } = request;
    return image instanceof Blob ? { ...request, input_reference: { image_url: await dataUrlOf(image) } } : request;
  },
  countInput: async () => 0,
  termsOf: ({ seconds }) => ({ measured: { seconds: Number(seconds ?? 0) } }),
  usageOf: () => FREE,
  billedFor: (_, { seconds }) => ({ measured: { seconds: Number(seconds ?? 0) } }),
  mock: mockVideo,
});

export const videoRetrieve = about<Video>("retrieve", "A video");
export const videoContent = about<unknown>("content", "The video itself");
export const videoDelete = about<DeletedVideo>("delete", "Delete a video");

/** By what they are called on the ledger. What is not here, only a provider that speaks OpenAI's API has. */
export const videoOperations: Readonly<Record<string, AnyOperation>> = Object.fromEntries(
  [videoCreate, videoRetrieve, videoContent, videoDelete].map((operation) => [operation.name, operation]),
);

function about<Answer>(
  kind: Exclude<keyof VideoAdapters, "usualSeconds" | "create">,
  summary: string,
): WholeOperation<VideoReference, Answer> {
  return wholeOperation({
    name: `videos.${kind}`,
    summary,
    paths: [],
    request: videoReferenceSchema as z.ZodType<VideoReference & BaseRequest>, // it has no streams
    wire: "openai",
    idPrefix: "",
    params: [],
    // which kind answers with what is said above, side by side
    adapter: ({ videos }) => videos?.[kind] as WholeAdapter<VideoReference, Answer> | undefined,
    countInput: async () => 0,
    usageOf: () => FREE,
    mock: noMock,
  });
}

async function mockVideo(mock: MockOptions, _: VideoRequest, { model }: { model: string }): Promise<Video> {
  throwMockError(mock, model);
  return noMock();
}

async function noMock(): Promise<never> {
  throw new BadRequestError("litellm.BadRequestError: a mock of a video would have nobody to come back for it", {
    param: "mock_response",
  });
}
