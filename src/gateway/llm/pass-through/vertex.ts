/**
 * Vertex AI's own API: `/vertex_ai/v1/projects/<project>/locations/<location>/publishers/google/models/<model>:<method>`,
 * each part before `publishers` optional. Whatever project stands there, the gateway's is asked.
 */
import { isRecord, type JsonObject, recordsIn } from "../../../formats/json.ts";
import { chat } from "../../../operations/chat.ts";
import { countContent } from "../../../operations/count-content.ts";
import { countTokens } from "../../../operations/count-tokens.ts";
import { embedContent } from "../../../operations/embed-content.ts";
import { embeddings } from "../../../operations/embeddings.ts";
import { generateContent } from "../../../operations/generate-content.ts";
import { imageGenerations } from "../../../operations/image-generations.ts";
import { messages } from "../../../operations/messages.ts";
import { ocr } from "../../../operations/ocr.ts";
import { videoCreate } from "../../../operations/videos.ts";
import type { Target } from "../../../providers/provider.ts";
import { paramOf, projectOf } from "../../../providers/vertex/credentials.ts";
import { vertexAi } from "../../../providers/vertex/index.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Gateway } from "../../gateway.ts";
import { providerDeployment } from "../provider-deployment.ts";
import type { KnownCall } from "./known.ts";

export function isVertex(provider: string): boolean {
  return provider === "vertex_ai" || provider === "vertex_ai_beta";
}

const PATH =
  /^(?:\/v\d+(?:(?:alpha|beta)\d*)?)?(?:\/projects\/[^/]+)?(?:\/locations\/[^/]+)?(?:\/publishers\/([^/]+)\/models\/([^/:]+)|\/(endpoints\/[^/:]+))(?::(\w+)|(\/.*))?$/;

interface VertexPath {
  publisher: string | undefined;
  /** The publisher's, or `endpoints/<id>`. */
  model: string;
  method: string;
}

function read(path: string): VertexPath | undefined {
  const [whole, publisher, model, endpoint, method, tail] = PATH.exec(path) ?? [];
  if (whole === undefined) return undefined;
  return { publisher, model: model ?? endpoint ?? "", method: method ?? tail ?? "" };
}

/**
 * The model that is asked: in the path, but where the path has only what serves many.
 * @param path as any server may read it
 */
