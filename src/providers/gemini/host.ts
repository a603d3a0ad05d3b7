/** Where Google's models are served: what differs between AI Studio and Vertex AI. */
import type { SluiceError } from "../../formats/errors.ts";
import type { JsonObject } from "../../formats/json.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import type { Target, UpstreamFailure } from "../provider.ts";
import { endpoint, headers } from "./endpoint.ts";
import { geminiError, LABEL } from "./errors.ts";

export interface GeminiHost {
  /** As it stands in error messages before `Exception`. */
  label: string;
  /** @param method with its query */
  endpoint(target: Target, method: string): string;
  headers(target: Target, request?: ChatRequest): Record<string, string>;
  fail(failure: UpstreamFailure): SluiceError;
  /** It wants to be told that functions stand beside Google's own tools. */
  announcesToolCombination?: true;
  /** It refuses ids of function calls. */
  refusesCallIds?: true;
  /** OpenAI's parameters that it takes beyond those every host does. */
  params?: readonly string[];
  /** The body made of a chat, with what the host has otherwise. */
  chatBody?(body: JsonObject, request: ChatRequest): JsonObject;
  /** The same for a body of a client of Google's. */
  nativeBody?(body: JsonObject): JsonObject;
}

export const aiStudio: GeminiHost = {
  label: LABEL,
  endpoint,
  headers,
  fail: (failure) => geminiError(failure),
  announcesToolCombination: true,
};
