/** Requests of Google's clients: what is read of them, and what becomes of them. */
import { describe, expect, it } from "vitest";
import { BadRequestError, RateLimitError, UnsupportedParamsError } from "../../../src/formats/errors.ts";
import type { GenerateContentCall } from "../../../src/formats/gemini/as-chat.ts";
import {
  generateContentCallSchema,
  nativeBody,
  outputFacts,
  toChat,
  withOutputLimit,
} from "../../../src/formats/gemini/call.ts";
import { toGoogleError } from "../../../src/formats/gemini/error.ts";
import { packThinking, SKIP_VALIDATION, withoutPackedThinking } from "../../../src/formats/gemini/opaque-state.ts";
import { type Taker, toPortable } from "../../../src/formats/gemini/portable.ts";
import { validate } from "../../../src/formats/validate.ts";

const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
const asked = (more: object = {}): GenerateContentCall => ({ model: "m", contents, ...more });
const OPENAI: Taker = { provider: "openai", wire: "openai", supported: "all", takesTopK: false, dropParams: false };
const CLAUDE: Taker = { ...OPENAI, provider: "anthropic", wire: "anthropic", takesTopK: true };
const portable = (more: object, taker: Partial<Taker> = {}) => toPortable(toChat(asked(more)), { ...OPENAI, ...taker });

describe("what is read of a request", () => {
  it("reads either case, and numbers that are texts", () => {
    const facts = { limit: 7, candidates: 2, showsThoughts: true };
    const generation_config = {
      max_output_tokens: "7",
      candidate_count: 2,
      thinking_config: { include_thoughts: true },
    };
    expect(outputFacts(asked({ generation_config }))).toEqual(facts);
    const generationConfig = { maxOutputTokens: 7, candidateCount: 2, thinkingConfig: { includeThoughts: true } };
    expect(outputFacts(asked({ generationConfig }))).toEqual(facts);
    expect(outputFacts(asked())).toEqual({ limit: undefined, candidates: 1, showsThoughts: false });
  });

  it("bounds the answer whatever the config is called", () => {
    const bounded = withOutputLimit(asked({ generation_config: { max_output_tokens: 9, top_p: 0.5 } }), 3);
    expect(bounded).toEqual(asked({ generationConfig: { maxOutputTokens: 3, topP: 0.5 } }));
  });

  it.each([
    [{ contents: [] }, "contents"],
    [{ contents: "Hi" }, "contents"],
    [{ contents: [{ parts: [{ text: 5 }] }] }, "contents[0].parts[0].text"],
    [{ contents: [{ parts: [{ functionCall: { name: "f", args: "x" } }] }] }, "contents[0].parts[0].functionCall.args"],
    [{ system_instruction: 5 }, "systemInstruction"],
    [{ tools: [{ function_declarations: [{}] }] }, "tools[0].functionDeclarations[0].name"],
    [{ generationConfig: { maxOutputTokens: "many" } }, "generationConfig.maxOutputTokens"],
  ])("refuses %j, and says where", (wrong, param) => {
    expect(() => validate(generateContentCallSchema, asked(wrong))).toThrow(
      expect.objectContaining({ status: 400, param }),
    );
  });

  it("refuses what is nested too deeply to be walked", () => {
    let parameters: object = {};
    for (let depth = 0; depth < 20_000; depth++) parameters = { properties: { a: parameters } };
    const tools = [{ functionDeclarations: [{ name: "f", parameters }] }];
    expect(() => toChat(asked({ tools }))).toThrow(BadRequestError);
  });
});

