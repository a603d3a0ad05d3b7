/** Ids of function calls, which AI Studio has and Vertex AI refuses ("Unknown name \"id\""): there, order tells. */
import { isRecord, type JsonObject } from "../json.ts";

const CALLS = ["functionCall", "functionResponse", "function_call", "function_response"];

/** The request with none; the same one where there are none. */
export function withoutCallIds(body: JsonObject): JsonObject {
  const { contents } = body;
  const stripped = eachOf(contents, (content) => {
    const parts = eachOf(content["parts"], partWithoutId);
    return parts === content["parts"] ? content : { ...content, parts };
  });
  return stripped === contents ? body : { ...body, contents: stripped };
}

function partWithoutId(part: JsonObject): JsonObject {
  const name = CALLS.find((one) => isRecord(part[one]) && "id" in part[one]);
  const call = name === undefined ? undefined : part[name];
  if (name === undefined || !isRecord(call)) return part;
  const { id: _, ...rest } = call;
  return { ...part, [name]: rest };
}

/** Of an object alone as of a list of them: Google's parser takes either. */
function eachOf(value: unknown, change: (item: JsonObject) => JsonObject): unknown {
  if (isRecord(value)) return change(value);
  if (!Array.isArray(value)) return value;
  const changed = value.map((item: unknown) => (isRecord(item) ? change(item) : item));
  return changed.every((item, index) => item === value[index]) ? value : changed;
}
