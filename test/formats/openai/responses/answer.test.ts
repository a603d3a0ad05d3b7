import { describe, expect, it } from "vitest";
import { RateLimitError, ServiceUnavailableError } from "../../../../src/formats/errors.ts";
import type { ChatChunk, ChatCompletion, Delta } from "../../../../src/formats/openai/chat.ts";
import { ResponseBuilder } from "../../../../src/formats/openai/responses/builder.ts";
import type { CallKind } from "../../../../src/formats/openai/responses/client-tools.ts";
import { eventsOfResponse } from "../../../../src/formats/openai/responses/event-writer.ts";
import { failedEvent } from "../../../../src/formats/openai/responses/failure.ts";
import { ResponseStream, toResponse } from "../../../../src/formats/openai/responses/from-chat.ts";
import { unseal } from "../../../../src/formats/openai/responses/sealed.ts";
import { searchesOf, sessionsOf } from "../../../../src/formats/openai/responses/searches.ts";
import { ChatStream, toCompletion } from "../../../../src/formats/openai/responses/to-chat.ts";
import type {
  ResponseEvent,
  ResponseObject,
  ResponsesRequest,
} from "../../../../src/formats/openai/responses/types.ts";
import { toHubUsage, toResponsesUsage } from "../../../../src/formats/openai/responses/usage.ts";
import { CompletionBuilder } from "../../../../src/formats/openai/stream.ts";
import { brokenRules } from "./stream-rules.ts";

const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
const chunk = (delta: Delta, finish_reason: string | null = null): ChatChunk => ({
  ...{ id: "c", object: "chat.completion.chunk", created: 5, model: "up" },
  choices: [{ index: 0, delta, finish_reason }],
});
const last: ChatChunk = { ...chunk({}), choices: [], usage };

function streamed(chunks: ChatChunk[], request: Partial<ResponsesRequest> = {}, kinds = new Map<string, CallKind>()) {
  const options = { id: "resp_1", created: 1, model: "m", request: { model: "m", ...request }, kinds };
  const stream = new ResponseStream(options);
  const events = [...chunks.flatMap((one) => stream.chunk(one)), ...stream.end()];
  // As they go over the wire: nothing may change an event once it is written.
  const told = JSON.parse(JSON.stringify(events)) as ResponseEvent[];
  expect(brokenRules(told as never)).toEqual([]);
  return { events: told, response: stream.response };
}

const call = (index: number, part: object) => chunk({ tool_calls: [{ index, ...part }] });

