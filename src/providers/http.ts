import { BadRequestError } from "../formats/errors.ts";

/**
 * Joins a base URL and the path of an operation. Tolerates slashes at the end of the base, keeps the queries of both,
 * and does not repeat what the base already ends with: whoever configures `https://host/v1` or the whole
 * `https://host/v1/chat/completions` means the same.
 *
 * @example joinUrl("https://host/v1/?version=2", "/v1/models") // "https://host/v1/models?version=2"
 */
export function joinUrl(base: string, path: string): string {
  const [address, baseQuery] = splitQuery(base);
  const [tail, pathQuery] = splitQuery(path);
  const queries = [baseQuery, pathQuery].filter((query) => query !== "");
  const query = queries.length === 0 ? "" : `?${queries.join("&")}`;
  let end = address.length;
  while (address[end - 1] === "/") end--;
  const root = address.slice(0, end);
  const segments = tail.split("/").slice(1);
  for (let known = segments.length; known > 0; known--) {
    if (root.endsWith(`/${segments.slice(0, known).join("/")}`))
      return [root, ...segments.slice(known)].join("/") + query;
  }
  return root + tail + query;
}

function splitQuery(url: string): [address: string, query: string] {
  const mark = url.indexOf("?");
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

/**
 * A path of a client's that is to be joined to a provider's base.
 * @throws BadRequestError where it could lead to another host, or climb out of the base
 */
export function safePath(path: string): string {
  const [tail, query] = splitQuery(path);
  const isSafe =
    /^(?:\/|$)/.test(tail) &&
    !tail.startsWith("//") &&
    !/[\\#\s\p{Cc}]/u.test(tail) &&
    !tail.split("/").some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
  if (!isSafe) throw new BadRequestError(`litellm.BadRequestError: ${JSON.stringify(tail.slice(0, 200))} is no path`);
  return query === "" ? tail : `${tail}?${query}`;
}
