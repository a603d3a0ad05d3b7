import { describe, expect, test } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import { toError } from "../../src/providers/failure.ts";
import { geminiError } from "../../src/providers/gemini/errors.ts";
import { compatibleRules } from "../../src/providers/openai/errors.ts";

const target = { provider: "openai", model: "m", apiKey: new Secret("provider-key-123") };
const failure = (status: number, message: unknown) => ({
  status,
  body: JSON.stringify({ error: { message } }),
  headers: {},
  target,
});

describe("an upstream's failure", () => {
  test("does not show the key it repeats", () => {
    const error = toError(failure(401, "Bad key: Bearer provider-key-123"), "OpenAI");
    expect(error.message).toBe("litellm.AuthenticationError: OpenAIException - Bad key: Bearer [secret]");
    expect(JSON.stringify(error.toBody())).not.toContain("provider-key");
  });

  test.each([
    [418, 418],
    [302, 500],
    [700, 500],
  ])("with status %i is one an answer can have", (status, shown) => {
    expect(toError(failure(status, "x"), "OpenAI").status).toBe(shown);
  });

  test.each(["violat", "input token count", "context ", "maximum input length "])(
    "that repeats %j two million characters long is looked at in no time",
    (text) => {
      const long = failure(400, text.repeat(2_000_000 / text.length));
      const start = performance.now();
      toError(long, "OpenAI", compatibleRules);
      geminiError(long);
      expect(performance.now() - start).toBeLessThan(1000);
    },
  );
});
