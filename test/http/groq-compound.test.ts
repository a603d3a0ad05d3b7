/** What Groq's Compound costs: the models it asked, each at its own price, and the searches it made. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

const USAGE = { prompt_tokens: 2000, completion_tokens: 400, total_tokens: 2400 };
const part = (model: string, prompt_tokens: number, completion_tokens: number) => ({
  model,
  usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
});
const MODELS = [part("meta-llama/llama-4-scout-17b-16e-instruct", 500, 100), part("openai/gpt-oss-120b", 1500, 300)];
const TOOLS = [
  { index: 0, type: "search", arguments: '{"query": "weather"}' },
  { index: 1, type: "visit", arguments: '{"url": "https://a.test"}' },
];
/** Nano-dollars: Scout is $0.11 and $0.34 a million, GPT-OSS 120B $0.15 and $0.60, a search $0.005. */
const SEARCH = 5_000_000;
const COST = 500 * 110 + 100 * 340 + 1500 * 150 + 300 * 600 + SEARCH;
/** Streams name the whole usage for each: half of it at either's price. */
const STREAMED = (2000 * 110 + 400 * 340 + 2000 * 150 + 400 * 600) / 2 + SEARCH;
/** At that of the dearest, Llama 3.3 70B: $0.59 and $0.79. */
const UNTOLD = 2000 * 590 + 400 * 790;

beforeAll(async () => {
  upstream = await startUpstream(answer);
  const groq = (model_name: string, model: string, more: object = {}) => ({
    model_name,
    litellm_params: {
      model: `groq/${model}`,
      api_base: upstream.url,
      api_key: "k",
      use_in_pass_through: true,
      ...more,
    },
  });
  gateway = await startGateway({
    model_list: [
      groq("compound", "groq/compound"),
      groq("stated", "groq/compound-mini", { input_cost_per_token: 0.000_001, output_cost_per_token: 0.000_001 }),
      groq("untold", "groq/compound-beta"),
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function answer({ body }: Received, response: ServerResponse): void {
  const { model, stream } = body;
  const head = { id: "c1", created: 1, model };
  if (stream === true) {
    const chunk = (delta: object, more: object = {}) =>
      `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
    const models = MODELS.map((one) => ({ ...one, usage: USAGE }));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ role: "assistant", executed_tools: [TOOLS[0]] }));
    response.write(chunk({ executed_tools: [{ ...TOOLS[0], output: "Sunny" }] }));
    response.write(chunk({ content: "Sunny" }));
    const choices = [{ index: 0, delta: {}, finish_reason: "stop" }];
    response.write(chunk({}, { choices, x_groq: { id: "r", usage: USAGE, usage_breakdown: { models } } }));
    response.end("data: [DONE]\n\n");
    return;
  }
  const isTold = model !== "groq/compound-beta";
  json(response, 200, {
    ...{ ...head, object: "chat.completion", usage: USAGE },
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Sunny", ...(isTold && { executed_tools: TOOLS }) },
        finish_reason: "stop",
      },
    ],
    usage_breakdown: isTold ? { models: MODELS } : null,
  });
}

const messages = [{ role: "user", content: "The weather?" }];

async function costOf(path: string, body: object): Promise<unknown> {
  const response = await gateway.call(path, body);
  expect(response.status).toBe(200);
  await response.text();
  const id = response.headers.get("x-litellm-call-id");
  const found = () => gateway.records().find((record) => record["id"] === id);
  await until(() => found() !== undefined);
  return found()?.["cost"];
}

it.each([
  ["whole", "/v1/chat/completions", { model: "compound", messages }, COST],
  ["streamed", "/v1/chat/completions", { model: "compound", messages, stream: true }, STREAMED],
  ["by Groq's own API", "/groq/v1/chat/completions", { model: "groq/compound", messages }, COST],
  ["streamed there", "/groq/v1/chat/completions", { model: "groq/compound", messages, stream: true }, STREAMED],
  ["where it does not tell", "/v1/chat/completions", { model: "untold", messages }, UNTOLD],
  [
    "at a stated price, and that of a search",
    "/v1/chat/completions",
    { model: "stated", messages },
    2_400_000 + SEARCH,
  ],
])("%s", async (_, path, body, cost) => {
  expect(await costOf(path, body)).toBe(cost);
});

it("by Anthropic's API", async () => {
  expect(await costOf("/v1/messages", { model: "compound", max_tokens: 100, messages })).toBe(COST);
});
