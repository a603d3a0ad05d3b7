/** An upstream that speaks the Responses API, Anthropic's, Google's and chat, as the tests of `/v1/responses` need it. */
import type { ServerResponse } from "node:http";
import { json, type Received } from "./upstream.ts";

type Json = Record<string, unknown>;

export const USAGE = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 30,
};

const MESSAGE = {
  id: "msg_1",
  type: "message",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text: "Hello there", annotations: [], logprobs: [] }],
};

/** With white space and a field that nobody knows, so that a copy could not be the same. */
export const WHOLE = `{ "id": "resp_up",  "object": "response", "created_at": 1, "status": "completed", "model": "gpt-5-mini", "strange": [1.0],
 "output": ${JSON.stringify([MESSAGE])}, "service_tier": "default", "usage": ${JSON.stringify(USAGE)} }`;

const event = (type: string, fields: Json) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const HEAD = { id: "resp_up", object: "response", created_at: 1, model: "gpt-5-mini" };

/** The beginning of a stream of OpenAI's, up to its first text. */
const BEGUN = [
  event("response.created", { sequence_number: 0, response: { ...HEAD, status: "in_progress", output: [] } }),
  event("response.in_progress", { sequence_number: 1, response: { ...HEAD, status: "in_progress", output: [] } }),
  event("response.output_item.added", {
    sequence_number: 2,
    output_index: 0,
    item: { ...MESSAGE, status: "in_progress", content: [] },
  }),
  event("response.content_part.added", {
    ...{ sequence_number: 3, item_id: "msg_1", output_index: 0, content_index: 0 },
    part: { type: "output_text", text: "", annotations: [], logprobs: [] },
  }),
  event("response.output_text.delta", {
    ...{ sequence_number: 4, item_id: "msg_1", output_index: 0, content_index: 0 },
    ...{ delta: "Hello there", logprobs: [], obfuscation: "x9" },
  }),
];

export const STREAM = [
  ...BEGUN,
  event("response.output_text.done", {
    sequence_number: 5,
    item_id: "msg_1",
    output_index: 0,
    content_index: 0,
    text: "Hello there",
  }),
  event("response.output_item.done", { sequence_number: 6, output_index: 0, item: MESSAGE }),
  event("response.completed", {
    sequence_number: 7,
    response: { ...HEAD, status: "completed", output: [MESSAGE], usage: USAGE },
  }),
].join("");

