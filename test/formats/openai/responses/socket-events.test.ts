import { describe, expect, it } from "vitest";
import { BadRequestError, RateLimitError } from "../../../../src/formats/errors.ts";
import {
  errorMessage,
  errorOf,
  parseClientEvent,
  readCreateEvent,
  steerFailed,
  warmUpEvents,
} from "../../../../src/formats/openai/responses/socket-events.ts";

describe("messages of a client", () => {
  it("are objects with a type, and nothing else", () => {
    expect(parseClientEvent('{"type":"response.create","model":"m"}')).toEqual({ type: "response.create", model: "m" });
    for (const message of ["", "{", "[]", "null", '"text"', "{}", '{"type":1}', new ArrayBuffer(4), undefined])
      expect(() => parseClientEvent(message)).toThrow(BadRequestError);
  });

  it("become the body of a stream, without what belongs to the connection", () => {
    const event = { type: "response.create", stream_id: "a", generate: true, model: "m", input: "Hi", strange: [1] };
    expect(readCreateEvent(event)).toEqual({
      body: { model: "m", input: "Hi", strange: [1], stream: true },
      lane: "a",
      generates: true,
    });
    expect(readCreateEvent({ type: "response.create", generate: false, stream: false }).generates).toBe(false);
    expect(readCreateEvent({ type: "response.create", background: null })).toEqual({
      body: { stream: true },
      lane: undefined,
      generates: true,
    });
  });

  it.each([
    [{ background: true }, "background"],
    [{ stream_id: 5 }, "stream_id"],
    [{ stream_id: "" }, "stream_id"],
    [{ stream_id: "x".repeat(257) }, "stream_id"],
    [{ generate: "no" }, "generate"],
  ])("that the mode does not have are refused: %j", (fields, param) => {
    expect(() => readCreateEvent({ type: "response.create", ...fields })).toThrow(expect.objectContaining({ param }));
  });
});

describe("what a client is told", () => {
  it("errors with their status, and with their lane where there is one", () => {
    const error = new RateLimitError("Slow.", { headers: { "retry-after": "7" } });
    expect(errorOf(error, "a")).toMatchObject({
      type: "error",
      status: 429,
      stream_id: "a",
      error: { message: "Slow.", headers: { "retry-after": "7" } },
      headers: { "retry-after": "7" },
    });
    const plain = errorMessage({ status: 400, error: { message: "No.", type: "invalid_request_error" } }, undefined);
    expect(plain).toEqual({
      type: "error",
      status: 400,
      error: { message: "No.", type: "invalid_request_error", code: null, param: null },
    });
  });

  it("that nothing can be steered, with the input to send again", () => {
    expect(steerFailed({ type: "response.steer", previous_response_id: "resp_1", input: "Stop" })).toMatchObject({
      type: "response.steer.failed",
      steer: { previous_response_id: "resp_1", input: "Stop" },
      error: { code: "steering_not_supported" },
    });
  });

  it("a response without output, which cost nothing", () => {
    const [created, completed] = warmUpEvents({ model: "m", input: "Hi" }, "resp_1", 5000);
    expect(created).toMatchObject({ type: "response.created", response: { id: "resp_1", status: "in_progress" } });
    expect(completed).toMatchObject({
      type: "response.completed",
      response: { status: "completed", output: [], usage: { total_tokens: 0 }, created_at: 5 },
    });
  });
});
