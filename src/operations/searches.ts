/** Web searches a model makes of itself where nobody says how many. */
const USUAL_SEARCHES = 5;

/** Names under which providers have a search of the web or of posts: as a type, or as a field (Google). */
const SEARCHES = /^(?:web_search|x_search|live_search|browser_search|enterprise_web_search|google_?search)/i;

/** Web searches that the tools of a request allow. */
export function searchesOf(tools: readonly { type?: string | null; [field: string]: unknown }[]): number {
  return tools
    .filter(({ type, function: definition, ...fields }) =>
      typeof type === "string" && type !== ""
        ? SEARCHES.test(type)
        : definition === undefined && Object.keys(fields).some((name) => SEARCHES.test(name)),
    )
    .map(({ max_uses }) => (typeof max_uses === "number" && max_uses >= 0 ? max_uses : USUAL_SEARCHES))
    .reduce((sum, uses) => sum + uses, 0);
}
