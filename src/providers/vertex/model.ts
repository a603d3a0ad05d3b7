/** By which of Vertex AI's APIs a model is asked, by its name: Google's own, or its maker's. Source: LiteLLM's names. */
import type { Target } from "../provider.ts";

export type VertexKind =
  /** Google's own, also tuned ones at an endpoint of their own. */
  | "gemini"
  /** Anthropic's Messages API, by `rawPredict`. */
  | "claude"
  /** Mistral's own API, by `rawPredict`. */
  | "mistral"
  /** AI21's own API, by `rawPredict`. */
  | "ai21"
  /** Any maker's, by OpenAI's chat completions (`endpoints/openapi`). */
  | "openapi"
  /** A model that someone deployed at an endpoint, by OpenAI's chat completions. */
  | "endpoint"
  /** The same where the server takes them packed into `predict` only. */
  | "predict";

export interface VertexModel {
  kind: VertexKind;
  /** As it stands in URLs: `google/models/gemini-2.5-pro` under `publishers`, or `endpoints/123`. */
  resource: string;
  /** As its maker calls it, without the version that Vertex AI writes behind an `@`. */
  name: string;
}

type Named = Pick<Target, "model" | "info">;

export function vertexModel({ model, info }: Named): VertexModel {
  const [, publisher, published] = /^publishers\/([^/]+)\/models\/(.+)$/.exec(model) ?? [];
  const plain = publisher === undefined ? model : `${publisher}/${published}`;
  const [, route, id] = /^(?:(openai|gemini|gemma|endpoints)\/)?(\d+)$/.exec(plain) ?? [];
  if (id !== undefined) return atEndpoint(route, id, info);
  const name = plain.slice(plain.indexOf("/") + 1);
  if (/^(?:anthropic\/)?claude/.test(plain)) return ofPublisher("claude", "anthropic", name);
  if (/^(?:mistralai\/)?(?:mi(?:ni)?stral|codestral|magistral|devstral|pixtral)/.test(plain))
    return ofPublisher("mistral", "mistralai", name);
  if (/^(?:ai21\/)?jamba/.test(plain)) return ofPublisher("ai21", "ai21", name);
  if (plain.startsWith("gemma/")) return { kind: "predict", resource: `endpoints/${endpointIn(name)}`, name };
  if (!/^(?:google|gemini|models|tunedModels)\//.test(plain) && (plain.includes("/") || plain.endsWith("-maas")))
    return { kind: "openapi", resource: "endpoints/openapi", name: plain };
  return ofPublisher("gemini", "google", name);
}

function ofPublisher(kind: VertexKind, publisher: string, model: string): VertexModel {
  return { kind, resource: `publishers/${publisher}/models/${model}`, name: model.replace(/@.*$/, "") };
}

/** A tuned Gemini speaks as Gemini does; `base_model` tells, where the name does not. */
function atEndpoint(route: string | undefined, id: string, info: Named["info"]): VertexModel {
  const isGemini = route === "gemini" || (route === undefined && /gemini|language-models/.test(baseOf(info)));
  const resource = `endpoints/${id}`;
  if (isGemini) return { kind: "gemini", resource, name: id };
  return { kind: route === "gemma" ? "predict" : "endpoint", resource, name: "" };
}

function baseOf(info: Named["info"]): string {
  return `${info?.litellm_provider ?? ""} ${info?.["base_model"] ?? ""}`;
}

/** LiteLLM's `gemma/gemma-3-12b-it-1222199011122`: the endpoint's id stands last. */
function endpointIn(name: string): string {
  return /(\d+)$/.exec(name)?.[1] ?? name;
}
