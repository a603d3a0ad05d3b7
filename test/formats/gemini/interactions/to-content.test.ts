import { describe, expect, it } from "vitest";
import { withoutForeignSignatures } from "../../../../src/formats/gemini/interactions/foreign.ts";
import { nativeBody, toContent } from "../../../../src/formats/gemini/interactions/to-content.ts";
import {
  type InteractionRequest,
  interactionRequestSchema,
} from "../../../../src/formats/gemini/interactions/types.ts";
import { packThinking, SKIP_VALIDATION } from "../../../../src/formats/gemini/opaque-state.ts";
import { validate } from "../../../../src/formats/validate.ts";

const read = (fields: object): InteractionRequest =>
  validate(interactionRequestSchema, { model: "m", input: "Hi", ...fields });
const contentsOf = (input: unknown) => toContent(read({ input }))["contents"];
const PICTURE = { type: "image", data: "aGk=", mime_type: "image/png" };

describe("what is said", () => {
  it.each<[string, unknown, unknown]>([
    ["a text", "Hi", [{ role: "user", parts: [{ text: "Hi" }] }]],
    ["a content", { type: "text", text: "Hi" }, [{ role: "user", parts: [{ text: "Hi" }] }]],
    [
      "contents",
      [
        { type: "text", text: "Hi" },
        { ...PICTURE, resolution: "low" },
      ],
      [
        {
          role: "user",
          parts: [
            { text: "Hi" },
            {
              inlineData: { mimeType: "image/png", data: "aGk=" },
              mediaResolution: { level: "MEDIA_RESOLUTION_LOW" },
            },
          ],
        },
      ],
    ],
    [
      "what stands elsewhere",
      [{ type: "document", uri: "https://example.com/a.txt" }],
      [{ role: "user", parts: [{ fileData: { mimeType: "text/plain", fileUri: "https://example.com/a.txt" } }] }],
    ],
    [
      "turns of before May 2026",
      [
        { role: "user", content: "One" },
        { role: "model", content: [{ type: "text", text: "Two" }] },
        { role: "user", content: "Three" },
      ],
      [
        { role: "user", parts: [{ text: "One" }] },
        { role: "model", parts: [{ text: "Two" }] },
        { role: "user", parts: [{ text: "Three" }] },
      ],
    ],
    [
      "a call and its result, the signature of the thought with what was thought about",
      [
        { type: "user_input", content: [{ type: "text", text: "Hi" }] },
        { type: "thought", summary: [{ type: "text", text: "hm" }], signature: "c2ln" },
        { type: "function_call", id: "c1", name: "look", arguments: { at: "sky" } },
        { type: "function_call", id: "c2", name: "listen", arguments: {} },
        { type: "function_result", call_id: "c1", result: [{ type: "text", text: "blue" }, PICTURE] },
        { type: "function_result", call_id: "c2", result: "no ears", is_error: true },
      ],
      [
        { role: "user", parts: [{ text: "Hi" }] },
        {
          role: "model",
          parts: [
            { text: "hm", thought: true },
            { functionCall: { id: "c1", name: "look", args: { at: "sky" } }, thoughtSignature: "c2ln" },
            { functionCall: { id: "c2", name: "listen", args: {} } },
          ],
        },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                id: "c1",
                name: "look",
                response: { output: "blue" },
                parts: [{ inlineData: { mimeType: "image/png", data: "aGk=" } }],
              },
            },
            { functionResponse: { id: "c2", name: "listen", response: { error: "no ears" } } },
          ],
        },
      ],
    ],
    [
      "results among the contents of a turn, as Vercel's client sends them",
      [
        { type: "function_call", id: "c1", name: "look", arguments: {} },
        {
          type: "user_input",
          content: [
            { type: "function_result", call_id: "c1", result: [{ type: "text", text: "blue" }] },
            { type: "text", text: "And?" },
          ],
        },
      ],
      [
        { role: "model", parts: [{ functionCall: { id: "c1", name: "look", args: {} } }] },
        {
          role: "user",
          parts: [{ functionResponse: { id: "c1", name: "look", response: { output: "blue" } } }, { text: "And?" }],
        },
      ],
    ],
    [
      "what Google did for itself is not said again, but for code",
      [
        { type: "user_input", content: "Hi" },
        { type: "google_search_call", id: "s", arguments: { queries: ["q"] } },
        { type: "google_search_result", call_id: "s", result: [] },
        { type: "code_execution_call", id: "x", arguments: { code: "1+1", language: "python" } },
        { type: "code_execution_result", call_id: "x", result: "2" },
        { type: "model_output", content: [{ type: "text", text: "2" }] },
      ],
      [
        { role: "user", parts: [{ text: "Hi" }] },
        {
          role: "model",
          parts: [
            { executableCode: { code: "1+1", language: "PYTHON" } },
            { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } },
            { text: "2" },
          ],
        },
      ],
    ],
    ["nothing, which is still counted", null, [{ role: "user", parts: [{ text: "" }] }]],
  ])("%s", (_, input, contents) => {
    expect(contentsOf(input)).toEqual(contents);
  });

  it.each([
    [[{ type: "dance" }], "input[0].type"],
    [[{ type: "text" }], "input[0].text"],
    [[{ type: "user_input", content: [{ type: "audio" }] }], "input[0].content[0].data"],
    [[{ type: "function_call", arguments: {} }], "input[0].name"],
    [[{ type: "function_result", result: "x" }], "input[0].call_id"],
  ])("refuses %j", (input, param) => {
    expect(() => contentsOf(input)).toThrow(expect.objectContaining({ status: 400, param }));
  });
});

