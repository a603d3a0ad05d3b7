import type { GenerateContentCall } from "../formats/gemini/as-chat.ts";
import { OWN_FIELDS } from "../formats/gemini/call.ts";
import { camelCase } from "../formats/gemini/json.ts";
import type { Content, GenerateContentResponse } from "../formats/gemini/types.ts";
import { isRecord, type JsonObject } from "../formats/json.ts";
import { generateContent as operation } from "../operations/generate-content.ts";
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

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

/**
 * One answer in Google's format, by any provider: natively from Google, by chat from all others.
 *
 * @example
 * const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
 * const { candidates } = await generateContent({ model: "anthropic/claude-sonnet-4-5", contents });
 * @throws the error classes of this library
 */
export async function generateContent(
  params: GenerateContentParams,
  options: AskOptions = {},
): Promise<GenerateContentResponse> {
  return plain(await asked(params, false, options));
}

/**
 * The same as a stream of responses; leaving the loop stops the provider.
 *
 * @example
 * for await (const { candidates } of await generateContentStream({ model: "gemini/gemini-2.5-flash", contents }))
 *   process.stdout.write(candidates?.[0]?.content?.parts?.[0]?.text ?? "");
 * @throws the error classes of this library
 */
export async function generateContentStream(
  params: GenerateContentParams,
  options: AskOptions = {},
): Promise<AsyncIterable<GenerateContentResponse>> {
  const answer = await asked(params, true, options);
  return Symbol.asyncIterator in answer ? said(answer as AsyncIterable<object>) : said(once(answer)); // just looked
}

async function asked(params: GenerateContentParams, stream: boolean, options: AskOptions): Promise<object> {
  const fields = Object.fromEntries([...OWN_FIELDS].map((name) => [name, true]));
  const { request, connection, call } = splitParams<JsonObject>(withConfig(params), fields);
  const asked: GenerateContentCall = { ...request, model: params.model, stream };
  return ask(operation, asked, deploymentOf(params.model, connection, options.env), call, {}, options);
}

function withConfig({ config, ...params }: GenerateContentParams): JsonObject {
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
