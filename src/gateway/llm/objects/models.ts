/** The models that bodies name: what clients call them → what the provider does. */
import { isRecord } from "../../../formats/json.ts";

/** Where models stand beside the top of a body: graders, sources of data. */
const HOLDERS: ReadonlySet<string> = new Set([
  "data_source",
  "testing_criteria",
  "method",
  "supervised",
  "dpo",
  "reinforcement",
  "grader",
  "graders",
]);

/** The names, the one at the top first. */
export function modelsIn(body: unknown): string[] {
  const names = new Set<string>();
  withModels(body, (name) => {
    names.add(name);
    return name;
  });
  return [...names];
}

export function withModels(body: unknown, nameFor: (model: string) => string): unknown {
  if (!isRecord(body)) return body;
  const { model } = body;
  const own = typeof model === "string" && model !== "" ? { model: nameFor(model) } : {};
  const held = Object.entries(body)
    .filter(([name]) => HOLDERS.has(name))
    .map(([name, value]) => [name, inHolder(value, nameFor)]);
  return { ...body, ...own, ...Object.fromEntries(held) };
}

/** One grader, a list of them, or several by name. */
function inHolder(value: unknown, nameFor: (model: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withModels(item, nameFor));
  if (!isRecord(value)) return value;
  const named = Object.entries(value).map(([name, inner]) => [
    name,
    isGrader(inner) ? withModels(inner, nameFor) : inner,
  ]);
  return withModels(Object.fromEntries(named), nameFor);
}

const isGrader = (value: unknown) => isRecord(value) && typeof value["model"] === "string";
