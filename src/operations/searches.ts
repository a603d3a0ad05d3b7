/** Web searches a model makes of itself where nobody says how many. */
const USUAL_SEARCHES = 5;

/** Web searches that the tools of a request allow. */
export function searchesOf(tools: readonly { type?: string | null; [field: string]: unknown }[]): number {
  return tools
    .filter(({ type }) => type?.startsWith("web_search"))
    .map(({ max_uses }) => (typeof max_uses === "number" && max_uses >= 0 ? max_uses : USUAL_SEARCHES))
    .reduce((sum, uses) => sum + uses, 0);
}