describe("ResponseStream", () => {
  it("ends as soon as usage is there, and says nothing after", () => {
    const stream = new ResponseStream({
      id: "resp_1",
      created: 1,
      model: "m",
      request: { model: "m" },
      kinds: new Map(),
    });
    const events = [chunk({ content: "a" }), chunk({}, "stop"), last].flatMap((one) => stream.chunk(one));
    expect(events.at(-1)?.type).toBe("response.completed");
    expect(stream.end()).toEqual([]);
  });

  it("keeps calls apart whose arguments come side by side", () => {
    const { response } = streamed([
      call(0, { id: "a", function: { name: "f", arguments: '{"x"' } }),
      call(1, { id: "b", function: { name: "g", arguments: '{"y"' } }),
      call(0, { function: { arguments: ":1}" } }),
      call(1, { function: { arguments: ":2}" } }),
      chunk({}, "tool_calls"),
      last,
    ]);
    expect(response.output.map(({ call_id, name, arguments: args }) => [call_id, name, args])).toEqual([
      ["a", "f", '{"x":1}'],
      ["b", "g", '{"y":2}'],
    ]);
  });

  it("tells one call alone where the client wants no others", () => {
    const chunks = [
      call(0, { id: "a", function: { name: "f", arguments: '{"x"' } }),
      call(1, { id: "b", function: { name: "g", arguments: "{}" }, provider_specific_fields: { state: 1 } }),
      call(0, { function: { arguments: ":1}" } }),
      chunk({}, "tool_calls"),
      last,
    ];
    const include = ["reasoning.encrypted_content"];
    const { response } = streamed(chunks, { parallel_tool_calls: false, include });
    expect(response.output).toMatchObject([{ type: "function_call", call_id: "a", arguments: '{"x":1}' }]);
    expect(streamed(chunks, { parallel_tool_calls: true }).response.output).toHaveLength(2);
  });

  it("says {} for a call without arguments, and that one is incomplete which was cut", () => {
    expect(
      streamed([call(0, { id: "a", function: { name: "f" } }), chunk({}, "tool_calls"), last]).response.output,
    ).toMatchObject([{ arguments: "{}", status: "completed" }]);
    const cut = streamed([
      call(0, { id: "a", function: { name: "f", arguments: '{"x' } }),
      chunk({}, "length"),
      last,
    ]).response;
    expect(cut).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete" }],
    });
  });

  it("tells calls of custom tools and shells in the client's words", () => {
    const kinds = new Map<string, CallKind>([
      ["patch", { type: "custom", name: "patch" }],
      ["local_shell", { type: "local_shell" }],
      ["shell", { type: "shell" }],
      ["apply_patch", { type: "apply_patch" }],
      ["files__read", { type: "function", name: "read", namespace: "files" }],
    ]);
    const whole = (index: number, name: string, args: object) =>
      call(index, { id: `c${index}`, function: { name, arguments: JSON.stringify(args) } });
    const { response } = streamed(
      [
        whole(0, "patch", { input: "*** Begin" }),
        whole(1, "local_shell", { command: "ls", timeout_ms: 5 }),
        whole(2, "shell", { commands: ["ls"] }),
        whole(3, "apply_patch", { type: "delete_file", path: "a" }),
        whole(4, "files__read", { path: "a" }),
        chunk({}, "tool_calls"),
        last,
      ],
      {},
      kinds,
    );
    expect(response.output).toMatchObject([
      { type: "custom_tool_call", name: "patch", input: "*** Begin" },
      { type: "local_shell_call", action: { type: "exec", command: ["bash", "-lc", "ls"], timeout_ms: 5, env: {} } },
      { type: "shell_call", action: { commands: ["ls"] } },
      { type: "apply_patch_call", operation: { type: "delete_file", path: "a" } },
      { type: "function_call", name: "read", namespace: "files", arguments: '{"path":"a"}' },
    ]);
  });

  it("seals signed thinking in its item, and what comes late in one of its own for clients that ask for it", () => {
    const chunks = [
      chunk({ reasoning_content: "Hm." }),
      chunk({ thinking_blocks: [{ type: "thinking", thinking: "Hm.", signature: "s" }] }),
      chunk({ content: "Yes." }),
      chunk({ thinking_blocks: [{ type: "thinking", thinking: "", signature: "late" }] }),
      chunk({ provider_specific_fields: { thought_signatures: ["late"], other: 1 } }),
      chunk({}, "stop"),
      last,
    ];
    const asked = streamed(chunks, { include: ["reasoning.encrypted_content"] }).response.output;
    expect(asked.map(({ type }) => type)).toEqual(["reasoning", "message", "reasoning"]);
    expect(unseal(asked[0]?.["encrypted_content"])?.thinking).toEqual([
      { type: "thinking", thinking: "Hm.", signature: "s" },
    ]);
    expect(unseal(asked[2]?.["encrypted_content"])).toMatchObject({ fields: { thought_signatures: ["late"] } });
    expect(streamed(chunks).response.output).toHaveLength(2);
  });

  it("begins items anew where thinking goes on after text, and moves citations with their text", () => {
    const citation = (start: number) => ({
      type: "url_citation",
      url_citation: { url: "u", title: "t", start_index: start, end_index: start + 1 },
    });
    const { response } = streamed([
      chunk({ content: "abc" }),
      chunk({ annotations: [citation(1)] }),
      chunk({ reasoning_content: "Hm." }),
      chunk({ content: "def" }),
      chunk({ annotations: [citation(4)] }),
      chunk({}, "stop"),
      last,
    ]);
    expect(response.output.map(({ type }) => type)).toEqual(["message", "reasoning", "message"]);
    const starts = response.output.flatMap(
      ({ content }) => (content as { annotations: { start_index: number }[] }[] | undefined)?.[0]?.annotations ?? [],
    );
    expect(starts.map(({ start_index }) => start_index)).toEqual([1, 1]);
  });

  it("tells refusals, images, logprobs and searches", () => {
    const token = { token: "a", logprob: -1, bytes: [97], top_logprobs: [] };
    const blocks = [{ type: "server_tool_use", name: "web_search", input: { query: "q" } }];
    const { response, events } = streamed([
      {
        ...chunk({}),
        choices: [{ index: 0, delta: { content: "a" }, finish_reason: null, logprobs: { content: [token] } }],
      },
      chunk({ refusal: "No." }),
      chunk({ images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AA" } }] }),
      chunk({ provider_specific_fields: { content_blocks: blocks } }),
      chunk({}, "content_filter"),
      { ...last, usage: { ...usage, server_tool_use: { web_search_requests: 2 } } },
    ]);
    expect(response.status).toBe("incomplete");
    expect(response.output).toMatchObject([
      {
        type: "message",
        content: [
          { type: "output_text", logprobs: [token] },
          { type: "refusal", refusal: "No." },
        ],
      },
      { type: "image_generation_call", result: "AA", output_format: "png" },
      { type: "web_search_call", action: { type: "search", query: "q" } },
      { type: "web_search_call", action: { type: "search", query: "" } },
    ]);
    expect(events.map(({ type }) => type)).toContain("response.refusal.done");
  });

  it("says whole what it says streamed", () => {
    const completion: ChatCompletion = {
      ...{ id: "c", object: "chat.completion", created: 5, model: "up", usage },
      choices: [
        { index: 0, message: { role: "assistant", content: "ab", reasoning_content: "Hm." }, finish_reason: "stop" },
      ],
    };
    const options = { id: "resp_1", created: 1, model: "m", request: { model: "m" }, kinds: new Map() };
    const chunks = [
      chunk({ reasoning_content: "Hm." }),
      chunk({ content: "a" }),
      chunk({ content: "b" }),
      chunk({}, "stop"),
      last,
    ];
    expect(toResponse(completion, options)).toEqual(streamed(chunks).response);
  });
});

