import type { GenerateContentCall as Asked, GeneratedChunk, GeneratedContent } from "../formats/gemini/as-chat.ts";
import { OWN_FIELDS } from "../formats/gemini/call.ts";
import { camelCase } from "../formats/gemini/json.ts";
import type { Content, GenerateContentResponse } from "../formats/gemini/types.ts";
import { isRecord, type JsonObject } from "../formats/json.ts";
import { generateContent as operation } from "../operations/generate-content.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method, type NamedParams } from "./method.ts";

/**
 * The body of Google's `generateContent`, with the model, and LiteLLM's options beside it. `config` is what Google's
 * SDKs call so: the fields of `generationConfig`, and `systemInstruction`, `tools`, `safetySettings`, ... among them.
 */
export interface GenerateContentParams extends LibraryOptions {
  model: string;
  contents: Content | Content[];
  config?: JsonObject;
  [field: string]: unknown;
}

export type GenerateContentCall<More = unknown> = (
  params: GenerateContentParams & More,
  options?: AskOptions,
) => Promise<GenerateContentResponse>;

export type GenerateContentStreamCall<More = unknown> = (
  params: GenerateContentParams & More,
  options?: AskOptions,
) => Promise<AsyncIterable<GenerateContentResponse>>;

type ContentMethod = Method<Asked, GeneratedContent, GeneratedChunk>;

const method = {
  operation,
  fields: Object.fromEntries(["model", ...OWN_FIELDS].map((name) => [name, true])),
} satisfies ContentMethod;

export const generateContentMethod: ContentMethod = {
  ...method,
  asked: (params) => ({ ...withConfig(params), stream: false }),
  whole: plain,
};

export const generateContentStreamMethod: ContentMethod = {
  ...method,
  asked: (params) => ({ ...withConfig(params), stream: true }),
  whole: (answer) => said(once(answer)),
  streamed: said,
};

/**
 * One answer in Google's format, by any provider: natively from Google, by chat from all others.
 *
 * @example
 * const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
 * const { candidates } = await generateContent({ model: "anthropic/claude-sonnet-4-5", contents });
 * @throws the error classes of this library
 */
export const generateContent = direct<GenerateContentCall>(generateContentMethod);

/**
 * The same as a stream of responses; leaving the loop stops the provider.
 *
 * @example
 * for await (const { candidates } of await generateContentStream({ model: "gemini/gemini-2.5-flash", contents }))
 *   process.stdout.write(candidates?.[0]?.content?.parts?.[0]?.text ?? "");
 * @throws the error classes of this library
 */
export const generateContentStream = direct<GenerateContentStreamCall>(generateContentStreamMethod);

function withConfig({ config, ...params }: NamedParams): NamedParams {
  if (!isRecord(config)) return params;
  const own = Object.entries(config).filter(([name]) => OWN_FIELDS.has(camelCase(name)));
  const generation = Object.entries(config).filter(([name]) => !OWN_FIELDS.has(camelCase(name)));
  const given = isRecord(params["generationConfig"]) ? params["generationConfig"] : {};
  return { ...Object.fromEntries(own), ...params, generationConfig: { ...Object.fromEntries(generation), ...given } };
}

async function* once(answer: object): AsyncGenerator<object> {
  yield answer;
}

/** Without what tells the gateway alone something. */
async function* said(chunks: AsyncIterable<object>): AsyncGenerator<GenerateContentResponse> {
  for await (const chunk of chunks) if (Object.keys(chunk).length > 0) yield plain(chunk);
}

function plain(answer: object): GenerateContentResponse {
  return Object.fromEntries(Object.entries(answer));
}