function native({ body }: Received, response: ServerResponse): unknown {
  const model = String(body["model"]);
  if (model === "limited") {
    const error = {
      message: "Rate limit reached. Please try again in 11.054s.",
      type: "tokens",
      code: "rate_limit_exceeded",
    };
    return json(response, 429, { error }, { "retry-after": "0" });
  }
  if (body["stream"] !== true) {
    if (model === "broken") return json(response, 200, { hello: "world" });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(searched(model));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  switch (model) {
    case "cut":
      response.write(BEGUN.join(""));
      return setTimeout(() => response.destroy(), 300);
    case "fails-at-once": {
      const error = {
        type: "tokens",
        code: "rate_limit_exceeded",
        message: "Rate limit reached. Please try again in 2s.",
      };
      return response.end(BEGUN.slice(0, 2).join("") + event("error", { sequence_number: 2, error }));
    }
    case "fails-later":
      response.write(BEGUN.join(""));
      response.end(
        event("response.failed", {
          sequence_number: 5,
          response: { ...HEAD, status: "failed", output: [], error: { code: "server_error", message: "It broke." } },
        }),
      );
      return;
    case "drips": {
      let number = 4;
      response.write(BEGUN.join(""));
      const drip = setInterval(() => {
        number += 1;
        const at = { sequence_number: number, item_id: "msg_1", output_index: 0, content_index: 0 };
        response.write(event("response.output_text.delta", { ...at, delta: " and more", logprobs: [] }));
      }, 30);
      return response.on("close", () => clearInterval(drip));
    }
    default:
      response.end(STREAM);
  }
}

/** What OpenAI's own tools cost beside tokens. */
function searched(model: string): string {
  if (model !== "gpt-5-searching") return WHOLE;
  const search = (id: string, type: string) => ({ id, type: "web_search_call", status: "completed", action: { type } });
  const output = [search("ws_1", "search"), search("ws_2", "open_page"), search("ws_3", "search"), MESSAGE];
  return JSON.stringify({ ...HEAD, status: "completed", output, usage: USAGE });
}

const anthropicEvent = (type: string, fields: Json) => event(type, fields);

/** Thinks, and calls two tools in one turn; says something once it has the results. */
function anthropic({ body }: Received, response: ServerResponse): unknown {
  const messages = body["messages"] as { role: string; content: unknown }[];
  const hasResults = JSON.stringify(messages.at(-1)).includes("tool_result");
  const tools = (body["tools"] as { name: string }[] | undefined) ?? [];
  const names = tools.map(({ name }) => name);
  const head = { id: "msg_up", type: "message", role: "assistant", model: "claude-sonnet-4-5" };
  const blocks: Json[] =
    hasResults || names.length === 0
      ? [{ type: "text", text: body["system"] === undefined ? "It is sunny." : "Ahoy." }]
      : [
          { type: "thinking", thinking: "I should look.", signature: "sig-of-claude" },
          { type: "text", text: "Let me see." },
          ...names
            .slice(0, 2)
            .map((name, index) => ({ type: "tool_use", id: `toolu_${index}`, name, input: inputFor(name) })),
        ];
  const stop_reason = blocks.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
  if (body["stream"] !== true)
    return json(response, 200, {
      ...head,
      content: blocks,
      stop_reason,
      usage: { input_tokens: 11, output_tokens: 7 },
    });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const start = { ...head, content: [], usage: { input_tokens: 11, output_tokens: 1 } };
  response.write(anthropicEvent("message_start", { message: start }));
  blocks.forEach((block, index) => {
    const { thinking, signature, text, input, ...rest } = block;
    const empty = {
      ...(thinking !== undefined && { thinking: "" }),
      ...(text !== undefined && { text: "" }),
      ...(input !== undefined && { input: {} }),
    };
    response.write(anthropicEvent("content_block_start", { index, content_block: { ...rest, ...empty } }));
    const delta = (fields: Json) => response.write(anthropicEvent("content_block_delta", { index, delta: fields }));
    if (thinking !== undefined) delta({ type: "thinking_delta", thinking });
    if (signature !== undefined) delta({ type: "signature_delta", signature });
    if (text !== undefined) delta({ type: "text_delta", text });
    if (input !== undefined)
      for (const piece of halves(JSON.stringify(input))) delta({ type: "input_json_delta", partial_json: piece });
    response.write(anthropicEvent("content_block_stop", { index }));
  });
  if (String(body["model"]).includes("overloads")) {
    response.end(anthropicEvent("error", { error: { type: "overloaded_error", message: "Overloaded" } }));
    return;
  }
  response.write(anthropicEvent("message_delta", { delta: { stop_reason }, usage: { output_tokens: 7 } }));
  response.end(anthropicEvent("message_stop", {}));
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

function inputFor(name: string): Json {
  if (name === "apply_patch") return { input: "*** Begin Patch\n*** End Patch" };
  if (name === "local_shell") return { command: ["ls", "-l"] };
  return { city: "Paris" };
}

/** Calls the first tool with a signature; says something once it has the result. */
function gemini({ body, path }: Received, response: ServerResponse): unknown {
  const contents = JSON.stringify(body["contents"]);
  const hasResults = contents.includes("functionResponse");
  const parts =
    hasResults || body["tools"] === undefined
      ? [
          { text: "Thinking of it.", thought: true },
          { text: "It rains.", thoughtSignature: "c2lnLXRleHQ=" },
        ]
      : [{ functionCall: { name: "get_weather", args: { city: "Rome" } }, thoughtSignature: "c2lnLWNhbGw=" }];
  const usageMetadata = { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 };
  const answer = (some: object[], last: boolean) => ({
    candidates: [{ index: 0, content: { role: "model", parts: some }, ...(last && { finishReason: "STOP" }) }],
    usageMetadata,
  });
  if (!path.includes("streamGenerateContent")) return json(response, 200, answer(parts, true));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunks = parts.map((part, index) => answer([part], index === parts.length - 1));
  response.end(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(""));
}

/** Chat alone: a JSON answer where one is asked for, else what the user said backwards. */
function chat({ body }: Received, response: ServerResponse): unknown {
  const format = body["response_format"] as { type?: string } | undefined;
  const said = (body["messages"] as { content: unknown }[]).map(({ content }) => String(content)).join("|");
  const content = format?.type === "json_schema" ? '{"city":"Paris","degrees":21}' : [...said].reverse().join("");
  const head = { id: "chatcmpl-up", created: 1, model: body["model"] };
  const finish = body["max_tokens"] === 5 ? "length" : "stop";
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
  if (body["stream"] !== true)
    return json(response, 200, {
      ...head,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: finish }],
      usage,
    });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`;
  if (String(body["model"]) === "speechless") {
    response.end("data: [DONE]\n\n");
    return;
  }
  response.write(chunk({ role: "assistant", content: "" }));
  response.write(chunk({ reasoning_content: "Hm." }));
  for (const piece of content.match(/.{1,4}/gs) ?? []) response.write(chunk({ content: piece }));
  if (String(body["model"]) === "cut-chat") {
    setTimeout(() => response.destroy(), 100);
    return;
  }
  response.end(`${chunk({}, finish)}${chunk({}, null, { choices: [], usage })}data: [DONE]\n\n`);
}

let failures = 0;

export function answerResponses(request: Received, response: ServerResponse): void {
  const { path, body } = request;
  if (body["model"] === "flaky" && failures++ < 1) json(response, 500, { error: { message: "try again" } });
  else if (body["model"] === "down") json(response, 503, { error: { message: "down" } });
  else if (path.endsWith("/responses")) native(request, response);
  else if (path.endsWith("/v1/messages")) anthropic(request, response);
  else if (path.includes("enerateContent")) gemini(request, response);
  else if (path.endsWith("/chat/completions")) chat(request, response);
  else json(response, 404, { error: { message: `nothing at ${path}` } });
}
