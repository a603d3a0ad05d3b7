/** Google's Interactions API for its own clients: the body up as it came, the answer down as it is. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../../formats/errors.ts";
import { statusOfCode } from "../../formats/gemini/interactions/failure.ts";
import { withoutForeignSignatures } from "../../formats/gemini/interactions/foreign.ts";
import { nativeBody } from "../../formats/gemini/interactions/to-content.ts";
import {
  type Interaction,
  type InteractionEvent,
  type InteractionRequest,
  isUnfinished,
} from "../../formats/gemini/interactions/types.ts";
import { isRecord, type JsonObject } from "../../formats/json.ts";
import type { Exchange, InteractionsAdapter, Target } from "../provider.ts";
import { headers, rootOf } from "./endpoint.ts";
import { geminiError, parseEvent } from "./errors.ts";

/** Where interactions are created. */
export function interactionsUrl(target: Target): string {
  return `${rootOf(target)}/interactions`;
}

export const interactions: InteractionsAdapter = {
  wire: "gemini-interactions",
  supportedParams: () => "all",

  request: (request, target) => ({
    method: "POST",
    url: interactionsUrl(target),
    headers: headers(target),
    body: { json: nativeBody(withoutForeignSignatures(request), target.model.replace(/^models\//, "")) },
  }),

  response(body, exchange): Interaction {
    if (isRecord(body) && isRecord(body["error"]) && body["status"] === undefined)
      throw failed(body["error"], exchange);
    if (isRecord(body) && typeof body["status"] === "string") return body as Interaction; // Google's own; what is read of it is looked at
    throw noAnswer(body, exchange);
  },

  stream(exchange) {
    let isOver = false;
    return {
      event({ data }) {
        if (data.trim() === "[DONE]") return [];
        const event = parseEvent(data);
        if (!isRecord(event)) throw noAnswer(data, exchange);
        if (event["event_type"] === "error" || (event["event_type"] === undefined && isRecord(event["error"])))
          throw failed(isRecord(event["error"]) ? event["error"] : {}, exchange);
        isOver ||= isEnd(event);
        return [event as InteractionEvent]; // as above
      },
      end() {
        if (isOver) return [];
        const { provider, model } = exchange.target;
        throw new APIConnectionError(
          "litellm.APIConnectionError: GeminiException - The stream ended before the interaction did.",
          { provider, model },
        );
      },
    };
  },

  error: (failure) => geminiError(failure),
};

/** One in the background may end otherwise than by its completion. */
function isEnd({ event_type: type, status }: JsonObject): boolean {
  if (type === "interaction.completed" || type === "interaction.complete") return true;
  return type === "interaction.status_update" && typeof status === "string" && !isUnfinished(status);
}

function failed(error: JsonObject, { headers, target }: Exchange<InteractionRequest>): SluiceError {
  return geminiError({ status: statusOfCode(error["code"]), body: JSON.stringify({ error }), headers, target });
}

function noAnswer(body: unknown, { target }: Exchange<InteractionRequest>): APIResponseValidationError {
  const { provider, model } = target;
  const said = (typeof body === "string" ? body : (JSON.stringify(body) ?? "")).slice(0, 500);
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: GeminiException - this is no interaction: ${said}`,
    { provider, model },
  );
}
