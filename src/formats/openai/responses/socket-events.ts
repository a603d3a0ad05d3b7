/**
 * Messages of the Responses API's WebSocket mode: what a client may send, and what it is told beside the events that any
 * stream has. Source: OpenAI, "WebSocket mode", and the types of its SDK (`ResponsesClientEvent`, `ResponsesServerEvent`).
 */
import { BadRequestError, type SluiceError } from "../../errors.ts";
import { isRecord, type JsonObject } from "../../json.ts";
import { begunResponse } from "./response-object.ts";
import type { ResponseEvent, ResponsesRequest } from "./types.ts";

/** `response.create`, told apart. */
export interface CreateEvent {
  /** As `POST /v1/responses` has it, asked for as a stream. */
  body: JsonObject;
  /** The lane: its responses are made one after the other, and its events say its name. */
  lane: string | undefined;
  /** Is there to be an answer? Else the request is only made ready to be gone on from. */
  generates: boolean;
}

const LONGEST_LANE = 256;

/** @throws BadRequestError for what is no JSON object with a type */
export function parseClientEvent(message: unknown): JsonObject & { type: string } {
  const value = typeof message === "string" ? parsed(message) : undefined;
  if (isRecord(value) && typeof value["type"] === "string") return { ...value, type: value["type"] };
  throw new BadRequestError("A message must be a text of JSON: an object with a type, such as response.create.", {
    param: "type",
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws BadRequestError for what the mode does not have */
export function readCreateEvent(event: JsonObject): CreateEvent {
  const { type: _, stream_id: lane, generate, background, ...fields } = event;
  if (lane !== undefined && (typeof lane !== "string" || lane === "" || lane.length > LONGEST_LANE))
    throw new BadRequestError(`stream_id must be a text of 1 to ${LONGEST_LANE} characters.`, { param: "stream_id" });
  if (generate !== undefined && generate !== null && typeof generate !== "boolean")
    throw new BadRequestError("generate must be true or false.", { param: "generate" });
  if (background === true)
    throw new BadRequestError("background is not supported over WebSocket: ask by HTTP.", { param: "background" });
  return { body: { ...fields, stream: true }, lane, generates: generate !== false };
}

/** An error that is no event of a response. */
export function errorMessage(
  { status, error, headers = {} }: { status: number; error: JsonObject; headers?: Record<string, string> },
  lane: string | undefined,
): JsonObject {
  const told = Object.keys(headers).length > 0 && { headers };
  // Codex reads headers beside the error, OpenAI's SDK within it.
  return inLane({ type: "error", status, error: { code: null, param: null, ...error, ...told }, ...told }, lane);
}

/** @param code one of OpenAI's, where clients act on it */
export function errorOf(error: SluiceError, lane: string | undefined, code?: string): JsonObject {
  const { status, retryAfter } = error;
  const body: JsonObject = { ...error.toBody().error, ...(code !== undefined && { code }) };
  if (retryAfter === undefined) return errorMessage({ status, error: body }, lane);
  return errorMessage({ status, error: body, headers: { "retry-after": String(Math.ceil(retryAfter)) } }, lane);
}

export const LIMIT_REACHED = "websocket_connection_limit_reached";

/** The answer to `response.steer`: providers are asked by HTTP, where there is no such thing. */
export function steerFailed(event: JsonObject): JsonObject {
  const previous = event["previous_response_id"];
  return {
    type: "response.steer.failed",
    sequence_number: 0,
    steer: { previous_response_id: typeof previous === "string" ? previous : "", input: event["input"] ?? [] },
    error: {
      type: "invalid_request_error",
      code: "steering_not_supported",
      message: "The gateway cannot steer a response: send the input with the next response.create.",
    },
  };
}

/** The events of a response that was only made ready. */
export function warmUpEvents(request: ResponsesRequest, id: string, now: number): ResponseEvent[] {
  const begun = begunResponse(request, { id, created: Math.floor(now / 1000), model: request.model });
  const usage = {
    input_tokens: 0,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 0,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 0,
  };
  return [
    { type: "response.created", sequence_number: 0, response: begun },
    { type: "response.completed", sequence_number: 1, response: { ...begun, status: "completed", usage } },
  ];
}

export function inLane<Message extends object>(message: Message, lane: string | undefined): Message {
  return lane === undefined ? message : { ...message, stream_id: lane };
}
