import { describe, expect, it } from "vitest";
import { BadRequestError, RateLimitError } from "../../../../src/formats/errors.ts";
import { toGeneratedContent } from "../../../../src/formats/gemini/answer.ts";
import { InteractionBuilder } from "../../../../src/formats/gemini/interactions/builder.ts";
import { errorEvent, statusOfCode, toInteractionError } from "../../../../src/formats/gemini/interactions/failure.ts";
import type { Interaction, InteractionEvent } from "../../../../src/formats/gemini/interactions/types.ts";
import { toHubUsage } from "../../../../src/formats/gemini/interactions/usage.ts";
import { eventsOfInteraction, toInteraction } from "../../../../src/formats/gemini/interactions/whole.ts";
import type { AssistantMessage, ChatCompletion } from "../../../../src/formats/openai/chat.ts";

const HEAD = { id: "v1_1", model: "gpt", created: 1_780_000_000 };

function told(message: Partial<AssistantMessage>, finish_reason = "stop", extra: object = {}): Interaction {
  const completion = {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason }],
    ...extra,
  } as ChatCompletion;
  return toInteraction(toGeneratedContent(completion, { showsThoughts: true, toolNames: new Map() }), HEAD);
}

describe("an answer of chat", () => {
  it("as an interaction", () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 7,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
      server_tool_use: { web_search_requests: 3 },
    };
    const annotation = {
      type: "url_citation" as const,
      url_citation: { url: "https://a.b", title: "A", start_index: 0, end_index: 5 },
    };
    const answer = told({ reasoning_content: "hm", content: "Héllo", annotations: [annotation] }, "stop", {
      usage,
      service_tier: "default",
    });
    expect(answer).toMatchObject({
      id: "v1_1",
      status: "completed",
      object: "interaction",
      model: "gpt",
      created: "2026-05-28T20:26:40Z",
      updated: "2026-05-28T20:26:40Z",
      service_tier: "standard",
      steps: [
        { type: "thought", summary: [{ type: "text", text: "hm" }] },
        {
          type: "model_output",
          content: [
            {
              type: "text",
              text: "Héllo",
              annotations: [{ type: "url_citation", url: "https://a.b", title: "A", start_index: 0, end_index: 6 }],
            },
          ],
        },
      ],
      usage: {
        total_tokens: 17,
        total_input_tokens: 10,
        total_cached_tokens: 4,
        total_output_tokens: 5,
        total_thought_tokens: 2,
        total_tool_use_tokens: 0,
        grounding_tool_count: [{ type: "google_search", count: 3 }],
      },
    });
    expect(toHubUsage({ ...answer, model: "gemini-3-pro" })).toMatchObject({
      prompt_tokens: 10,
      completion_tokens: 7,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
      server_tool_use: { web_search_requests: 3 },
    });
  });

  it.each([
    ["stop", {}, "completed"],
    ["length", { content: "Hel" }, "incomplete"],
    ["content_filter", { content: "Hel" }, "failed"],
    [
      "tool_calls",
      { tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }] },
      "requires_action",
    ],
  ])("that ends by %s", (finish, message, status) => {
    const answer = told(message, finish);
    expect(answer.status).toBe(status);
    expect(answer["errors"]).toEqual(
      status === "failed" ? [{ code: "safety", message: expect.stringContaining("SAFETY") }] : undefined,
    );
  });

  it("with pictures, and parts of Google's own", () => {
    const { steps } = told({
      content: "Look",
      images: [{ type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } }],
      provider_specific_fields: {
        gemini_parts: [
          { executableCode: { code: "1", language: "PYTHON" } },
          { codeExecutionResult: { outcome: "OUTCOME_FAILED", output: "no" } },
        ],
      },
    });
    expect(steps?.[0]?.content).toEqual([
      { type: "text", text: "Look" },
      { type: "image", mime_type: "image/png", data: "aGk=" },
    ]);
  });

  it("streams as the events that make the same interaction", () => {
    const answer = told({
      reasoning_content: "hm",
      content: "Hello",
      tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"at":"sky"}' } }],
      thinking_blocks: [{ type: "thinking", thinking: "hm", signature: "s" }],
    });
    const builder = new InteractionBuilder();
    const events = eventsOfInteraction(answer);
    for (const event of events) builder.add(event);
    expect(builder.interaction).toEqual(JSON.parse(JSON.stringify(answer)));
    expect(answer.steps?.map(({ type }) => type)).toEqual(["thought", "model_output", "thought", "function_call"]);
    expect(answer.steps?.[2]?.signature).toMatch(/./);
    expect(events.at(0)).toMatchObject({ event_type: "interaction.created", interaction: { status: "in_progress" } });
    expect(events.at(-1)).toMatchObject({ interaction: { id: "v1_1", status: "requires_action" } });
  });
});