const message = (text: string) => ({
  ...{ id: "msg_1", type: "message", status: "completed", role: "assistant" },
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
});
const whole: ResponseObject = {
  ...{ id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", service_tier: "flex" },
  output: [
    { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }], encrypted_content: "gAAAA" },
    message("Hi"),
    { id: "fc_1", type: "function_call", call_id: "c1", name: "f", arguments: '{"a":1}', status: "completed" },
    { id: "ct_1", type: "custom_tool_call", call_id: "c2", name: "g", input: "any", status: "completed" },
    { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "q" } },
  ],
  usage: {
    input_tokens: 3,
    input_tokens_details: { cached_tokens: 1 },
    output_tokens: 4,
    output_tokens_details: { reasoning_tokens: 2 },
    total_tokens: 7,
  },
};
const defaults = { id: "x", created: 9, model: "y", customTools: new Set(["g"]) };

describe("a response as chat", () => {
  it("is one message with what the next turn needs", () => {
    const completion = toCompletion(whole, defaults);
    expect(completion).toMatchObject({
      ...{ id: "resp_1", created: 1, model: "m", service_tier: "flex" },
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            ...{ content: "Hi", reasoning_content: "Hm." },
            tool_calls: [
              { id: "c1", function: { name: "f", arguments: '{"a":1}' } },
              { id: "c2", type: "custom", custom: { name: "g", input: "any" } },
            ],
            provider_specific_fields: { reasoning_items: [{ id: "rs_1", encrypted_content: "gAAAA" }] },
          },
        },
      ],
      usage: {
        prompt_tokens: 3,
        prompt_tokens_details: { cached_tokens: 1 },
        server_tool_use: { web_search_requests: 1 },
      },
    });
  });

  it("says streamed what it says whole", () => {
    const builder = new CompletionBuilder();
    const stream = new ChatStream(defaults);
    for (const event of eventsOfResponse(whole)) for (const one of stream.event(event)) builder.add(one);
    const { choices, usage: told } = builder.completion as ChatCompletion;
    const meant = toCompletion(whole, defaults);
    expect(choices[0]?.message).toEqual(meant.choices[0]?.message);
    expect([choices[0]?.finish_reason, told]).toEqual(["tool_calls", meant.usage]);
  });

  it("tells what came without deltas, and no calls the provider carried out itself", () => {
    const stream = new ChatStream({ ...defaults, customTools: new Set() });
    const done = whole.output.map((item, output_index) => ({ type: "response.output_item.done", output_index, item }));
    const chunks = [...done, { type: "response.completed", response: whole }].flatMap((event) => stream.event(event));
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    expect(deltas.map(({ content }) => content ?? "").join("")).toBe("Hi");
    expect(deltas.flatMap(({ tool_calls }) => tool_calls ?? []).some(({ custom }) => custom)).toBe(false);
  });
});

