/**
 * Nova by InvokeModel: the fields of Converse, with what Converse has no name for among them.
 * Source: Amazon Nova user guide, "Complete request schema".
 */
import { chunkOf, isChunk } from "../../../formats/bedrock/invoke/chunk.ts";
import { type ConverseOptions, toConverseBody } from "../../../formats/bedrock/request.ts";
import { asRecord, type JsonObject } from "../../../formats/json.ts";
import type { ChatAdapter, Target } from "../../provider.ts";
import { converse } from "../converse.ts";
import { bedrockException } from "../errors.ts";
import { knownName } from "../model.ts";
import { invokeRequest } from "./request.ts";

/** Of Converse alone. */
const CONVERSES: ReadonlySet<string> = new Set([
  "additionalModelRequestFields",
  "additionalModelResponseFieldPaths",
  "inferenceConfig",
  "outputConfig",
  "promptVariables",
  "requestMetadata",
]);

export const nova: ChatAdapter = {
  ...converse,

  request(request, target) {
    const body = novaBody(toConverseBody(request, optionsOf(target)));
    return invokeRequest(target, body, request.stream === true);
  },

  stream(exchange) {
    const events = converse.stream(exchange);
    return {
      event(event) {
        if (!isChunk(event)) throw bedrockException(event, exchange);
        // What names the event in Converse's streams is the one field it has in these.
        return Object.entries(chunkOf(event)).flatMap(([name, value]) =>
          name.startsWith("amazon-bedrock-") ? [] : events.event({ event: name, data: JSON.stringify(value) }),
        );
      },
      end: () => events.end(),
    };
  },
};

function optionsOf(target: Target): ConverseOptions {
  return {
    model: knownName(target),
    structuredOutput: false, // it is asked for the answer by a tool
    modifyParams: target.modifyParams,
    dropParams: target.dropParams,
  };
}

function novaBody(body: JsonObject): JsonObject {
  const { inferenceConfig: more, ...model } = asRecord(body["additionalModelRequestFields"]);
  const inference = { ...asRecord(body["inferenceConfig"]), ...asRecord(more) };
  const kept = Object.entries(body).filter(([name]) => !CONVERSES.has(name));
  return {
    schemaVersion: "messages-v1",
    ...Object.fromEntries(kept),
    ...(Object.keys(inference).length > 0 && { inferenceConfig: inference }),
    ...model,
  };
}
