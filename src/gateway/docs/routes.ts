import type { Route } from "../route.ts";
import { describeApi, openapiPath } from "./openapi.ts";
import { PAGE, PAGE_POLICY, PAGE_SCRIPT } from "./page.ts";

/** The routes that describe the others (and themselves). */
export function docsRoutes(described: readonly Route[]): readonly Route[] {
  const docs: readonly Route[] = [
    {
      method: "GET",
      paths: ["/openapi.json"],
      access: "public",
      summary: "The API's description in OpenAPI 3.1",
      tag: "docs",
      handle: ({ context }) => context.json(describeApi([...described, ...docs])),
    },
    {
      method: "GET",
      paths: ["/docs", "/"],
      access: "public",
      summary: "This page",
      tag: "docs",
      handle: async () =>
        new Response(PAGE, {
          headers: {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": PAGE_POLICY.replace("HASH", await scriptHash()),
          },
        }),
    },
    {
      method: "GET",
      paths: ["/routes"],
      access: "public",
      summary: "Every path and method",
      tag: "docs",
      handle: ({ context }) =>
        context.json({
          routes: [...described, ...docs].flatMap(({ method, paths, summary }) =>
            paths.map((path) => ({ path: openapiPath(path), methods: [method], name: summary })),
          ),
        }),
    },
  ];
  return docs;
}

/** The one script the page may run, by its SHA-256 in base64. */
async function scriptHash(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(PAGE_SCRIPT));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
