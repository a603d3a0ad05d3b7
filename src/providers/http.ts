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
  const plain = unescaped(tail);
  const isSafe =
    /^(?:\/|$)/.test(tail) &&
    !plain.startsWith("//") &&
    !/[\\#\s]/.test(tail) &&
    !/\p{Cc}/u.test(plain) &&
    !plain.split(/[/\\]/).some((segment) => /^\.{1,2}$/.test(segment));
  if (!isSafe) throw new BadRequestError(`litellm.BadRequestError: ${JSON.stringify(tail.slice(0, 200))} is no path`);
  return query === "" ? tail : `${tail}?${query}`;
}

/**
 * A path as any server may read it, without its query: some undo escapes before they look (`/v1/%63hat`), take two slashes
 * for one, and leave out a slash at the end or what follows a semicolon. For judging a path, not for sending it.
 */
export function plainPath(path: string): string {
  const [tail] = splitQuery(path);
  return unescaped(tail)
    .replaceAll("\\", "/")
    .replace(/;[^/]*/g, "")
    .replace(/\/{2,}/g, "/")
    .replace(/(?<=.)\/$/, "");
}

/** How many times an escape may be escaped itself, and undone by one server after the other. */
const MOST_LAYERS = 3;

function unescaped(path: string): string {
  let plain = path;
  for (let layer = 0; layer < MOST_LAYERS && plain.includes("%"); layer++)
    plain = plain.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => textOf(escapes));
  return plain;
}

function textOf(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    // no UTF-8: byte for byte
    return escapes.replace(/%(..)/g, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
  }
}
