import { describe, expect, it } from "vitest";
import { toConverseBody } from "../../../src/formats/bedrock/request.ts";
import { toHubRequest } from "../../../src/formats/bedrock/to-hub-request.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";

const SCHEMA = { type: "object", properties: { city: { type: "string" } }, additionalProperties: false };

const WHOLE = {
  system: [{ text: "Be brief." }, { cachePoint: { type: "default", ttl: "1h" } }],
  messages: [
    {
      role: "user",
      content: [
        { text: "Look:" },
        { image: { format: "png", source: { bytes: "AAAA" } } },
        { cachePoint: { type: "default" } },
        { document: { format: "csv", name: "Figures", source: { s3Location: { uri: "s3://b/f.csv" } } } },
        { guardContent: { text: { text: "guard me", qualifiers: ["query"] } } },
      ],
    },
    {
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "Think.", signature: "sig" } } },
        { reasoningContent: { redactedContent: "b64" } },
        { text: "Asking." },
        { toolUse: { toolUseId: "t1", name: "weather", input: { city: "Bonn" } } },
      ],
    },
    {
      role: "user",
      content: [
        { toolResult: { toolUseId: "t1", content: [{ text: "sun" }], status: "error" } },
        { cachePoint: { type: "default" } },
        { text: "Well?" },
      ],
    },
  ],
  inferenceConfig: { maxTokens: 9, temperature: 0.5, topP: 0.9, stopSequences: ["END"] },
  toolConfig: {
    tools: [
      { toolSpec: { name: "weather", description: "Of a city", inputSchema: { json: SCHEMA }, strict: true } },
      { cachePoint: { type: "default" } },
    ],
    toolChoice: { tool: { name: "weather" } },
  },
  outputConfig: {
    textFormat: {
      type: "json_schema",
      structure: { jsonSchema: { schema: JSON.stringify(SCHEMA), name: "place", description: "A place" } },
    },
  },
  serviceTier: { type: "flex" },
  guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
  requestMetadata: { team: "a" },
  additionalModelRequestFields: { top_k: 5 },
};

describe("a body of Converse's as a request of the hub", () => {
  it("says what the body says: said again it is the same", () => {
    const request = { model: "x", ...toHubRequest(WHOLE) } as ChatRequest; // a body that Bedrock takes
    expect(toConverseBody(request, { model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" })).toEqual(WHOLE);
  });

  it.each<[unknown, unknown]>([
    [{ any: {} }, "required"],
    [{ auto: {} }, "auto"],
  ])("knows the choice %j", (toolChoice, expected) => {
    expect(toHubRequest({ toolConfig: { toolChoice } })["tool_choice"]).toBe(expected);
  });

  it("leaves out what is none of Converse's", () => {
    for (const body of [
      {},
      { messages: "text" },
      { messages: [{ role: "user", content: 7 }], system: {}, toolConfig: [] },
    ])
      expect(toHubRequest(body)).toMatchObject({ messages: [] });
    const outputConfig = { textFormat: { structure: { jsonSchema: { schema: "{" } } } };
    expect(toHubRequest({ outputConfig })).toEqual({ messages: [], outputConfig });
  });
});
