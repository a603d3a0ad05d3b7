/** Vertex AI's addresses in the recordings: what of them users configure, and what the path alone tells. */
import type { Exchange } from "./exchanges.ts";

export function isVertex({ provider }: Pick<Exchange, "provider">): boolean {
  return provider.startsWith("vertex_");
}

/** The model stands in the path, whoever made it. */
export function vertexModelName({ url }: Pick<Exchange, "url">): string | undefined {
  return /\/models\/([^/:]+):/.exec(decodeURIComponent(url.pathname))?.[1];
}

/** Version, project and location; of a call with a key alone there is but the first. */
export function vertexParams(exchange: Pick<Exchange, "provider" | "url">): Record<string, string> {
  if (!isVertex(exchange)) return {};
  const path = decodeURIComponent(exchange.url.pathname);
  const [, version = "v1"] = /^\/(v[^/]+)/.exec(path) ?? [];
  const [, project, location] = /\/projects\/([^/]+)\/locations\/([^/]+)/.exec(path) ?? [];
  return {
    api_version: version,
    ...(project !== undefined && location !== undefined && { vertex_project: project, vertex_location: location }),
  };
}
