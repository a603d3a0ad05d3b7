/** Where and how a method of Google AI Studio's API is reached. */
import { BadRequestError } from "../../formats/errors.ts";
import { joinUrl, safePath } from "../http.ts";
import type { NativeCall, Target, UpstreamRequest } from "../provider.ts";

export const BASE = "https://generativelanguage.googleapis.com";

/**
 * `apiBase` may be the host, or the host with a version.
 * @param method with its query
 * @throws BadRequestError where the model's name would leave its place in the path
 */
export function endpoint(target: Target, method: string): string {
  const path = resourceName(target.model).split("/").map(encodeURIComponent).join("/");
  return `${rootOf(target)}/${path}:${method}`;
}

/** Host and version. */
export function rootOf({ apiBase, apiVersion }: Target): string {
  const base = (apiBase ?? BASE).replace(/\/+$/, "");
  return /\/v\d+(?:(?:alpha|beta)\d*)?$/.test(base) ? base : `${base}/${apiVersion ?? "v1beta"}`;
}

/** The model as the API names it. @throws BadRequestError where it would leave its place in the path */
export function resourceName(model: string): string {
  const name = /^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`;
  if (name.split("/").some((segment) => segment === "" || /^\.+$/.test(segment)))
    throw new BadRequestError(`${JSON.stringify(model)} is no name of a model`, { param: "model" });
  return name;
}

/** The key goes into a header: URLs end up in logs. */
export function headers({ apiKey, headers: own = {} }: Target): Record<string, string> {
  const key = apiKey?.reveal();
  const authorized = own["x-goog-api-key"] !== undefined || own["authorization"] !== undefined;
  return {
    "content-type": "application/json",
    ...(key && !authorized ? { "x-goog-api-key": key } : {}),
    ...own,
  };
}

/** The client's own request to Google's API, with the gateway's key. @throws BadRequestError where its path is none */
export function native({ method, path, headers: given, body }: NativeCall, target: Target): UpstreamRequest {
  const url = joinUrl(target.apiBase ?? BASE, safePath(path));
  return {
    method,
    url,
    headers: { ...given, ...headers(target), ...contentType(given) },
    ...(body !== undefined && { body }),
  };
}

/** A form has a boundary to tell. */
function contentType({ "content-type": type }: Record<string, string>): Record<string, string> {
  return type === undefined ? {} : { "content-type": type };
}
