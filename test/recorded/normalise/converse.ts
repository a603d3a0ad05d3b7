/** The same said in two ways in Bedrock's Converse. */
import { isRecord, type Json, recordOf, recordsOf } from "../json.ts";
import { mapRecords, type Rule } from "./rules.ts";

/** Lists and objects that are empty say nothing; a choice left to the model is what it does anyway. */
function emptyIsAbsent(body: Json): Json {
  const normal: Json = { ...body };
  for (const name of ["system", "inferenceConfig", "additionalModelRequestFields", "toolConfig", "requestMetadata"]) {
    const value = normal[name];
    const size = Array.isArray(value) ? value.length : isRecord(value) ? Object.keys(value).length : 1;
    if (size === 0 || value === null) delete normal[name];
  }
  const { stopSequences, ...inference } = recordOf(normal["inferenceConfig"]);
  if (Array.isArray(stopSequences) && stopSequences.length === 0) normal["inferenceConfig"] = inference;
  const { toolChoice, ...tools } = recordOf(normal["toolConfig"]);
  if (isRecord(toolChoice) && "auto" in toolChoice) normal["toolConfig"] = tools;
  return normal;
}

/** A result is a success unless it says otherwise. */
function successIsDefault(body: Json): Json {
  const block = (one: Json): Json => {
    const { toolResult } = one;
    if (!isRecord(toolResult)) return one;
    const { status, ...rest } = toolResult;
    return { toolResult: status === "error" ? toolResult : rest };
  };
  return {
    ...body,
    messages: mapRecords(body["messages"], (turn) => ({ ...turn, content: mapRecords(turn["content"], block) })),
  };
}

/** Some SDKs say fields with their default, and schemas without a type are those of objects. */
function schemaIsText(body: Json): Json {
  const format = recordOf(recordOf(body["outputConfig"])["textFormat"]);
  const { schema, ...rest } = recordOf(recordOf(format["structure"])["jsonSchema"]);
  if (typeof schema !== "string") return body;
  const jsonSchema = { ...rest, schema: JSON.parse(schema) };
  return { ...body, outputConfig: { textFormat: { ...format, structure: { jsonSchema } } } };
}

/** Consecutive turns of one role are one. */
function neighboursAreOneTurn(body: Json): Json {
  const turns: Json[] = [];
  for (const turn of recordsOf(body["messages"])) {
    const last = turns.at(-1);
    if (last && last["role"] === turn["role"])
      last["content"] = [...recordsOf(last["content"]), ...recordsOf(turn["content"])];
    else turns.push({ ...turn });
  }
  return { ...body, messages: turns };
}

export const RULES: readonly Rule[] = [emptyIsAbsent, successIsDefault, schemaIsText, neighboursAreOneTurn];
