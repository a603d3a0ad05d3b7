import { z } from "zod";
import { VERSION } from "../../call/version.ts";
import type { Route } from "../route.ts";

/** The API's description, made from the table of routes and the schemas of the operations. */
export function describeApi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    for (const path of route.paths) {
      const documented = openapiPath(path);
      const parameters = [...documented.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: "path",
        required: true,
        schema: { type: "string" },
      }));
      paths[documented] = { ...paths[documented], [route.method.toLowerCase()]: operation(route, parameters) };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sluice",
      version: VERSION,
      description: "An LLM gateway at the edge: OpenAI's API for every provider.",
    },
    servers: [{ url: "/" }],
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "A key of this gateway, `sk-...`" } },
    },
    paths,
  };
}

/** `/engines/:model{.+}/x` → `/engines/{model}/x`, `/models/:model{.+:embedContent}` → `/models/{model}:embedContent` */
export function openapiPath(path: string): string {
  return path.replace(/:(\w+)(?:\{[^}:]*(:\w+)?\})?/g, "{$1}$2").replace(/\*$/, "{endpoint}");
}

function operation(route: Route, parameters: object[]) {
  return {
    summary: route.summary,
    tags: [route.tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.access === "public" ? {} : { security: [{ key: [] }] }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: jsonSchema(route.body) } } } }),
    responses: {
      200: { description: "The answer" },
      ...(route.access === "public" ? {} : { 401: { description: "No key, or a wrong one" } }),
    },
  };
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return body;
}
