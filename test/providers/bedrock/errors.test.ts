import { describe, expect, it } from "vitest";
import { bedrockError, bedrockException } from "../../../src/providers/bedrock/errors.ts";

const origin = { headers: {}, target: { provider: "bedrock", model: "m" } };

function errorOf(status: number, message: string, type?: string) {
  const headers: Record<string, string> =
    type === undefined ? {} : { "x-amzn-errortype": `${type}:http://internal.amazon.com/` };
  return bedrockError({ ...origin, headers, status, body: JSON.stringify({ message }) });
}

describe("an answer with an error", () => {
  it.each([
    [400, "The provided model identifier is invalid.", "ValidationException", "BadRequestError", 400],
    [400, "Input is too long for requested model.", "ValidationException", "ContextWindowExceededError", 400],
    [
      400,
      "prompt is too long: 213462 tokens > 200000 maximum",
      "ValidationException",
      "ContextWindowExceededError",
      400,
    ],
    [400, "Malformed input request: #: extraneous key", "ValidationException", "BadRequestError", 400],
    [
      403,
      "The security token included in the request is invalid.",
      "UnrecognizedClientException",
      "AuthenticationError",
      401,
    ],
    [403, "The security token included in the request is expired", "ExpiredTokenException", "AuthenticationError", 401],
    [403, "You don't have access to the model", "AccessDeniedException", "PermissionDeniedError", 403],
    [403, "no", undefined, "PermissionDeniedError", 403],
    [404, "no such model", "ResourceNotFoundException", "NotFoundError", 404],
    [408, "slow", "ModelTimeoutException", "Timeout", 408],
    [424, "the model failed", "ModelErrorException", "InternalServerError", 500],
    [429, "Too many requests", "ThrottlingException", "RateLimitError", 429],
    [400, "quota", "ServiceQuotaExceededException", "RateLimitError", 429],
    [500, "oops", "InternalServerException", "ServiceUnavailableError", 503],
    [503, "later", "ServiceUnavailableException", "ServiceUnavailableError", 503],
  ])("%s %s (%s) is %s", (status, message, type, name, told) => {
    const error = errorOf(status, message, type);
    expect(error).toMatchObject({ name, status: told, provider: "bedrock", model: "m" });
    expect(error.message).toBe(`litellm.${name}: BedrockException - ${message}`);
  });

  it("may be a page", () => {
    const error = bedrockError({ ...origin, status: 502, headers: { "x-amzn-errortype": "X" }, body: "<h1>Bad</h1>" });
    expect(error).toMatchObject({ name: "BadGatewayError", status: 502 });
  });
});

it.each([
  ["throttlingException", "RateLimitError", 429],
  ["serviceUnavailableException", "ServiceUnavailableError", 503],
  ["internalServerException", "ServiceUnavailableError", 503],
  ["modelStreamErrorException", "InternalServerError", 500],
  ["modelTimeoutException", "Timeout", 408],
  ["validationException", "BadRequestError", 400],
  ["somethingNewException", "ServiceUnavailableError", 503],
])("%s within a stream is %s", (event, name, status) => {
  expect(bedrockException({ event, data: '{"message":"why"}' }, origin)).toMatchObject({ name, status });
});
