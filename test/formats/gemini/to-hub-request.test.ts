import { describe, expect, it } from "vitest";
import { BadRequestError } from "../../../src/formats/errors.ts";
import { toGeminiRequest } from "../../../src/formats/gemini/request.ts";
import { toHubRequest } from "../../../src/formats/gemini/to-hub-request.ts";
import { chatRequestSchema } from "../../../src/formats/openai/chat.ts";

const model = "gemini-3-flash-preview";

describe("toHubRequest", () => {
  it("says a request of Gemini's in the hub's words", () => {
    const hub = toHubRequest(
      {
        system_instruction: { parts: { text: "Be brief." } },
        contents: [
          { parts: [{ text: "Weather?" }, { inline_data: { mime_type: "image/png", data: "_-8" } }] },
          { role: "model", parts: [{ functionCall: { name: "look", args: { a_b: 1 } }, thoughtSignature: "Q2lB" }] },
          { role: "user", parts: [{ functionResponse: { name: "look", response: { sun: true } } }] },
        ],
        tools: [{ function_declarations: [{ name: "look", parameters: { type: "OBJECT" } }] }, { google_search: {} }],
        toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["look"] } },
        generationConfig: { maxOutputTokens: 5, topK: 2, responseMimeType: "application/json" },
        safetySettings: [],
      },
      { model, stream: true },
    );
    const id = hub.messages[2]?.tool_calls?.[0]?.id;
    expect(hub).toEqual({
      model,
      stream: true,
      messages: [
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "Weather?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,/+8" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              id: expect.stringMatching(/^call_[0-9a-f]{24}$/),
              type: "function",
              function: { name: "look", arguments: '{"a_b":1}' },
              provider_specific_fields: { thought_signature: "Q2lB" },
            },
          ],
        },
        { role: "tool", tool_call_id: id, name: "look", content: '{"sun":true}' },
      ],
      tools: [{ type: "function", function: { name: "look", parameters: { type: "object" } } }, { googleSearch: {} }],
      tool_choice: { type: "function", function: { name: "look" } },
      max_tokens: 5,
      top_k: 2,
      response_format: { type: "json_object" },
      safetySettings: [],
    });
  });

  it("reads a lone value where Google has a list", () => {
    const look = { name: "look", parameters: { type: "object" } };
    const hub = toHubRequest(
      {
        contents: { parts: { text: "Hi" } },
        tools: { function_declarations: look },
        tool_config: { function_calling_config: { mode: "ANY", allowed_function_names: "look" } },
        generation_config: { stop_sequences: "zzz", response_modalities: "TEXT" },
      },
      { model },
    );
    expect(hub).toEqual({
      model,
      messages: [{ role: "user", content: "Hi" }],
      tools: [{ type: "function", function: look }],
      tool_choice: { type: "function", function: { name: "look" } },
      stop: "zzz",
      modalities: ["text"],
    });
  });

  it("comes back as it was", () => {
    const request = {
      systemInstruction: { parts: [{ text: "Be brief." }] },
      contents: [
        { role: "user", parts: [{ text: "Hi" }, { fileData: { mimeType: "video/mp4", fileUri: "gs://b/f.mp4" } }] },
        {
          role: "model",
          parts: [
            { text: "Hm.", thought: true },
            { executableCode: { language: "PYTHON", code: "1" } },
            { text: "Yes.", thoughtSignature: "Q2lB" },
            { functionCall: { id: "f1", name: "look", args: {} }, thoughtSignature: "Q2lC" },
            { functionCall: { id: "f2", name: "look", args: { b: [1] } } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { id: "f1", name: "look", response: { result: "x" } } },
            { functionResponse: { id: "f2", name: "look", response: { output: "y" } } },
            { text: "And?" },
          ],
        },
      ],
      tools: [{ functionDeclarations: [{ name: "look", parametersJsonSchema: { type: "object" } }] }],
      toolConfig: { functionCallingConfig: { mode: "VALIDATED" } },
      generationConfig: {
        temperature: 0.5,
        stopSequences: ["."],
        responseModalities: ["TEXT"],
        thinkingConfig: { thinkingLevel: "low", includeThoughts: false },
      },
      cachedContent: "cachedContents/1",
    };
    const hub = chatRequestSchema.parse(toHubRequest(request, { model }));
    expect(toGeminiRequest(hub, { model })).toEqual(request);
  });

  it("refuses what is no request", () => {
    expect(() => toHubRequest({ contents: "Hi" }, { model })).toThrow(BadRequestError);
  });
});