describe("the body for Google", () => {
  it("is the client's, unknown fields and case and all", () => {
    const body = { contents, system_instruction: { parts: { text: "s" } }, novel: { snake_case: 1 }, tools: [] };
    expect(nativeBody({ ...body, model: "m", stream: true })).toEqual(body);
  });

  it("has a deployment's defaults where the client says nothing, and nothing of OpenAI's", () => {
    const defaults = { temperature: 0.2, max_tokens: 9, top_k: 3, stop: "x", user: "u", metadata: { tags: [] } };
    expect(nativeBody({ ...defaults, ...asked({ generation_config: { temperature: 0 } }) })).toEqual({
      contents,
      generationConfig: { temperature: 0, maxOutputTokens: 9, topK: 3, stopSequences: ["x"] },
    });
  });

  it("has no thinking of other providers: Google would refuse its signature", () => {
    const thoughtSignature = packThinking([{ type: "thinking", thinking: "t", signature: "s" }]);
    const call = { functionCall: { name: "f", args: {} } };
    const history = (part: object) => ({ contents: [...contents, { role: "model", parts: [part] }] });
    const skipped = history({ ...call, thoughtSignature: SKIP_VALIDATION });
    expect(withoutPackedThinking(history({ ...call, thoughtSignature }))).toEqual(skipped);
    expect(withoutPackedThinking(history({ ...call, thought_signature: thoughtSignature }))).toEqual(skipped);
    const own = history({ ...call, thoughtSignature: "Q2lB" });
    expect(withoutPackedThinking(own)).toBe(own);
  });
});

describe("the same as chat", () => {
  it("joins what the model said in pieces, and finds the call of each result", () => {
    const history = [
      ...contents,
      { role: "model", parts: [{ text: "Let " }] },
      { role: "model", parts: [{ text: "me." }, { functionCall: { id: "c1", name: "f", args: {} } }] },
      { role: "model", parts: [] },
      { role: "user", parts: [{ functionResponse: { id: "lost", name: "f", response: { output: "1" } } }] },
      { role: "user", parts: [{ text: "And?" }] },
    ];
    const { messages } = portable({ contents: history });
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    expect(messages[1]).toMatchObject({ content: "Let me.", tool_calls: [{ id: "c1" }] });
    expect(messages[2]).toMatchObject({ tool_call_id: "c1", content: "1" });
  });

  it("brings the packed thinking of Claude back, also where its base64 was written anew", () => {
    const blocks = [{ type: "thinking", thinking: "??>>é", signature: "a+/=" }];
    const signature = packThinking(blocks)?.replaceAll("+", "-").replaceAll("/", "_");
    const parts = [
      { text: "shown", thought: true },
      { functionCall: { name: "f", args: {} }, thoughtSignature: signature },
    ];
    const message = toChat(asked({ contents: [...contents, { role: "model", parts }] })).messages[1];
    expect(message?.thinking_blocks).toEqual(blocks);
    expect(message?.tool_calls?.[0]).not.toHaveProperty("provider_specific_fields");
  });

  it("lets the client's words win over a deployment's defaults", () => {
    const chat = toChat({
      temperature: 1,
      max_completion_tokens: 5,
      top_k: 2,
      ...asked({ generationConfig: { maxOutputTokens: 7 } }),
    });
    expect(chat).toMatchObject({ temperature: 1, max_tokens: 7, top_k: 2 });
    expect(chat).not.toHaveProperty("max_completion_tokens");
  });

  it("is refused where no content says anything, in the client's words", () => {
    for (const parts of [[], undefined])
      expect(() => toChat({ model: "m", contents: [{ role: "user", parts }] })).toThrow(
        expect.objectContaining({ status: 400, param: "contents" }),
      );
  });
});

