/** `response_format` → `outputConfig.textFormat` where the model has it, else a tool whose input is the answer. */
import { JSON_TOOL } from "../anthropic/assistant.ts";
import { type JsonAnswer, jsonTool, toJsonAnswer } from "../anthropic/json-answer.ts";
import { isRecord, type JsonObject } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { objectSchema } from "./tools.ts";

/**
 * @param structuredOutput the model has `outputConfig.textFormat`
 * @throws BadRequestError for `json_schema` without a schema
 */
export function answerOf(request: ChatRequest, structuredOutput: boolean): JsonAnswer {
  if (isRecord(request["outputConfig"])) return { kind: "none" };
  return toJsonAnswer(request, structuredOutput);
}

export function textFormat(schema: JsonObject, { response_format }: ChatRequest): JsonObject {
  const { name, description } = response_format?.json_schema ?? {};
  const jsonSchema = {
    schema: JSON.stringify(schema),
    ...(name && { name }),
    ...(description && { description }),
  };
  return { textFormat: { type: "json_schema", structure: { jsonSchema } } };
}

export function answerTool(schema: JsonObject): JsonObject {
  const { name, description } = jsonTool(schema);
  return { toolSpec: { name, description, inputSchema: { json: objectSchema(schema) } } };
}

export const ANSWER_CHOICE: JsonObject = { tool: { name: JSON_TOOL } };
