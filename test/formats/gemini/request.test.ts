import { describe, expect, it } from "vitest";
import { BadRequestError, UnsupportedParamsError } from "../../../src/formats/errors.ts";
import { toGeminiRequest } from "../../../src/formats/gemini/request.ts";
import { type ChatRequest, chatRequestSchema } from "../../../src/formats/openai/chat.ts";

const user = { role: "user" as const, content: "Hi" };

function convert(request: Record<string, unknown>, model = "gemini-2.5-flash", options = {}) {
  const parsed: ChatRequest = chatRequestSchema.parse({ model, messages: [user], ...request });
  return toGeminiRequest(parsed, { model, ...options });
}

describe("messages", () => {
  it("lifts instructions out and merges turns of one role", () => {
    const { systemInstruction, contents } = convert({
      messages: [
        { role: "system", content: "Be brief." },
        user,
        { role: "user", content: [{ type: "text", text: "there" }] },
        { role: "assistant", content: "Hello" },
        { role: "developer", content: "Be kind." },
        { role: "user", content: "Go on" },
      ],
    });
    expect(systemInstruction).toEqual({ parts: [{ text: "Be brief." }, { text: "Be kind." }] });
    expect(contents).toEqual([
      { role: "user", parts: [{ text: "Hi" }, { text: "there" }] },
      { role: "model", parts: [{ text: "Hello" }] },
      { role: "user", parts: [{ text: "Go on" }] },
    ]);
  });

  it("gives instructions alone a turn, and Gemma its instructions as text", () => {
    const messages = [{ role: "system", content: "Sing." }];
    expect(convert({ messages }).contents).toEqual([{ role: "user", parts: [{ text: " " }] }]);
    expect(convert({ messages: [...messages, user] }, "gemma-3-27b-it")).toEqual({
      contents: [{ role: "user", parts: [{ text: "Sing." }, { text: "Hi" }] }],
    });
  });

  it("says images, audio, files and videos", () => {
    const content = [
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "image_url", image_url: "https://example.com/a/cat.webp?w=1" },
      { type: "image_url", image_url: { url: "https://example.com/picture", format: "image/gif" } },
      { type: "input_audio", input_audio: { data: "UUUU", format: "wav" } },
      { type: "input_audio", input_audio: { data: "UUUU", format: "mp3" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBE" } },
      { type: "file", file: { file_data: "data:text/plain,gr%C3%BC%C3%9F" } },
      { type: "file", file: { file_id: "https://generativelanguage.googleapis.com/v1beta/files/abc" } },
      { type: "file", file: { file_id: "gs://bucket/film.mp4", video_metadata: { fps: 2, start_offset: "3s" } } },
      { type: "video_url", video_url: { url: "https://youtu.be/xyz" } },
      { type: "any", inline_data: { mimeType: "image/png", data: "AAAA" } },
    ];
    expect(convert({ messages: [{ role: "user", content }] }).contents[0]?.parts).toEqual([
      { inlineData: { mimeType: "image/png", data: "AAAA" } },
      { fileData: { mimeType: "image/webp", fileUri: "https://example.com/a/cat.webp?w=1" } },
      { fileData: { mimeType: "image/gif", fileUri: "https://example.com/picture" } },
      { inlineData: { mimeType: "audio/wav", data: "UUUU" } },
      { inlineData: { mimeType: "audio/mpeg", data: "UUUU" } },
      { inlineData: { mimeType: "application/pdf", data: "JVBE" } },
      { inlineData: { mimeType: "text/plain", data: "Z3LDvMOf" } },
      { fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc" } },
      {
        fileData: { mimeType: "video/mp4", fileUri: "gs://bucket/film.mp4" },
        videoMetadata: { fps: 2, startOffset: "3s" },
      },
      { fileData: { mimeType: "video/mp4", fileUri: "https://youtu.be/xyz" } },
      { inlineData: { mimeType: "image/png", data: "AAAA" } },
    ]);
  });

  it("refuses parts it cannot say", () => {
    const messages = [{ role: "user", content: [{ type: "hologram", hologram: {} }] }];
    expect(() => convert({ messages })).toThrow(BadRequestError);
    const broken = [{ role: "user", content: [{ type: "image_url", image_url: "not an image!" }] }];
    expect(() => convert({ messages: broken })).toThrow(/messages\[0\]\.content\[0\]\.image_url/);
  });

  it("asks for detail by part since Gemini 3, for the request before", () => {
    const image = (detail: string) => ({
      type: "image_url",
      image_url: { url: "data:image/png;base64,AAAA", detail },
    });
    const messages = [{ role: "user", content: [image("low"), image("high"), image("auto")] }];
    expect(convert({ messages }).generationConfig).toEqual({ mediaResolution: "MEDIA_RESOLUTION_HIGH" });
    const parts = convert({ messages }, "gemini-3-flash-preview").contents[0]?.parts;
    expect(parts?.map((part) => part["mediaResolution"])).toEqual([
      { level: "MEDIA_RESOLUTION_LOW" },
      { level: "MEDIA_RESOLUTION_HIGH" },
      undefined,
    ]);
  });
});

describe("tool calls and results", () => {
  const call = (id: string, args = "{}", extra = {}) => ({
    id,
    type: "function",
    function: { name: "look", arguments: args },
    ...extra,
  });
  const result = (id: string, content: unknown) => ({ role: "tool", tool_call_id: id, content });
  const turn = (calls: unknown[], results: unknown[], model?: string) =>
    convert({ messages: [user, { role: "assistant", content: null, tool_calls: calls }, ...results] }, model).contents;

  it("finds the name by the id, and keeps ids of the model", () => {
    expect(turn([call("x1", '{"at":"sea"}')], [result("x1", '{"fish":2}')]).slice(1)).toEqual([
      { role: "model", parts: [{ functionCall: { id: "x1", name: "look", args: { at: "sea" } } }] },
      { role: "user", parts: [{ functionResponse: { id: "x1", name: "look", response: { fish: 2 } } }] },
    ]);
  });

  it("puts results of calls without the model's ids in the order of the calls", () => {
    const [a, b] = ["call_00000000000000000000000a", "call_00000000000000000000000b"];
    const [, calls, results] = turn([call(a), call(b)], [result(b, "second"), result(a, "first")]);
    expect(calls?.parts).toEqual([
      { functionCall: { name: "look", args: {} } },
      { functionCall: { name: "look", args: {} } },
    ]);
    expect(results?.parts).toEqual([
      { functionResponse: { name: "look", response: { output: "first" } } },
      { functionResponse: { name: "look", response: { output: "second" } } },
    ]);
  });

  it("leaves integers that a double cannot hold as text", () => {
    const text = '{"id":9007199254740993}';
    expect(turn([call("x")], [result("x", text)])[2]?.parts[0]?.functionResponse?.response).toEqual({ output: text });
    const safe = '{"id":"9007199254740993"}';
    expect(turn([call("x")], [result("x", safe)])[2]?.parts[0]?.functionResponse?.response).toEqual(JSON.parse(safe));
  });

  it("gives media of a result within it since Gemini 3, beside it before", () => {
    const content = [
      { type: "text", text: "Here:" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    ];
    const image = { inlineData: { mimeType: "image/png", data: "AAAA" } };
    const response = { output: "Here:" };
    expect(turn([call("x")], [result("x", content)])[2]?.parts).toEqual([
      { functionResponse: { id: "x", name: "look", response } },
      image,
    ]);
    expect(turn([call("x")], [result("x", content)], "gemini-3-pro-preview")[2]?.parts).toEqual([
      { functionResponse: { id: "x", name: "look", response, parts: [image] } },
    ]);
  });

  it("takes legacy function messages", () => {
    const { contents } = convert({
      messages: [
        user,
        { role: "assistant", function_call: { name: "look", arguments: '{"a":1}' } },
        { role: "function", name: "look", content: "[1]" },
      ],
    });
    expect(contents.slice(1)).toEqual([
      { role: "model", parts: [{ functionCall: { name: "look", args: { a: 1 } } }] },
      { role: "user", parts: [{ functionResponse: { name: "look", response: { output: "[1]" } } }] },
    ]);
  });

  it("refuses a result without its call", () => {
    expect(() => turn([], [result("gone", "x")])).toThrow(/messages\[2\]\.tool_call_id/);
  });

  it.each([
    ["provider_specific_fields", call("x", "{}", { provider_specific_fields: { thought_signature: "Q2lB" } })],
    ["extra_content", call("x", "{}", { extra_content: { google: { thought_signature: "Q2lB" } } })],
    ["the id", call("x__thought__Q2lB")],
  ])("takes the signature from %s", (_, signed) => {
    const [, calls, results] = turn([signed], [result(signed.id, "ok")], "gemini-3-flash-preview");
    expect(calls?.parts).toEqual([{ functionCall: { id: "x", name: "look", args: {} }, thoughtSignature: "Q2lB" }]);
    expect(results?.parts[0]?.functionResponse?.id).toBe("x");
  });

  it("says to Gemini 3, for the first call of a step, that there is no signature", () => {
    const signatures = (model: string, calls: unknown[]) =>
      turn(calls, [], model)[1]?.parts.map(({ thoughtSignature }) => thoughtSignature);
    const skip = "skip_thought_signature_validator";
    expect(signatures("gemini-3-pro-preview", [call("a"), call("b")])).toEqual([skip, undefined]);
    expect(signatures("gemini-2.5-pro", [call("a")])).toEqual([undefined]);
    // Anthropic's signature, which Gemini would refuse
    const foreign = call("a", "{}", { provider_specific_fields: { thought_signature: "EqQBCkYICRABGAIqQAAA" } });
    expect(signatures("gemini-3-pro-preview", [foreign])).toEqual([skip]);
  });

  it("returns thoughts, text signatures, native parts and images to the model", () => {
    const native = { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "Q29k" };
    const message = {
      role: "assistant",
      content: "Done.",
      thinking_blocks: [
        { type: "thinking", thinking: "Hm.", signature: "Q2lB" },
        { type: "thinking", thinking: "Claude's", signature: "EqQBCkYICRABGAIqQAAA" },
      ],
      images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }],
      provider_specific_fields: { thought_signatures: ["Q2lB"], gemini_parts: [native] },
    };
    expect(convert({ messages: [user, message] }).contents[1]?.parts).toEqual([
      { text: "Hm.", thought: true },
      native,
      { text: "Done.", thoughtSignature: "Q2lB" },
      { inlineData: { mimeType: "image/png", data: "AAAA" } },
    ]);
  });
});

describe("parameters", () => {
  it("says OpenAI's parameters", () => {
    const { generationConfig, serviceTier } = convert({
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 10,
      stop: "END",
      n: 2,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      seed: 7,
      logprobs: true,
      top_logprobs: 3,
      modalities: ["text", "image"],
      service_tier: "flex",
      user: "someone",
      metadata: { a: "b" },
    });
    expect(generationConfig).toEqual({
      temperature: 0,
      topP: 0.5,
      maxOutputTokens: 10,
      stopSequences: ["END"],
      candidateCount: 2,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      seed: 7,
      responseLogprobs: true,
      logprobs: 3,
      responseModalities: ["TEXT", "IMAGE"],
    });
    expect(serviceTier).toBe("flex");
  });

  it("says answers in JSON and in speech", () => {
    const schema = { type: "object", properties: { a: { type: "string" } } };
    expect(convert({ response_format: { type: "json_object" } }).generationConfig).toEqual({
      responseMimeType: "application/json",
    });
    const format = { type: "json_schema", json_schema: { name: "x", schema } };
    expect(convert({ response_format: format }).generationConfig).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: schema,
    });
    expect(convert({ response_format: format }, "gemini-1.5-pro").generationConfig).toEqual({
      responseMimeType: "application/json",
      responseSchema: { type: "OBJECT", properties: { a: { type: "STRING" } } },
    });
    expect(convert({ audio: { voice: "Kore", format: "pcm16" } }).generationConfig).toEqual({
      responseModalities: ["AUDIO"],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
    });
  });

  it("passes Gemini's own parameters to their place", () => {
    expect(
      convert({
        temperature: 1,
        top_k: 3,
        thinking_config: { thinkingBudget: 5 },
        generationConfig: { temperature: 0.5, media_resolution: "MEDIA_RESOLUTION_LOW" },
        safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
        cached_content: "cachedContents/1",
        labels: { team: "a" },
        toolConfig: { retrievalConfig: { languageCode: "de" } },
        brand_new: true,
      }),
    ).toEqual({
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      generationConfig: {
        temperature: 0.5,
        topK: 3,
        thinkingConfig: { thinkingBudget: 5 },
        mediaResolution: "MEDIA_RESOLUTION_LOW",
      },
      toolConfig: { retrievalConfig: { languageCode: "de" } },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
      cachedContent: "cachedContents/1",
      labels: { team: "a" },
      brand_new: true,
    });
  });

  it.each([
    ["gemini-2.5-flash", "low", { thinkingBudget: 1024, includeThoughts: true }],
    ["gemini-2.5-flash", "medium", { thinkingBudget: 2048, includeThoughts: true }],
    ["gemini-2.5-pro", "high", { thinkingBudget: 4096, includeThoughts: true }],
    ["gemini-2.5-flash", "none", { thinkingBudget: 0, includeThoughts: false }],
    ["gemini-2.5-pro", "none", { thinkingBudget: 128, includeThoughts: false }],
    ["gemini-2.5-flash-lite", "minimal", { thinkingBudget: 512, includeThoughts: true }],
    ["gemini-3-pro-preview", "medium", { thinkingLevel: "high", includeThoughts: true }],
    ["gemini-3.1-pro-preview", "medium", { thinkingLevel: "medium", includeThoughts: true }],
    ["gemini-3-flash-preview", "minimal", { thinkingLevel: "minimal", includeThoughts: true }],
    ["models/gemini-3.5-flash", "none", { thinkingLevel: "minimal", includeThoughts: false }],
  ])("%s thinks with effort %s", (model, effort, config) => {
    expect(convert({ reasoning_effort: effort }, model).generationConfig).toEqual({ thinkingConfig: config });
  });

  it("takes Anthropic's thinking", () => {
    const config = (thinking: unknown, model?: string) =>
      convert({ thinking }, model).generationConfig?.["thinkingConfig"];
    expect(config({ type: "enabled", budget_tokens: 300 })).toEqual({ thinkingBudget: 300, includeThoughts: true });
    expect(config({ type: "disabled" })).toEqual({ thinkingBudget: 0, includeThoughts: false });
    expect(config({ type: "adaptive" })).toEqual({ thinkingBudget: -1, includeThoughts: true });
    expect(config({ type: "adaptive", display: "omitted" }, "gemini-3-pro")).toEqual({ includeThoughts: false });
    expect(() => convert({ reasoning_effort: "lots" })).toThrow(BadRequestError);
  });
});

