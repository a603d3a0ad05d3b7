/** Upstreams of three formats for Anthropic's clients, and a request as Claude Code makes it. */
import type { ServerResponse } from "node:http";
import { json, type Received } from "./upstream.ts";

export const MESSAGE = {
  model: "claude-sonnet-4-5-20250929",
  id: "msg_01",
  type: "message",
  role: "assistant",
  content: [
    { type: "thinking", thinking: "Hm.", signature: "sig" },
    { type: "text", text: "Hello" },
    { type: "tool_use", id: "toolu_01", name: "read", input: { path: "a" } },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: {
    input_tokens: 1000,
    cache_creation_input_tokens: 200,
    cache_read_input_tokens: 3000,
    cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 0 },
    output_tokens: 500,
    service_tier: "standard",
  },
};

/** As Anthropic writes it: with white space that means nothing, and pings. */
export const EVENTS = [
  `event: message_start\ndata: {"type":"message_start","message":${JSON.stringify({ ...MESSAGE, content: [], stop_reason: null, usage: { ...MESSAGE.usage, output_tokens: 1 } })}  }\n\n`,
  `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}\n\n`,
  'event: ping\ndata: {"type": "ping"}\n\n',
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}  }\n\n`,
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}\n\n`,
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":0   }\n\n',
  `event: content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}\n\n`,
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello"}}\n\n`,
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}\n\n',
  `event: content_block_start\ndata: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_01","name":"read","input":{}}}\n\n`,
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\\"path\\":\\"a\\"}"}}\n\n`,
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":2}\n\n',
  `event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":1000,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"output_tokens":500}  }\n\n`,
  'event: message_stop\ndata: {"type":"message_stop"           }\n\n',
];

const error = (type: string, message: string) => ({ type: "error", error: { type, message }, request_id: "req_01" });

const FAILURES: Readonly<Record<string, [status: number, type: string, message: string]>> = {
  overloaded: [529, "overloaded_error", "Overloaded"],
  limited: [429, "rate_limit_error", "This request would exceed your rate limit"],
  invalid: [400, "invalid_request_error", "max_tokens: must be greater than thinking.budget_tokens"],
  unpaid: [402, "billing_error", "Your credit balance is too low"],
  large: [413, "request_too_large", "Request exceeds the maximum size"],
  broken: [500, "api_error", "Internal server error"],
};

function anthropic({ body, path }: Received, response: ServerResponse) {
  const model = String(body["model"]);
  const failure = FAILURES[model];
  if (failure !== undefined) {
    const [status, type, message] = failure;
    return json(response, status, error(type, message), { "request-id": "req_01", "retry-after": "3" });
  }
  if (path.includes("/count_tokens")) return json(response, 200, { input_tokens: 4242 });
  if (!body["stream"])
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(MESSAGE, null, 1));
  response.writeHead(200, { "content-type": "text/event-stream", "request-id": "req_01" });
  switch (model) {
    case "fails-midway":
      response.write(EVENTS.slice(0, 8).join(""));
      return response.end(`event: error\ndata: ${JSON.stringify(error("overloaded_error", "Overloaded"))}\n\n`);
    case "endless": {
      response.write(EVENTS.slice(0, 8).join(""));
      const pings = setInterval(() => response.write(EVENTS[2]), 100);
      return response.on("close", () => clearInterval(pings));
    }
    default:
      for (const event of EVENTS) response.write(event);
      return response.end();
  }
}

const OPENAI_USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 40 },
  completion_tokens_details: { reasoning_tokens: 5 },
};

