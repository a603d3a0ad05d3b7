/**
 * Google's Gemini API as clients know it: `{version}/models/{model}:{method}`. Any model of the gateway is served; the
 * names in the paths may contain slashes.
 */

import { NotFoundError } from "../../../formats/errors.ts";
import { toGoogleError } from "../../../formats/gemini/error.ts";
import { countContent } from "../../../operations/count-content.ts";
import { embedContent } from "../../../operations/embed-content.ts";
import { generateContent } from "../../../operations/generate-content.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import type { GuardedRoute, Route, RouteCall } from "../../route.ts";
import { interactionRoutes } from "../interactions/routes.ts";
import { serve } from "../operations.ts";
import { asJsonArray } from "./json-stream.ts";
import { listGoogleModels, oneGoogleModel, publicName } from "./models.ts";
import { authenticateWithQuery } from "./query-key.ts";

/** Where clients look for the API: Google's versions, LiteLLM's path without one, and its pass-through to Google. */
const ROOTS = ["/v1beta", "", "/v1", "/v1alpha", "/gemini/v1beta", "/gemini/v1", "/gemini/v1alpha"];

const google = {
  tag: "gemini",
  errorBody: toGoogleError,
  authenticate: authenticateWithQuery,
} satisfies Partial<GuardedRoute>;

export const geminiRoutes: readonly Route[] = [
  method("generateContent", generateContent, (call, model) => serve(generateContent, call, { model, stream: false })),
  method("streamGenerateContent", generateContent, streamed),
  method("countTokens", countContent, (call, model) => serve(countContent, call, { model })),
  method("embedContent", embedContent, (call, model) => serve(embedContent, call, { model })),
  method("batchEmbedContents", embedContent, (call, model) => serve(embedContent, call, { model })),
  ...interactionRoutes(google, ROOTS),
  {
    ...google,
    method: "POST",
    paths: ["/v1beta/models/:model{.+}"],
    access: "llm",
    summary: "Methods of Google's that are not served",
    handle({ context }) {
      throw new NotFoundError(`${context.req.path} is not found, or is no method that this gateway serves`);
    },
  },
  {
    ...google,
    method: "GET",
    paths: ["/v1beta/models", "/v1alpha/models"],
    access: "info",
    summary: "List the models (Google's format)",
    handle: ({ context, gateway, principal }) =>
      context.json(listGoogleModels(gateway, principal, context.req.query())),
  },
  {
    ...google,
    method: "GET",
    paths: ["/v1beta/models/:model{.+}", "/v1alpha/models/:model{.+}"],
    access: "info",
    summary: "One model (Google's format)",
    handle: ({ context, gateway, principal }) =>
      context.json(oneGoogleModel(gateway, principal, context.req.param("model") ?? "")),
  },
];

/** A method of a model. Hono's parameter holds both, as in a path a colon belongs to the name before it. */
function method(
  name: string,
  operation: AnyOperation,
  handle: (call: RouteCall, model: string) => Promise<Response>,
): GuardedRoute {
  return {
    ...google,
    method: "POST",
    paths: ROOTS.map((root) => `${root}/models/:model{.+:${name}}`),
    access: "llm",
    summary: operation.summary,
    body: operation.request,
    handle(call) {
      const { context, gateway, principal } = call;
      const given = context.req.param("model")?.slice(0, -`:${name}`.length) ?? "";
      return handle(call, publicName(gateway, principal, given));
    },
  };
}

/** With `alt=sse` events, without it a JSON array: Google's default. */
async function streamed(call: RouteCall, model: string): Promise<Response> {
  const { req } = call.context;
  const alt = req.query("alt") ?? req.query("$alt") ?? "";
  const response = await serve(generateContent, call, { model, stream: true });
  return alt.startsWith("sse") ? response : asJsonArray(response);
}