describe("tools", () => {
  const tool = (name: string) => ({
    type: "function",
    function: { name, parameters: { type: "object", properties: {} } },
  });
  const declared = (name: string) => ({ name, parametersJsonSchema: { type: "object", properties: {} } });

  it("declares functions together, and names Google's tools however they are written", () => {
    const tools = [
      tool("a"),
      { googleSearch: {} },
      { type: "url_context" },
      { code_execution: {} },
      { type: "function", function: { name: "b", description: "B" } },
      { functionDeclarations: [{ name: "c" }] },
    ];
    expect(convert({ tools }).tools).toEqual([
      { functionDeclarations: [declared("a"), { name: "b", description: "B" }, { name: "c" }] },
      { googleSearch: {} },
      { urlContext: {} },
      { codeExecution: {} },
    ]);
    expect(convert({ web_search_options: { search_context_size: "low" } }).tools).toEqual([{ googleSearch: {} }]);
    expect(convert({ tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 2 }] }).tools).toEqual([
      { googleSearch: {} },
    ]);
    expect(convert({ tools: [{ type: "file_search", fileSearchStoreNames: ["s"] }] }).tools).toEqual([
      { fileSearch: { fileSearchStoreNames: ["s"] } },
    ]);
  });

  it("refuses what Gemini lacks, or leaves it out", () => {
    expect(() => convert({ tools: [{ type: "custom", custom: {} }] })).toThrow(UnsupportedParamsError);
    expect(convert({ tools: [{ type: "custom", custom: {} }] }, undefined, { dropParams: true }).tools).toBeUndefined();
    const serial = { tools: [tool("a"), tool("b")], parallel_tool_calls: false };
    expect(() => convert(serial)).toThrow(UnsupportedParamsError);
    expect(() => convert(serial, undefined, { dropParams: true })).not.toThrow();
    expect(() => convert({ ...serial, tools: [tool("a")] })).not.toThrow();
  });

  it.each([
    ["none", { mode: "NONE" }],
    ["auto", { mode: "AUTO" }],
    ["required", { mode: "ANY" }],
    [
      { type: "function", function: { name: "a" } },
      { mode: "ANY", allowedFunctionNames: ["a"] },
    ],
    [
      {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "a" } }] },
      },
      { mode: "VALIDATED", allowedFunctionNames: ["a"] },
    ],
    [
      { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "a" }] },
      { mode: "ANY", allowedFunctionNames: ["a"] },
    ],
  ])("chooses %j", (tool_choice, functionCallingConfig) => {
    expect(convert({ tools: [tool("a")], tool_choice }).toolConfig).toEqual({ functionCallingConfig });
  });

  it("takes legacy functions", () => {
    const functions = [{ name: "a", parameters: { type: "object", properties: {} } }];
    expect(convert({ functions, function_call: { name: "a" } })).toMatchObject({
      tools: [{ functionDeclarations: [declared("a")] }],
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["a"] } },
    });
  });

  it("announces functions beside Google's tools where the API wants it", () => {
    const tools = [tool("a"), { googleSearch: {} }];
    const options = { announcesToolCombination: true };
    expect(convert({ tools }, "gemini-3-flash-preview", options).toolConfig).toEqual({
      includeServerSideToolInvocations: true,
    });
    expect(convert({ tools }, "gemini-3-flash-preview").toolConfig).toBeUndefined();
    expect(convert({ tools }, "gemini-2.5-flash", options).toolConfig).toBeUndefined();
  });
});