describe("the builder", () => {
  const built = (...events: InteractionEvent[]) => {
    const builder = new InteractionBuilder();
    for (const event of events) builder.add(event);
    return builder.interaction;
  };
  const delta = (index: unknown, delta: unknown) => ({ event_type: "step.delta", index, delta }) as InteractionEvent;

  it("joins arguments that come in pieces", () => {
    const begun = { event_type: "interaction.created", interaction: { id: "v1_1", status: "in_progress" } };
    const start = {
      event_type: "step.start",
      index: 0,
      step: { type: "function_call", id: "c", name: "f", arguments: {} },
    };
    const pieces = ['{"a":', "1}"].map((text) => delta(0, { type: "arguments_delta", arguments: text }));
    expect(built(begun, start, ...pieces, { event_type: "step.stop", index: 0 })?.steps).toEqual([
      { type: "function_call", id: "c", name: "f", arguments: { a: 1 } },
    ]);
  });

  it("is not led astray", () => {
    const begun = { event_type: "interaction.created", interaction: { status: "in_progress" } };
    const odd = [
      delta(1e9, { type: "text", text: "x" }),
      delta(-1, { type: "text", text: "x" }),
      delta("0", { type: "text" }),
      delta(0, null),
      delta(0, { type: "text_annotation_delta", annotations: "x" }),
      delta(2, { type: "text", text: "x" }),
      { event_type: "step.start", index: 3, step: "x" },
      { event_type: "novel" },
    ] as InteractionEvent[];
    expect(built(begun, ...odd)?.steps?.at(1)).toEqual({
      type: "model_output",
      content: [{ type: "text", text: "x" }],
    });
    expect(built()).toBeUndefined();
    const update = { event_type: "interaction.status_update", interaction_id: "v1_2", status: "failed" };
    expect(built(begun, update)).toMatchObject({ id: "v1_2", status: "failed" });
  });
});

describe("errors", () => {
  it("of the API's own go on as they are", () => {
    const upstream = { code: "invalid_request", message: "Missing key" };
    expect(toInteractionError(new BadRequestError("m", { upstream }))).toEqual({ error: upstream });
    expect(errorEvent(new BadRequestError("m", { upstream }))).toEqual({ event_type: "error", error: upstream });
  });

  it("of others are Google's", () => {
    const upstream = { code: "rate_limit_exceeded", message: "slow down", type: "requests" };
    expect(toInteractionError(new RateLimitError("m", { upstream }))).toMatchObject({
      error: { code: 429, message: "m", status: "RESOURCE_EXHAUSTED" },
    });
    expect(errorEvent(new BadRequestError("m"))).toMatchObject({ error: { code: "invalid_request", message: "m" } });
  });

  it.each([
    ["invalid_request", 400],
    ["NOT_FOUND", 404],
    ["resource_exhausted", 429],
    ["unavailable", 503],
    [418, 418],
    [7, 500],
    [undefined, 500],
  ])("code %s stands for %i", (code, status) => {
    expect(statusOfCode(code)).toBe(status);
  });
});