describe("how it is to be answered", () => {
  const configOf = (fields: object) => toContent(read(fields))["generationConfig"];

  it("by Google's configuration", () => {
    const generation_config = {
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 50,
      stop_sequences: ["x"],
      seed: 1,
      thinking_level: "low",
      thinking_summaries: "auto",
      speech_config: [{ voice: "Kore", language: "en-US" }],
    };
    expect(configOf({ generation_config })).toEqual({
      temperature: 0.5,
      topP: 0.9,
      maxOutputTokens: 50,
      stopSequences: ["x"],
      seed: 1,
      thinkingConfig: { thinkingLevel: "low", includeThoughts: true },
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } }, languageCode: "en-US" },
    });
  });

  const schema = { type: "object", properties: { a: { type: "string" } } };
  it.each([
    [
      { response_format: { type: "text", mime_type: "application/json", schema } },
      { responseMimeType: "application/json", responseJsonSchema: schema },
    ],
    [
      { response_format: schema, response_mime_type: "application/json" },
      { responseMimeType: "application/json", responseJsonSchema: schema },
    ],
    [
      { response_format: [{ type: "text" }, { type: "image", aspect_ratio: "1:1", image_size: "2K" }] },
      { responseModalities: ["TEXT", "IMAGE"], imageConfig: { aspectRatio: "1:1", imageSize: "2K" } },
    ],
    [{ response_modalities: ["audio"] }, { responseModalities: ["AUDIO"] }],
    [{ response_format: { type: "text" } }, {}],
  ])("in the form of %j", (fields, config) => {
    expect(configOf(fields)).toEqual(config);
  });

  it("with tools, and which of them are to be called", () => {
    const tools = [
      { type: "function", name: "look", description: "Look", parameters: schema },
      { type: "google_search", search_types: ["web_search"] },
      { type: "code_execution" },
    ];
    const content = toContent(
      read({ tools, generation_config: { tool_choice: { allowed_tools: { mode: "any", tools: ["look"] } } } }),
    );
    expect(content["tools"]).toEqual([
      { functionDeclarations: [{ name: "look", description: "Look", parametersJsonSchema: schema }] },
      { googleSearch: {} },
      { codeExecution: {} },
    ]);
    expect(content["toolConfig"]).toEqual({ functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["look"] } });
    expect(toContent(read({ generation_config: { tool_choice: "none" } }))["toolConfig"]).toEqual({
      functionCallingConfig: { mode: "NONE" },
    });
  });
});

describe("the body for Google", () => {
  it("is the client's, with what others know by OpenAI's names where Google has it", () => {
    expect(nativeBody(read({ novel: { a_b: 1 }, store: false }), "gemini-x")).toEqual({
      model: "gemini-x",
      input: "Hi",
      novel: { a_b: 1 },
      store: false,
    });
    const given = { temperature: 0.3, max_tokens: 9, stop: "x", frequency_penalty: 1 };
    expect(nativeBody(read({ ...given, generation_config: { temperature: 1 } }), "gemini-x")).toEqual({
      model: "gemini-x",
      input: "Hi",
      generation_config: { temperature: 1, max_output_tokens: 9, stop_sequences: ["x"] },
    });
    expect(nativeBody(read({ agent: "a", temperature: 0.3 }), "deep")).toEqual({ agent: "deep", input: "Hi" });
  });

  it("has no thinking of others", () => {
    const packed = packThinking([{ type: "thinking", thinking: "hm", signature: "s" }]) ?? "";
    const input = [
      { type: "thought", signature: packed },
      { type: "thought", signature: "Z29vZ2xl" },
    ];
    expect(withoutForeignSignatures(read({ input })).input).toEqual([
      { type: "thought", signature: SKIP_VALIDATION },
      { type: "thought", signature: "Z29vZ2xl" },
    ]);
    const own = read({ input: input.slice(1) });
    expect(withoutForeignSignatures(own)).toBe(own);
  });
});
