/**
 * Where Microsoft Foundry (once Azure AI Studio) serves a model. Source: Microsoft, "Endpoints for Microsoft Foundry
 * Models": models of all makers at `/models`, Azure OpenAI's API at `/openai`, those of makers at `/anthropic` and
 * `/providers/...`; serverless deployments have a host of their own, and the operations at its root.
 */

import { deploymentPath, isV1, resourcePath, rootOf as rootOfAzure, v1Layout, versionQuery } from "../azure/place.ts";
import type { Path } from "../openai/endpoint.ts";
import type { Target } from "../provider.ts";

/** What an address is of, by what it says, else by its host. */
type Kind = "models" | "openai" | "serverless";

/** LiteLLM's, and the one that all recordings have. */
const USUAL_VERSION = "2024-05-01-preview";

/** What stands after the root of a Foundry. The models of a project are those of its Foundry. */
const FOUNDRYS_PATH = /(?:\/api\/projects\/[^/]+)?\/+(?:models|anthropic|providers)(?:\/.*)?$|\/api\/projects\/[^/]+$/;

function kindOf(base: string): Kind {
  const [address = ""] = base.split("?", 1);
  if (/\/openai(?:\/|$)/.test(address)) return "openai";
  if (/\/models(?:\/|$)/.test(address)) return "models";
  const host = URL.parse(address)?.host ?? "";
  if (/\.(?:openai|cognitiveservices)\.azure\.com$/.test(host)) return "openai";
  return /\.services\.ai\.azure\.com$/.test(host) || FOUNDRYS_PATH.test(address) ? "models" : "serverless";
}

/** What of the base stands before every path. */
export function rootOf(base: string): string {
  if (kindOf(base) === "openai") return rootOfAzure(base);
  const [address = ""] = base.split("?", 1);
  return address.replace(/\/+$/, "").replace(FOUNDRYS_PATH, "");
}

/** Is it a host of Azure's own that takes `api-key`, as its search does? Serverless deployments take a bearer's token. */
export function takesApiKey(base: string): boolean {
  return (
    kindOf(base) !== "serverless" || /\.search\.(?:windows\.net|azure\.(?:us|cn))$/.test(URL.parse(base)?.host ?? "")
  );
}

/** The path of an operation that has the model in its body. */
export function modelPath(path: string): Path {
  return (target, base) => {
    const version = versionOf(target, base);
    switch (kindOf(base)) {
      case "openai":
        return openaiPath(path, target, base);
      case "models":
        if (version !== undefined && isV1(version)) return resourcePath(path, v1Layout(version));
        return `/models${path}?${versionQuery(version ?? USUAL_VERSION)}`;
      case "serverless":
        return version === undefined ? path : `${path}?${versionQuery(version)}`;
    }
  };
}

/** By `/openai/v1`, which all models have, unless a version with a date is said. */
function openaiPath(path: string, target: Target, base: string): string {
  const version = versionOf(target, base);
  const isDated = version !== undefined && !isV1(version) && !/\/openai\/v1(?:[/?]|$)/.test(base);
  return deploymentPath(target, path, isDated ? { name: "dated", version } : v1Layout(version));
}

/** Azure OpenAI's API of a Foundry, with the model in its body. */
export function responsesPath(target: Target, base: string): string {
  return resourcePath("/responses", v1Layout(versionOf(target, base)));
}

/** Operations of models that only Azure OpenAI's API has, by a version that has them. */
export function deploymentOperation(path: string, usualVersion: string): Path {
  return (target, base) => {
    const version = versionOf(target, base) ?? usualVersion;
    return deploymentPath(target, path, isV1(version) ? v1Layout(version) : { name: "dated", version });
  };
}

/** The path of a maker's own API at a Foundry, and at a host of its own. */
export function makersPath(atFoundry: string, atHost: string): Path {
  return (_, base) => (kindOf(base) === "serverless" ? atHost : atFoundry);
}

function versionOf({ apiVersion, params }: Target, base: string): string | undefined {
  const inBase = new URLSearchParams(base.split("?", 2)[1]).get("api-version") ?? undefined;
  const usual = params?.["api_version"];
  return apiVersion ?? inBase ?? (typeof usual === "string" && usual !== "" ? usual : undefined);
}

/** Whoever writes the path himself may leave the version to the gateway. */
export function withVersion(path: string, target: Target): string {
  const takesOne = /^\/(?:models\/|openai\/(?!v1(?:[/?]|$)))/.test(path);
  if (!takesOne || /[?&]api-version=/i.test(path)) return path;
  const version = versionOf(target, target.apiBase ?? "");
  const chosen = version === undefined || isV1(version) ? USUAL_VERSION : version;
  return `${path}${path.includes("?") ? "&" : "?"}${versionQuery(chosen)}`;
}
