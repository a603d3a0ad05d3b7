/** `GET /v1beta/models`: what this gateway serves, in Google's shape. Source: Gemini API reference, "Models". */
import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { findModel, type ModelInfo } from "../../../models/catalogue.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import type { Gateway } from "../../gateway.ts";
import { mayUse, modelNames, teamOf } from "../../model-names.ts";

const USUAL_PAGE = 50;
const LARGEST_PAGE = 1000;

/** Clients of Google's ask under the same paths as others, and name their key, or themselves, as Google has it. */
export function isGoogles(headers: Headers): boolean {
  return headers.has("x-goog-api-key") || headers.has("x-goog-api-client");
}

/**
 * @param query of the request, in either case
 * @throws BadRequestError where there is no such page
 */
export function listGoogleModels(gateway: Gateway, principal: Principal, query: Readonly<Record<string, string>>) {
  const pageSize = query["pageSize"] ?? query["page_size"];
  const pageToken = query["pageToken"] ?? query["page_token"];
  const names = modelNames(gateway, principal, false);
  const size = pageSize === undefined || pageSize === "" ? USUAL_PAGE : Number(pageSize);
  if (!Number.isInteger(size) || size < 0) throw invalid("pageSize", "pageSize must be a whole number");
  const start = pageToken ? placeAfter(names, pageToken) : 0;
  const end = start + Math.min(size || USUAL_PAGE, LARGEST_PAGE);
  const last = names[end - 1];
  return {
    models: names.slice(start, end).map((name) => googleModel(gateway, principal, name)),
    ...(end < names.length && last !== undefined && { nextPageToken: tokenOf(last) }),
  };
}

/**
 * @param given with or without the `models/` that belongs to Google's own names
 * @throws NotFoundError where there is none, or none for this caller
 */
export function oneGoogleModel(gateway: Gateway, principal: Principal, given: string) {
  const name = publicName(gateway, principal, given);
  if (!gateway.router.groups.serves(name, teamOf(principal)) || !mayUse(gateway, principal, name))
    throw new NotFoundError(`models/${name} is not found. Call ListModels to see the list of available models.`);
  return googleModel(gateway, principal, name);
}

/** The gateway's name of a model in a path: Google's clients may repeat `models/`. */
export function publicName({ router }: Gateway, principal: Principal, given: string): string {
  return router.groups.serves(given, teamOf(principal)) ? given : given.replace(/^models\//, "");
}

function googleModel({ router }: Gateway, principal: Principal, id: string) {
  const info = router.groups.describe(id, teamOf(principal)) ?? findModel(id) ?? {};
  const { max_input_tokens: inputTokenLimit, max_output_tokens: outputTokenLimit } = info;
  return {
    name: `models/${id}`,
    version: "",
    displayName: id,
    ...(inputTokenLimit !== undefined && { inputTokenLimit }),
    ...(outputTokenLimit !== undefined && { outputTokenLimit }),
    supportedGenerationMethods: methodsOf(info),
    ...(info.supports_reasoning === true && { thinking: true }),
  };
}

function methodsOf({ mode }: ModelInfo): string[] {
  switch (mode) {
    case "embedding":
      return ["embedContent", "batchEmbedContents", "countTokens"];
    case undefined:
    case "chat":
    case "completion":
    case "responses":
      return ["generateContent", "streamGenerateContent", "countTokens"];
    default:
      return [];
  }
}

/** A page begins after the last name of the one before, whatever came or went meanwhile. */
function tokenOf(name: string): string {
  return encodeURIComponent(name);
}

function placeAfter(names: readonly string[], token: string): number {
  const at = names.findIndex((name) => tokenOf(name) === token);
  if (at === -1) throw invalid("pageToken", "pageToken is none of this list's");
  return at + 1;
}

function invalid(param: string, message: string): BadRequestError {
  return new BadRequestError(`litellm.BadRequestError: ${message}`, { param });
}
