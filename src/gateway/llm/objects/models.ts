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
    .map(([name, value]) => [name, inHolder(name, value, nameFor)]);
  return { ...body, ...own, ...Object.fromEntries(held) };
}

/** One grader or source, a list of them, or several graders by name. */
function inHolder(name: string, value: unknown, nameFor: (model: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withModels(item, nameFor));
  if (name !== "graders" || !isRecord(value)) return withModels(value, nameFor);
  return Object.fromEntries(Object.entries(value).map(([key, grader]) => [key, withModels(grader, nameFor)]));
}
