import { joinUrl, safePath } from "./http.ts";
import type { Provider } from "./provider.ts";

/** Whatever an admin has put behind a route of the gateway's: host and headers are the deployment's. */
export const passThrough: Provider = {
  slug: "pass_through",
  label: "Pass-through",
  keyVariables: [],
  baseVariables: [],
  keyless: true,
  native: ({ method, path, headers, body }, { apiBase = "", headers: own }) => ({
    method,
    url: joinUrl(apiBase, safePath(path)),
    headers: { ...headers, ...own },
    ...(body !== undefined && { body }),
  }),
};
