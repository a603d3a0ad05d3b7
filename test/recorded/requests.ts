/** What a client of the gateway sends, so that the gateway should send upstream what was recorded. */

import { toHubRequest as fromAnthropic } from "../../src/formats/anthropic/to-hub-request.ts";
import type { MessagesRequest } from "../../src/formats/anthropic/types.ts";
import { toHubRequest as fromConverse } from "../../src/formats/bedrock/to-hub-request.ts";
import { toHubRequest as fromGemini } from "../../src/formats/gemini/to-hub-request.ts";
import type { Exchange } from "./exchanges.ts";
import { type Json, recordOf } from "./json.ts";

/** Body of `POST /v1/chat/completions`. */
export function clientRequest(exchange: Exchange, askForUsage: boolean): Json {
  const body: Json = { ...native(exchange), model: exchange.id, stream: exchange.streaming };
  if (!exchange.streaming) delete body["stream_options"];
  else body["stream_options"] = { ...recordOf(body["stream_options"]), include_usage: askForUsage };
  // Features the client switched on by header go the way the gateway has for it.
  const beta = exchange.requestHeaders["anthropic-beta"];
  if (exchange.wire === "anthropic" && beta) body["extra_headers"] = { "anthropic-beta": beta };
  return body;
}

/** The recorded request in the hub's format. Where none was recorded, the least there can be. */
function native({ wire, request, id, streaming }: Exchange): Json {
  if (request === undefined) return { messages: [{ role: "user", content: "Hello" }] };
  switch (wire) {
    case "openai":
      return request;
    case "anthropic":
      // The recording is a request that Anthropic took (or refused): its shape is not checked again.
      return { ...fromAnthropic({ ...request, model: id } as unknown as MessagesRequest) };
    case "gemini":
      return { ...fromGemini(request, { model: id, stream: streaming }) };
    case "converse":
      return fromConverse(request);
    case "cohere":
      throw new TypeError("no chat of Cohere's is recorded here");
  }
}