export function vertexModelOf(path: string, fields: JsonObject): string | undefined {
  const asked = read(path);
  if (asked === undefined) return undefined;
  if (asked.model !== "endpoints/openapi" && asked.model !== "count-tokens") return asked.model;
  const { model } = fields;
  return typeof model === "string" && model !== "" ? model.replace(/^google\//, "") : undefined;
}

/** Which operation of the gateway's the call is. */
export function vertexCall(path: string): KnownCall | undefined {
  const asked = read(path);
  if (asked === undefined) return undefined;
  const { publisher = "", model, method } = asked;
  if (method === "/chat/completions") return { operation: chat, reader: vertexAi, target: inOpenai };
  if (/^(?:stream)?rawPredict$/i.test(method)) return rawCall(publisher, model);
  if (/^(?:stream)?generateContent$/i.test(method))
    return { operation: generateContent, reader: vertexAi, target: tuned };
  switch (method.toLowerCase()) {
    case "counttokens":
      return { operation: countContent, reader: vertexAi };
    case "embedcontent":
      return { operation: embedContent, reader: vertexAi };
    case "predict":
      return publisher === "google" ? predictCall(model) : undefined;
    case "predictlongrunning":
      return { operation: videoCreate, reader: vertexAi, asked: videoOf };
    default:
      return undefined;
  }
}

function rawCall(publisher: string, model: string): KnownCall | undefined {
  switch (publisher) {
    case "anthropic":
      return { operation: model === "count-tokens" ? countTokens : messages, reader: vertexAi };
    case "mistralai":
      return model.includes("ocr")
        ? { operation: ocr, reader: vertexAi }
        : { operation: chat, reader: vertexAi, asked: chatOf };
    case "ai21":
      return { operation: chat, reader: vertexAi };
    default:
      return undefined;
  }
}

function predictCall(model: string): KnownCall | undefined {
  if (/embedding/.test(model)) return { operation: embeddings, reader: vertexAi, asked: textsOf };
  if (/^imagen|^imagegeneration/.test(model)) return { operation: imageGenerations, reader: vertexAi, asked: imageOf };
  return undefined;
}

/** Tuned models of Google's have an endpoint each, and answer as the others. */
function tuned(target: Target): Target {
  return { ...target, model: target.model.replace(/^endpoints\//, "gemini/") };
}

/** Any model at this endpoint answers as OpenAI's do. */
function inOpenai(target: Target): Target {
  return { ...target, model: target.model.includes("/") ? target.model : `google-openai/${target.model}` };
}

/** Codestral fills in the middle, and answers as in a chat. */
function chatOf({ prompt, suffix, ...rest }: JsonObject): JsonObject {
  if (typeof prompt !== "string") return rest;
  return { ...rest, messages: [{ role: "user", content: `${prompt}${String(suffix ?? "")}` }] };
}

/** What is no text is counted as the JSON it is. */
function textsOf({ instances }: JsonObject): JsonObject {
  const texts = recordsIn(instances).map(({ content, text }) => content ?? text ?? "");
  return { input: texts.map((text) => (typeof text === "string" ? text : JSON.stringify(text))) };
}

/** Four images, unless said. */
function imageOf({ instances, parameters }: JsonObject): JsonObject {
  const [first] = recordsIn(instances);
  const count = isRecord(parameters) ? Number(parameters["sampleCount"] ?? 4) : 4;
  return { prompt: String(first?.["prompt"] ?? ""), n: count };
}

/** Its length in seconds is what is paid for: of all the videos that are made. */
function videoOf({ instances, parameters }: JsonObject): JsonObject {
  const [first] = recordsIn(instances);
  const { durationSeconds = 8, sampleCount = 1 } = isRecord(parameters) ? parameters : {};
  return { prompt: String(first?.["prompt"] ?? ""), seconds: String(Number(durationSeconds) * Number(sampleCount)) };
}

/**
 * Whose credentials: first a deployment with `use_in_pass_through` for the project (and location) of the path, then
 * `default_vertex_config` (or the variables LiteLLM has for it), then as for all providers.
 */
export function vertexDeployment(gateway: Gateway, slug: string, path: string, model = ""): Deployment | undefined {
  const [, project, location] = PLACE.exec(path) ?? [];
  const isOfProject = (target: Target) => project !== undefined && projectOf(target) === project;
  const fits = [(target: Target) => isOfProject(target) && paramOf(target, "location") === location, isOfProject];
  const config = gateway.config.settings.other["default_vertex_config"] ?? defaultsIn(gateway);
  const settings = isRecord(config)
    ? [{ vertex_credentials: credentialsIn(gateway), ...config, custom_llm_provider: slug }]
    : undefined;
  return providerDeployment(gateway, slug, { model, fits, settings });
}

const PLACE = /^(?:\/discovery)?(?:\/v\w+)?\/projects\/([^/]+)(?:\/locations\/([^/]+))?/;

const DEFAULTS = {
  vertex_project: "DEFAULT_VERTEXAI_PROJECT",
  vertex_location: "DEFAULT_VERTEXAI_LOCATION",
  vertex_credentials: "DEFAULT_GOOGLE_APPLICATION_CREDENTIALS",
};

function defaultsIn({ config }: Gateway): Record<string, string> | undefined {
  const said = Object.entries(DEFAULTS).flatMap(([name, variable]) => {
    const value = config.variable(variable);
    return value ? [[name, value] as const] : [];
  });
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

function credentialsIn({ config }: Gateway): string | undefined {
  const names = vertexAi.paramVariables?.["vertex_credentials"] ?? [];
  return names.map((name) => config.variable(name)).find(Boolean);
}