describe("ResponseBuilder", () => {
  it("joins a stream that broke off, as far as it came", () => {
    const builder = new ResponseBuilder();
    const events = eventsOfResponse(whole);
    const cut = events.findIndex(({ type }) => type === "response.function_call_arguments.done");
    for (const event of events.slice(0, cut)) builder.add(event);
    expect(builder.response?.status).toBe("in_progress");
    expect(builder.response?.output).toMatchObject([
      { type: "reasoning" },
      message("Hi"),
      { type: "function_call", arguments: '{"a":1}' },
    ]);
    expect(builder.sequence).toBe(cut - 1);
  });

  it("keeps the items where the last event leaves them out", () => {
    const builder = new ResponseBuilder();
    for (const event of eventsOfResponse(whole))
      builder.add(event.type === "response.completed" ? { ...event, response: { ...whole, output: [] } } : event);
    expect(builder.response?.output).toEqual(whole.output);
  });
});

describe("failedEvent", () => {
  const begun: ResponseObject = { ...whole, status: "in_progress", output: [] };

  it("says how long to wait where Codex looks for it", () => {
    const error = new RateLimitError("Slow down.", { headers: { "retry-after": "12" } });
    const { response, sequence_number } = failedEvent(error, begun, 4);
    expect(sequence_number).toBe(5);
    expect(response).toMatchObject({ id: "resp_1", status: "failed", error: { code: "rate_limit_exceeded" } });
    expect(response?.error?.message).toBe("Slow down. Please try again in 12s.");
    const told = new RateLimitError("Please try again in 1.5s.", { headers: { "retry-after": "12" } });
    expect(failedEvent(told, begun, 0).response?.error?.message).toBe("Please try again in 1.5s.");
  });

  it("keeps the upstream's own word", () => {
    const quota = new RateLimitError("No.", { upstream: { code: "insufficient_quota" } });
    expect(failedEvent(quota, begun, 0).response?.error?.code).toBe("insufficient_quota");
    expect(failedEvent(new ServiceUnavailableError("x"), begun, 0).response?.error?.code).toBe("server_error");
  });
});

describe("usage", () => {
  it("loses nothing on the way there and back", () => {
    const hub = {
      ...usage,
      prompt_tokens_details: { cached_tokens: 1, cache_creation_tokens: 2, audio_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 2 },
      server_tool_use: { web_search_requests: 3 },
      inference_geo: "us",
    };
    const told = toResponsesUsage(hub);
    expect(told).toMatchObject({
      input_tokens: 3,
      input_tokens_details: { cached_tokens: 1, cache_write_tokens: 2 },
      output_tokens: 4,
      total_tokens: 7,
    });
    expect(toHubUsage(told)).toEqual(hub);
  });

  it("has numbers where a strict client wants them", () => {
    expect(toResponsesUsage({ ...usage, prompt_tokens_details: null })).toMatchObject({
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    });
  });

  it("is none where nothing was counted", () => {
    expect(toHubUsage(null)).toBeUndefined();
    expect(toHubUsage({ cost: 1 })).toBeUndefined();
  });

  it("counts searches that searched, by xAI's own figures where it tells them, and containers once", () => {
    expect(searchesOf(whole)).toBe(1);
    const told = { server_side_tool_usage_details: { web_search_calls: 2, x_search_calls: 3 } };
    expect(searchesOf({ output: [], usage: { ...whole.usage, ...told } as never })).toBe(5);
    const ran = (container_id: string) => ({ type: "code_interpreter_call", container_id });
    expect(sessionsOf({ output: [ran("a"), ran("a"), ran("b")] })).toBe(2);
  });
});