/** Two tool calls whose pieces come mixed. */
function openai({ body }: Received, response: ServerResponse) {
  const model = String(body["model"]);
  if (model === "down") return json(response, 503, { error: { message: "down", type: "server_error" } });
  const head = { id: "chatcmpl-1", created: 1, model };
  const call = (index: number, id: string, name: string, text: string) => ({
    index,
    id,
    type: "function",
    function: { name, arguments: text },
  });
  if (!body["stream"]) {
    const tool_calls = [call(0, "call_a", "read", '{"path":"a"}'), call(1, "call_b", "write", "{}")];
    const message = { role: "assistant", content: "Both.", tool_calls };
    const choices = [{ index: 0, message, finish_reason: "tool_calls" }];
    return json(response, 200, { ...head, object: "chat.completion", choices, usage: OPENAI_USAGE });
  }
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const piece = (index: number, text: string) => chunk({ tool_calls: [{ index, function: { arguments: text } }] });
  const begin = (index: number, id: string, name: string) => chunk({ tool_calls: [call(index, id, name, "")] });
  const chunks: object[] = [
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Both." }),
    begin(0, "call_a", "read"),
    begin(1, "call_b", "write"),
    piece(0, '{"path"'),
    piece(1, "{"),
    piece(0, ':"a"}'),
    piece(1, "}"),
    chunk({}, "tool_calls"),
  ];
  chunks.push({ ...chunk({}), choices: [], usage: OPENAI_USAGE });
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(`${chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("")}data: [DONE]\n\n`);
}

function gemini({ path }: Received, response: ServerResponse) {
  const usageMetadata = {
    promptTokenCount: 100,
    candidatesTokenCount: 15,
    thoughtsTokenCount: 5,
    totalTokenCount: 120,
  };
  const answer = (parts: object[], finishReason?: string) => ({
    responseId: "r1",
    modelVersion: "gemini-2.5-flash",
    candidates: [{ index: 0, content: { role: "model", parts }, ...(finishReason && { finishReason }) }],
    usageMetadata,
  });
  const thought = { text: "Hm.", thought: true };
  const call = { functionCall: { name: "read", args: { path: "a" } }, thoughtSignature: "c2ln" };
  if (!path.includes("stream")) return json(response, 200, answer([thought, { text: "Hello" }, call], "STOP"));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const pieces = [answer([thought]), answer([{ text: "Hel" }]), answer([{ text: "lo" }]), answer([call], "STOP")];
  response.end(pieces.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(""));
}

export function answerAll(request: Received, response: ServerResponse): void {
  if (request.path.includes("/chat/completions")) openai(request, response);
  else if (request.path.includes("generateContent") || request.path.includes("GenerateContent"))
    gemini(request, response);
  else anthropic(request, response);
}

const ephemeral = { type: "ephemeral" };

/** What Claude Code sends, but for its length. */
export const CLAUDE_CODE = {
  model: "claude",
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "<system-reminder>As you answer, be brief.</system-reminder>" },
        { type: "text", text: "Read a.", cache_control: ephemeral },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "I read it.", signature: "sig" },
        { type: "tool_use", id: "toolu_00", name: "read", input: { path: "a" } },
      ],
    },
    {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "toolu_00",
          content: [{ type: "text", text: "<tool_use_error>no file a</tool_use_error>" }],
          is_error: true,
          cache_control: ephemeral,
        },
      ],
    },
  ],
  system: [
    { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.87.abc; cc_entrypoint=cli; cch=00000;" },
    { type: "text", text: "You are Claude Code.", cache_control: { type: "ephemeral", ttl: "1h" } },
  ],
  tools: [
    {
      name: "read",
      description: "Read a file.",
      input_schema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        properties: { path: { type: "string" } },
        required: ["path"],
        additionalProperties: false,
      },
      eager_input_streaming: true,
    },
    { name: "write", description: "Write a file.", input_schema: { type: "object", properties: {} } },
  ],
  metadata: { user_id: `user_${"0".repeat(64)}_account__session_11111111-2222-3333-4444-555555555555` },
  max_tokens: 32_000,
  thinking: { type: "adaptive" },
  context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
  output_config: { effort: "medium" },
  temperature: 1,
  stream: true,
} as const;

export const CLAUDE_CODE_HEADERS = {
  "anthropic-version": "2023-06-01",
  "anthropic-beta":
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24",
  "anthropic-dangerous-direct-browser-access": "true",
  "x-app": "cli",
  "user-agent": "claude-cli/2.1.87 (external, cli)",
};
