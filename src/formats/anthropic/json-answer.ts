/**
 * `response_format` → `output_config.format` where the model has it, else a tool whose input is the answer.
 */
import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { JSON_TOOL } from "./assistant.ts";
import { strictSchema } from "./json-schema.ts";
import type { UpstreamTool } from "./tools.ts";

/** How the request gets its JSON: `schema` for `output_config.format`, or the schema of the tool. */
export type JsonAnswer =
  | { kind: "none" }
  | { kind: "native"; schema: Record<string, unknown> }
  | { kind: "tool"; schema: Record<string, unknown> };

/**
 * `structuredOutput`: the model has `output_config.format`.
 * @throws BadRequestError for `json_schema` without a schema
 */
export function toJsonAnswer(request: ChatRequest, structuredOutput: boolean): JsonAnswer {
  const format = request.response_format;
  const native = request["output_config"];
  if (!format || (isRecord(native) && isRecord(native["format"])) || isRecord(request["output_format"]))
    return { kind: "none" };
  switch (format.type) {
    case "json_schema": {
      const schema = format.json_schema?.schema ?? legacySchema(format);
      if (!schema)
        throw new BadRequestError("response_format of type json_schema needs json_schema.schema.", {
          param: "response_format.json_schema.schema",
        });
      return structuredOutput ? { kind: "native", schema: strictSchema(schema) } : { kind: "tool", schema };
    }
    case "json_object": {
      const schema = legacySchema(format);
      return { kind: "tool", schema: schema ?? { type: "object", properties: {}, additionalProperties: true } };
    }
    default: // text
      return { kind: "none" };
  }
}

/** LiteLLM's `response_schema` (of Vertex) beside the type. */
function legacySchema(format: Record<string, unknown>): Record<string, unknown> | undefined {
  const schema = format["response_schema"] ?? format["schema"];
  return isRecord(schema) ? schema : undefined;
}

export function jsonTool(schema: Record<string, unknown>): UpstreamTool {
  return {
    name: JSON_TOOL,
    description: "Gives the answer to the user. Call it once, with the whole answer as its input.",
    input_schema: schema["type"] === undefined ? { type: "object", ...schema } : schema,
  };
}
