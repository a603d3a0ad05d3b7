/** `['a', 'b']`: lists in LiteLLM's texts, which are Python's. */
export function pythonList(values: readonly string[]): string {
  return `[${values.map((value) => `'${value}'`).join(", ")}]`;
}
