import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { azure } from "../../../src/providers/azure/index.ts";
import type { Target } from "../../../src/providers/provider.ts";

const target: Target = { provider: "azure", model: "gpt-4o", apiKey: new Secret("a-long-secret") };
const exchange = {
  request: { model: "p", messages: [] },
  target,
  headers: {},
  now: 7,
  id: "chatcmpl-own",
};

describe("a stream", () => {
  const FILTER = [{ prompt_index: 0, content_filter_results: { hate: { filtered: false, severity: "safe" } } }];
  const first = { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: FILTER };
  const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) => ({
    choices: [{ index: 0, delta, finish_reason, logprobs: null, ...more }],
    created: 5,
    id: "chatcmpl-1",
    model: "gpt-4o-2024-11-20",
    object: "chat.completion.chunk",
  });
  const read = (bodies: object[]) => {
    const decoder = azure.chat!.stream(exchange);
    return [
      ...bodies.flatMap((body) => decoder.event({ data: JSON.stringify(body) })),
      ...decoder.event({ data: "[DONE]" }),
    ];
  };

  it("what the filter says of the prompt goes with the first chunk that has a choice", () => {
    const safe = { hate: { filtered: false, severity: "safe" } };
    const chunks = read([
      first,
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Hi" }, null, { content_filter_results: safe }),
      chunk({}, "stop"),
      { ...chunk({}), choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
    ]);
    expect(chunks.map(({ id, object, model }) => [id, object, model])).toEqual(
      Array(4).fill(["chatcmpl-1", "chat.completion.chunk", "gpt-4o-2024-11-20"]),
    );
    expect(chunks[0]).toMatchObject({
      prompt_filter_results: FILTER,
      created: 5,
      choices: [{ delta: { role: "assistant", content: "" } }],
    });
    expect(chunks[1]).not.toHaveProperty("prompt_filter_results");
    expect(chunks[1]?.choices[0]).toMatchObject({ content_filter_results: safe });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 3 } });
  });

  it("what a filter that runs beside it says is kept", () => {
    const offsets = { check_offset: 44, start_offset: 44, end_offset: 198 };
    const late = { ...first, prompt_filter_results: undefined };
    const chunks = read([
      chunk({ role: "assistant", content: "Hi" }),
      { ...late, choices: [{ index: 0, finish_reason: null, content_filter_offsets: offsets }] },
      chunk({}, "stop"),
    ]);
    expect(chunks[1]).toMatchObject({ id: "chatcmpl-1", choices: [{ content_filter_offsets: offsets, delta: {} }] });
  });

  it("an answer that is filtered ends so", () => {
    const chunks = read([first, chunk({ role: "assistant", content: "He" }), chunk({}, "content_filter")]);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("content_filter");
  });
});

it("a whole answer keeps what the filter says", () => {
  const results = { jailbreak: { filtered: false, detected: false } };
  const body = {
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hi" },
        finish_reason: "stop",
        content_filter_results: results,
      },
    ],
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: results }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
  expect(azure.chat!.response(body, exchange)).toMatchObject({
    prompt_filter_results: body.prompt_filter_results,
    choices: [{ content_filter_results: results }],
  });
});

describe("errors", () => {
  const fail = (status: number, error: unknown) =>
    azure.chat!.error({
      status,
      body: typeof error === "string" ? error : JSON.stringify({ error }),
      headers: {},
      target,
    });

  it("a prompt that is filtered, with the filter's reasons", () => {
    const innererror = {
      code: "ResponsibleAIPolicyViolation",
      content_filter_result: { violence: { filtered: true, severity: "medium" } },
    };
    const failure = fail(400, {
      message:
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
      type: null,
      param: "prompt",
      code: "content_filter",
      status: 400,
      innererror,
    });
    expect(failure).toMatchObject({
      name: "ContentPolicyViolationError",
      status: 400,
      param: "prompt",
      upstream: { innererror },
    });
    expect(failure.message).toMatch(
      /^litellm\.ContentPolicyViolationError: AzureException - The response was filtered/,
    );
  });

  it.each([
    [
      400,
      { code: "content_policy_violation", message: "Your task failed as a result of our safety system." },
      "ContentPolicyViolationError",
    ],
    [400, { code: "contentFilter", message: "Your task failed" }, "ContentPolicyViolationError"],
    [
      404,
      { code: "DeploymentNotFound", message: "The API deployment for this resource does not exist." },
      "NotFoundError",
    ],
    [400, { message: "This model's maximum context length is 8192 tokens." }, "ContextWindowExceededError"],
    [
      400,
      { code: "invalid_encrypted_content", message: "The encrypted content could not be verified." },
      "BadRequestError",
    ],
    [
      401,
      { code: "401", message: "Access denied due to invalid subscription key or wrong API endpoint." },
      "AuthenticationError",
    ],
    [
      429,
      { code: "429", message: "Requests have exceeded call rate limit. Please retry after 7 seconds." },
      "RateLimitError",
    ],
    [422, { message: "Unprocessable" }, "BadRequestError"],
    [408, { code: "Timeout", message: "The operation was timeout." }, "Timeout"],
    [500, { message: "Internal server error" }, "InternalServerError"],
    [503, { message: "Model is overloaded" }, "ServiceUnavailableError"],
  ])("%i %j is %s", (status, error, name) => {
    expect(fail(status, error).name).toBe(name);
  });

  it("its own form of a refusal", () => {
    const body = JSON.stringify({ statusCode: 401, message: "Unauthorized. Access token is missing, a-long-secret." });
    expect(String(fail(401, body).message)).toBe(
      "litellm.AuthenticationError: AzureException - Unauthorized. Access token is missing, [secret].",
    );
  });
});
