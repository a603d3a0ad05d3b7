/** Models of other makers: those in OpenAI's format, and Mistral's and AI21's own, which are close to it. */
import { asRecord, type JsonObject } from "../../formats/json.ts";
import { compatibleRows, toProvider } from "../openai-compatible/index.ts";
import { type CompatibleRow, row } from "../openai-compatible/row.ts";
import type { ChatAdapter, Provider, Target, UpstreamRequest } from "../provider.ts";
import { LABEL, vertexError } from "./errors.ts";
import { vertexModel } from "./model.ts";
import { atResource, methodUrl, resourcePath } from "./place.ts";

/** How a request of the maker's own API goes to Vertex AI. */
type Place = (body: JsonObject, target: Target) => { url: string; body: JsonObject };

type Asks<Request> = (request: Request, target: Target) => UpstreamRequest;

/** The maker's request, at Vertex AI: another address, and nothing of its own key. */
function placed<Request>(asks: Asks<Request>, place: Place): Asks<Request> {
  return (request, target) => {
    const { apiKey: _, ...rest } = target;
    // The address is Vertex AI's, whatever the maker's adapter makes of the base.
    const made = asks(request, { ...rest, apiBase: "https://vertex.invalid" });
    const json = made.body !== undefined && "json" in made.body ? made.body.json : {};
    const { url, body } = place(json, target);
    return { ...made, url, body: { json: body } };
  };
}

type Served = Pick<Provider, "chat" | "completions" | "ocr">;

function servedAs(row: CompatibleRow, place: Place): Served {
  const { chat, completions, ocr } = toProvider({ ...row, keyless: true }, LABEL);
  const error = vertexError;
  return {
    ...(chat && { chat: { ...chat, request: placed(chat.request, place), error } }),
    ...(completions && { completions: { ...completions, request: placed(completions.request, place), error } }),
    ...(ocr && { ocr: { ...ocr, request: placed(ocr.request, place), error } }),
  };
}

function rowNamed(slug: string): CompatibleRow {
  const found = compatibleRows.find((one) => one.slug === slug);
  if (found === undefined) throw new TypeError(`there is no row ${slug}`);
  return found;
}

/** The maker's body as it is; the version is told in the path alone. */
const raw: Place = (body, target) => ({
  url: methodUrl(target, body["stream"] === true ? "streamRawPredict" : "rawPredict"),
  body: { ...body, model: vertexModel(target).name },
});

export const mistral: Served = servedAs(rowNamed("mistral"), raw);
export const ai21: Served = servedAs(rowNamed("ai21"), raw);

/** Google Cloud, "Call open models", and "Chat completions" for deployed ones. */
const openai = row("vertex_ai", undefined, [], { limit: "max_tokens" });

const inOpenai: Place = (body, target) => {
  const model = vertexModel(target);
  const isDeployed = model.kind === "endpoint";
  return {
    url: atResource(target, resourcePath(model, target), "/chat/completions", isDeployed),
    body: { ...body, model: model.name },
  };
};

export const openModels: Served = servedAs(openai, inOpenai);

/** vLLM of the Model Garden: a chat as an instance to predict for. It has no streams. */
const inPredict: Place = ({ model: _, stream: _stream, stream_options: _options, ...body }, target) => ({
  url: methodUrl(target, "predict"),
  body: { instances: [{ "@requestFormat": "chatCompletions", ...body }] },
});

/** The answer that was predicted; of old servers the first in a list. */
function predicted(body: unknown): unknown {
  const predictions = asRecord(body)["predictions"];
  const [first] = Array.isArray(predictions) ? predictions : [predictions];
  return first ?? body;
}

function packedChat(): Served {
  const { chat } = servedAs(openai, inPredict);
  if (chat === undefined) return {};
  const response: ChatAdapter["response"] = (body, exchange) => chat.response(predicted(body), exchange);
  return { chat: { ...chat, rewritesAnswers: true, response } };
}

export const packed: Served = packedChat();
