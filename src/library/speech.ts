import { type SpeechEvent, type SpeechRequest, speechRequestSchema } from "../formats/openai/speech.ts";
import { speech as operation } from "../operations/speech.ts";
import { type AskOptions, answerTo, chunksOf, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** OpenAI's request, with LiteLLM's options beside it. */
export type SpeechParams = SpeechRequest & LibraryOptions;

/**
 * A text spoken, by any provider that speaks.
 *
 * @example
 * const response = await speech({ model: "openai/gpt-4o-mini-tts", voice: "alloy", input: "Hello" });
 * await writeFile("hello.mp3", await response.bytes());
 * @returns a `Response` whose body is the audio as it comes, and whose content type is the audio's; with
 * `stream_format: "sse"` an iterable of OpenAI's events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export function speech(
  params: SpeechParams & { stream_format: "sse" },
  options?: AskOptions,
): Promise<AsyncIterable<SpeechEvent>>;
export function speech(
  params: SpeechParams & { stream_format?: "audio" | null },
  options?: AskOptions,
): Promise<Response>;
export async function speech(
  params: SpeechParams,
  options: AskOptions = {},
): Promise<Response | AsyncIterable<SpeechEvent>> {
  const { request, connection, call } = splitParams(params, speechRequestSchema.shape);
  const deployment = deploymentOf(params.model, connection, options.env);
  const { answer, meter } = await answerTo(operation, request, deployment, call, {}, options);
  if (answer.kind === "stream") return chunksOf(answer, meter, true);
  const [body, type] =
    answer.kind === "bytes" ? [answer.body, answer.contentType] : [answer.body.audio, answer.body.contentType];
  return new Response(body, { headers: { "content-type": type } });
}
