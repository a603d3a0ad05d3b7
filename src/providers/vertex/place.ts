/** Where on Vertex AI a model is: project, location, host, and the path to its methods. */
import { BadRequestError } from "../../formats/errors.ts";
import { stringsIn } from "../../formats/json.ts";
import { joinUrl } from "../http.ts";
import type { Target } from "../provider.ts";
import { credentialsOf, paramOf, projectOf } from "./credentials.ts";
import { LABEL } from "./errors.ts";
import { type VertexModel, vertexModel } from "./model.ts";

/** LiteLLM's. */
const USUAL_LOCATION = "us-central1";

type Placed = Pick<Target, "provider" | "model" | "params" | "info">;

/** The location that is named; else one that has the model. @throws BadRequestError */
export function locationOf(target: Placed): string {
  const named = paramOf(target, "location");
  const known = stringsIn(target.info?.["supported_regions"]);
  const usual = known.includes(USUAL_LOCATION) ? USUAL_LOCATION : (known[0] ?? USUAL_LOCATION);
  return checked(named ?? usual, LOCATION, "vertex_location", target);
}

/** What goes into a host name, or a path, must not be able to change it. */
const LOCATION = /^[a-z][a-z0-9-]*$/;
const PROJECT = /^[a-z0-9][\w.:-]*$/i;

/** @throws BadRequestError where nobody says whose models are meant */
export function projectPath(target: Placed): string {
  const project = projectOf(target);
  if (project !== undefined)
    return `projects/${checked(project, PROJECT, "vertex_project", target)}/locations/${locationOf(target)}`;
  throw new BadRequestError(
    `litellm.BadRequestError: ${LABEL}Exception - no project: set vertex_project or VERTEXAI_PROJECT, or give credentials that name one (as JSON, not as a path)`,
    { provider: target.provider, model: target.model, param: "vertex_project" },
  );
}

function checked(value: string, pattern: RegExp, param: string, { provider, model }: Placed): string {
  if (pattern.test(value)) return value;
  const message = `litellm.BadRequestError: ${LABEL}Exception - ${param} ${JSON.stringify(value.slice(0, 100))} is none`;
  throw new BadRequestError(message, { provider, model, param });
}

/** Regions have a host each, several together one of their own, and the world has another. */
export function hostOf(location: string): string {
  if (location === "global") return "https://aiplatform.googleapis.com";
  if (/^(?:us|eu)$/.test(location)) return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

/** With an API key alone, no project is needed ("express mode"); then there is the one host. */
export function isExpress(target: Target): boolean {
  return target.apiKey !== undefined && credentialsOf(target) === undefined && projectOf(target) === undefined;
}

/** `beta`: the version in which methods are that the stable one lacks. */
export function versionOf({ provider, apiVersion }: Pick<Target, "provider" | "apiVersion">, beta = false): string {
  return apiVersion ?? (beta || provider === "vertex_ai_beta" ? "v1beta1" : "v1");
}

/**
 * The URL of a method of the model. `apiBase` may be a host in Google's place, any beginning of Google's path there, or
 * the model itself.
 * @param method with its query
 * @throws BadRequestError where the model's name would leave its place in the path
 */
export function methodUrl(target: Target, method: string, beta = false): string {
  const model = vertexModel(target);
  return atResource(target, resourcePath(model, target), `:${method}`, beta);
}

/** @param suffix after the resource: `:method`, or a path */
export function atResource(target: Target, resource: string, suffix: string, beta = false): string {
  const base = target.apiBase;
  if (base !== undefined && /\/(?:models|endpoints)\/[^/:]+$/.test(base)) return base + suffix;
  const parent = isExpress(target) && !resource.startsWith("endpoints/") ? "" : `${projectPath(target)}/`;
  const version = base === undefined ? undefined : VERSION.exec(base)?.[1];
  const path = `/${version ?? versionOf(target, beta)}/${parent}${resource}${suffix}`;
  return joinUrl(base ?? hostOf(parent === "" ? "global" : locationOf(target)), path);
}

/** At the end of a base, or before what is the project's. */
const VERSION = /\/(v\d+(?:(?:alpha|beta)\d*)?)(?=$|\/projects\/|\/publishers\/)/;

/** The model's place below the project. @throws BadRequestError */
export function resourcePath(
  { resource }: VertexModel,
  { provider, model }: Pick<Target, "provider" | "model">,
): string {
  const segments = resource.split("/");
  if (segments.some((segment) => segment === "" || /^\.+$/.test(segment)))
    throw new BadRequestError(`${JSON.stringify(model)} is no name of a model`, { provider, model, param: "model" });
  return segments.map((segment) => encodeURIComponent(segment).replaceAll("%40", "@")).join("/"); // as Google writes it
}