describe("for providers that are not Google", () => {
  it("drops what steers Google alone", () => {
    const chat = portable({
      safetySettings: [{}],
      labels: { a: "b" },
      toolConfig: { retrievalConfig: {} },
      generationConfig: { topK: 40, mediaResolution: "MEDIA_RESOLUTION_LOW", responseModalities: ["TEXT"], seed: 1 },
    });
    expect(chat).toEqual({ model: "m", messages: [{ role: "user", content: "Hi" }], seed: 1 });
  });

  it("drops habits a provider lacks, and refuses what would change the answer", () => {
    const generationConfig = {
      temperature: 1,
      topP: 0.9,
      seed: 1,
      presencePenalty: 1,
      thinkingConfig: { thinkingBudget: 9 },
    };
    expect(Object.keys(portable({ generationConfig }, { supported: new Set() })).sort()).toEqual(["messages", "model"]);
    const refused = [
      { cachedContent: "cachedContents/1" },
      { generationConfig: { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: ["a"] } } },
      { tools: [{ codeExecution: {} }] },
      { contents: [{ parts: [{ fileData: { fileUri: "gs://bucket/a.pdf" } }] }] },
      { contents: [{ parts: [{ executableCode: { code: "1" } }] }] },
      { contents: [{ parts: [{ fileData: { fileUri: "https://cdn.test/a", mimeType: "video/mp4" } }] }] },
      { contents: [{ parts: [{ fileData: { fileUri: "https://www.youtube.com/watch?v=1" } }] }] },
      { contents: [{ parts: [{ inlineData: { mimeType: "video/webm", data: "AAAA" } }] }] },
    ];
    for (const more of refused) expect(() => portable(more), JSON.stringify(more)).toThrow(UnsupportedParamsError);
    expect(portable({ cachedContent: "c", tools: [{ codeExecution: {} }] }, { dropParams: true })).not.toHaveProperty(
      "tools",
    );
  });

  it("searches where the provider can", () => {
    expect(portable({ tools: [{ google_search: {} }] })).toMatchObject({ web_search_options: {} });
    expect(() => portable({ tools: [{ googleSearch: {} }] }, { supported: new Set() })).toThrow(/googleSearch/);
  });

  it("offers only the functions that may be called, by names that all take", () => {
    const functionDeclarations = ["a.b", "c"].map((name) => ({
      name,
      behavior: "BLOCKING",
      response: { type: "OBJECT" },
    }));
    const functionCallingConfig = { mode: "ANY", allowedFunctionNames: ["a.b", "x"] };
    const chat = portable({ tools: [{ functionDeclarations }], toolConfig: { functionCallingConfig } });
    expect(chat.tools).toEqual([{ type: "function", function: { name: expect.stringMatching(/^a_b_[0-9a-f]{8}$/) } }]);
    expect(chat.tool_choice).toBe("required");
  });

  it("takes both kinds of schema, without Google's own words", () => {
    const schema = {
      type: "OBJECT",
      properties: { propertyOrdering: { type: "STRING" } },
      propertyOrdering: ["propertyOrdering"],
    };
    const plain = { type: "object", properties: { propertyOrdering: { type: "string" } } };
    const declared = (more: object) =>
      portable({ tools: [{ functionDeclarations: [{ name: "f", ...more }] }] }).tools?.[0]?.function;
    expect(declared({ parameters: schema })?.parameters).toEqual(plain);
    expect(declared({ parametersJsonSchema: schema })?.parameters).toEqual(plain);
    expect(portable({ generationConfig: { responseSchema: schema } }).response_format?.json_schema?.schema).toEqual(
      plain,
    );
  });

  it("keeps to Claude's scales", () => {
    const generationConfig = { temperature: 1.8, topP: 0.95, topK: 3, thinkingConfig: { thinkingBudget: 1 } };
    const chat = portable({ generationConfig }, CLAUDE);
    expect(chat).toMatchObject({ temperature: 1, top_k: 3, thinking: { type: "enabled", budget_tokens: 1024 } });
    expect(chat).not.toHaveProperty("top_p"); // not beside a temperature
    expect(portable({ generationConfig: { topP: 0.9 } }, CLAUDE)).toHaveProperty("top_p", 0.9);
  });
});

describe("errors", () => {
  it("names the field and the time to wait", () => {
    const error = new BadRequestError("no", { param: "contents", headers: { "retry-after": "2" } });
    expect(toGoogleError(error)).toEqual({
      error: {
        code: 400,
        message: "no",
        status: "INVALID_ARGUMENT",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ field: "contents", description: "no" }],
          },
          { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2s" },
        ],
      },
    });
  });

  it("keeps Google's own words", () => {
    const upstream = { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED", details: [{ a: 1 }] };
    expect(toGoogleError(new RateLimitError("litellm.RateLimitError: Quota exceeded", { upstream }))).toEqual({
      error: upstream,
    });
  });

  it.each([
    [401, "UNAUTHENTICATED"],
    [403, "PERMISSION_DENIED"],
    [404, "NOT_FOUND"],
    [408, "DEADLINE_EXCEEDED"],
    [413, "INVALID_ARGUMENT"],
    [429, "RESOURCE_EXHAUSTED"],
    [500, "INTERNAL"],
    [503, "UNAVAILABLE"],
  ])("calls %i %s", (status, name) => {
    expect(toGoogleError(new BadRequestError("x", { status })).error).toMatchObject({ code: status, status: name });
  });
});
