/** Recorded exchanges of the Responses API, and the configuration of a gateway that is asked for them. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProvider } from "../../src/providers/registry.ts";
import { azureParams, basePath, MASTER_KEY, PROVIDER_KEY, slugOf, upstreamModel } from "./config.ts";
import { type Exchange, RECORDED_DIR, recordingsArePresent } from "./exchanges.ts";
import { isRecord, type Json, parseLoose, recordOf, textOf } from "./json.ts";

export interface ResponsesExchange {
  id: string;
  provider: string;
  streaming: boolean;
  /** Path and query as recorded. */
  url: URL;
  model: string;
  /** Absent where only the response was recorded. */
  request: Json | undefined;
  status: number;
  body: string;
  fidelity: string;
}

export function loadResponses(): ResponsesExchange[] {
  if (!recordingsArePresent()) return [];
  const root = join(RECORDED_DIR, "dev");
  return readdirSync(root)
    .map((provider) => ({ provider, folder: join(root, provider, "responses") }))
    .filter(({ folder }) => existsSync(folder))
    .flatMap(({ provider, folder }) => readdirSync(folder).map((file) => load(provider, join(folder, file))))
    .filter((exchange) => exchange !== undefined);
}

/** `undefined` for what asks for no answer (reading, deleting), and for what is no response but filed among them. */
function load(provider: string, file: string): ResponsesExchange | undefined {
  const { id, request, response, streaming, model, source } = recordOf(JSON.parse(readFileSync(file, "utf8")));
  const { method, url, body: asked } = recordOf(request);
  const { status, body } = recordOf(response);
  const path = new URL(textOf(url), "https://recorded.invalid");
  path.hash = "";
  const packed = recordOf(asked)["b64"];
  const parsed: unknown =
    typeof packed === "string" ? JSON.parse(Buffer.from(packed, "base64").toString("utf8")) : asked;
  const exchange = {
    id: textOf(id),
    provider,
    streaming: streaming === true,
    url: path,
    model: textOf(recordOf(parsed)["model"]) || textOf(model) || "some-model",
    request: isRecord(parsed) ? parsed : undefined,
    status: Number(status),
    body: textOf(body),
    fidelity: textOf(recordOf(source)["fidelity"]),
  };
  return method === "POST" && path.pathname.endsWith("/responses") && isAnswer(exchange) ? exchange : undefined;
}

function isAnswer({ status, streaming, body }: ResponsesExchange): boolean {
  if (status >= 400) return true;
  if (!streaming) return recordOf(parseLoose(body))["object"] === "response";
  // Some were packed, or cut in the middle of an event, by their source.
  const events = [...body.matchAll(/^data: ?(\{.*)$/gm)].map(([, data = ""]) => parseLoose(data));
  return events.every(isRecord) && events.some(({ type }) => textOf(type).startsWith("response."));
}

/** Of a provider without the format, and of one that has it for some models only, OpenAI's speaks it. */
function responsesSlug({ provider }: ResponsesExchange): string {
  return findProvider(provider)?.responses === undefined || provider === "github_copilot" ? "openai" : provider;
}

/** Under the exchange's id as its client would ask, and with `-chat` behind it by chat. */
export function writeResponsesConfig(
  file: string,
  exchanges: readonly ResponsesExchange[],
  chats: readonly Exchange[],
  replayUrl: string,
): void {
  const params = (model: string, base: string) => ({
    model,
    api_base: `${replayUrl}/${base}`,
    api_key: PROVIDER_KEY,
    max_retries: 0,
  });
  const ofResponses = exchanges.flatMap((exchange) => {
    const base = `${exchange.id}${exchange.url.pathname.replace(/\/responses$/, "")}`;
    const ownBase = exchange.provider === "azure" ? `${base}${exchange.url.search}` : base;
    const asked = params(`${responsesSlug(exchange)}/${exchange.model}`, ownBase);
    return [
      { model_name: exchange.id, litellm_params: { ...asked, ...azureParams(exchange) } },
      { model_name: `${exchange.id}-chat`, litellm_params: params(`openai/responses/${exchange.model}`, base) },
    ];
  });
  const ofChat = chats.map((exchange) => ({
    model_name: exchange.id,
    litellm_params: {
      ...params(`${slugOf(exchange)}/${upstreamModel(exchange)}`, `${exchange.id}${basePath(exchange)}`),
      use_chat_completions_api: true,
    },
  }));
  const config = {
    model_list: [...ofResponses, ...ofChat],
    general_settings: { master_key: MASTER_KEY },
    litellm_settings: { request_timeout: 60, num_retries: 0 },
    router_settings: { disable_cooldowns: true },
  };
  writeFileSync(file, JSON.stringify(config, null, 1));
}
