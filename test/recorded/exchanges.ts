/** The recordings: which of them the gateway can be asked for, by the wire format of their upstream. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { awsEventsAsText } from "./extract/aws.ts";
import { isRecord, type Json } from "./json.ts";

/** Folder with `dev/` and `replay.mjs`. */
export const RECORDED_DIR = resolve(
  process.env["RECORDED_DIR"] ?? join(import.meta.dirname, "../../../shared/recorded"),
);

export type Wire = "openai" | "anthropic" | "gemini" | "cohere" | "converse";

/** What the gateway is asked for; `chat` whatever the format of the upstream's chat is. */
export type Operation = "chat" | "completions" | "embeddings" | "imageGenerations" | "moderations" | "rerank";

const exchangeSchema = z.object({
  id: z.string(),
  provider: z.string(),
  endpoint: z.string(),
  streaming: z.boolean(),
  model: z.string().nullish(),
  features: z.array(z.string()),
  source: z.object({ fidelity: z.string() }),
  request: z.object({
    method: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.unknown(),
    body_encoding: z.string(),
  }),
  response: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullable(),
    body_encoding: z.string(),
  }),
});

export interface Exchange {
  id: string;
  provider: string;
  endpoint: string;
  operation: Operation;
  wire: Wire;
  streaming: boolean;
  model: string;
  features: readonly string[];
  fidelity: string;
  /** Path and query as recorded. */
  url: URL;
  requestHeaders: Readonly<Record<string, string>>;
  /** Absent where only the response was recorded. */
  request: Json | undefined;
  status: number;
  /** The response's body as text. */
  body: string;
}

export function recordingsArePresent(): boolean {
  return existsSync(join(RECORDED_DIR, "dev")) && existsSync(join(RECORDED_DIR, "replay.mjs"));
}

/** `provider/endpoint`, or the beginning of one, `/endpoint` of all providers, or an id; all where there is no filter. */
export function loadExchanges(filter = ""): Exchange[] {
  const root = join(RECORDED_DIR, "dev");
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: provider }) => readdirSync(join(root, provider)).map((endpoint) => ({ provider, endpoint })))
    .filter(({ provider, endpoint }) => wireOf(provider, endpoint) !== undefined)
    .flatMap(({ provider, endpoint }) =>
      readdirSync(join(root, provider, endpoint))
        .filter(
          (file) =>
            `${provider}/${endpoint}`.startsWith(filter) || `/${endpoint}` === filter || file === `${filter}.json`,
        )
        .map((file) => load(join(root, provider, endpoint, file))),
    )
    .filter((exchange) => exchange !== undefined);
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  completions: "completions",
  embeddings: "embeddings",
  images: "imageGenerations",
  moderation: "moderations",
  rerank: "rerank",
};

/** Providers whose own format of an operation the gateway does not speak yet. */
const UNSPOKEN: Readonly<Record<string, readonly string[]>> = {
  chat: ["cohere", "ollama", "dashscope_native"],
  completions: ["anthropic", "cohere", "ollama", "writer"],
  embeddings: ["bedrock", "ollama"],
  images: ["dashscope_native", "venice"], // by their own endpoints, not by those like OpenAI's
  moderation: [],
  rerank: ["bedrock", "dashscope_native", "zeroentropy"],
};

/** What the gateway speaks as a client. */
function wireOf(provider: string, endpoint: string): Wire | undefined {
  if (UNSPOKEN[endpoint]?.includes(provider)) return undefined;
  switch (endpoint) {
    case "embeddings":
      return provider === "cohere" || provider === "gemini" ? provider : provider === "vertex_ai" ? "gemini" : "openai";
    case "images":
      return provider === "vertex_ai" ? "gemini" : "openai";
    case "rerank":
      return provider === "cohere" ? "cohere" : "openai";
    case "chat":
    case "completions":
    case "moderation":
      return "openai";
    case "messages":
      return "anthropic";
    case "generate_content":
      return "gemini";
    case "converse":
      return "converse";
    default:
      return undefined;
  }
}

/**
 * `undefined` for what is filed under chat but asks for no answer (stored completions read, changed and deleted), for
 * two answers that the replay cannot serve, as their source packed them, and for embeddings of what is no text.
 */
function load(file: string): Exchange | undefined {
  const raw = exchangeSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const wire = wireOf(raw.provider, raw.endpoint);
  const url = new URL(raw.request.url, "https://recorded.invalid");
  url.hash = "";
  const asksForAnswer = raw.request.method === "POST" && !/\/chat\/completions\/./.test(url.pathname);
  const isPacked = /^\{\s*"b64"/.test(raw.response.body ?? "");
  if (wire === undefined || !asksForAnswer || isPacked || embedsOther(raw.endpoint, url, raw.request.body))
    return undefined;
  return {
    id: raw.id,
    provider: raw.provider,
    endpoint: raw.endpoint,
    operation: OPERATIONS[raw.endpoint] ?? "chat",
    wire,
    streaming: raw.streaming,
    model: raw.model ?? "",
    features: raw.features,
    fidelity: raw.source.fidelity,
    url,
    requestHeaders: raw.request.headers,
    request: requestBody(raw.request.body),
    status: raw.response.status,
    body: answerBody(raw.response, wire),
  };
}

/** Images, several parts as one vector, and Gemini's call for a single text: none is what OpenAI's embeddings ask for. */
function embedsOther(endpoint: string, { pathname }: URL, body: unknown): boolean {
  if (endpoint !== "embeddings") return false;
  if (/multimodalembeddings$|:embedContent$/.test(pathname)) return true;
  return /"images":|"inline_data":|"parts":\[\{[^}]*\},/.test(JSON.stringify(body) ?? "");
}

/** Streams of AWS's are no text: their events are told as others are. */
function answerBody({ body, body_encoding }: { body: string | null; body_encoding: string }, wire: Wire): string {
  if (body_encoding !== "base64") return body ?? "";
  const bytes = Buffer.from(body ?? "", "base64");
  return wire === "converse" ? awsEventsAsText(bytes) : bytes.toString("utf8");
}

/** Some sources keep the body as base64 within JSON. */
function requestBody(body: unknown): Json | undefined {
  if (!isRecord(body)) return undefined;
  const packed = Object.keys(body).length === 1 ? body["b64"] : undefined;
  const whole: unknown = typeof packed === "string" ? JSON.parse(Buffer.from(packed, "base64").toString("utf8")) : body;
  return isRecord(whole) ? whole : undefined;
}
