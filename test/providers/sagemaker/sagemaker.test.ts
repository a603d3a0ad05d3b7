/** Containers on SageMaker: those that complete texts, and those that speak OpenAI's format. */
import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { AWS_EVENT_STREAM } from "../../../src/formats/aws-event-stream.ts";
import type { ChatChunk, ChatCompletion, ChatRequest } from "../../../src/formats/openai/chat.ts";
import { chat as operation } from "../../../src/operations/chat.ts";
import type { ChatAdapter, Target } from "../../../src/providers/provider.ts";
import { sagemaker, sagemakerChat } from "../../../src/providers/sagemaker/index.ts";
import { speak } from "../../../src/providers/speak.ts";
import { awsMessage } from "../../formats/aws-message.ts";

const params = { aws_region_name: "eu-west-1", aws_access_key_id: "AKID", aws_secret_access_key: new Secret("secret") };
const target = (provider: string, model: string): Target => ({ provider, model, params });
const request: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hi" }], max_tokens: 5, stop: "|" };

/** Parts cut anywhere, as SageMaker frames them. */
function parts(text: string): Uint8Array<ArrayBuffer> {
  const headers = { ":event-type": "PayloadPart", ":message-type": "event" };
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
    bytes.subarray(index * 7, index * 7 + 7),
  );
  return Uint8Array.from(Buffer.concat(pieces.map((piece) => awsMessage(headers, piece))));
}

async function ask(adapter: ChatAdapter, to: Target, asked: ChatRequest, answer: Response) {
  let sent: { url: string; headers: Headers; body: unknown } | undefined;
  const got = await speak<ChatRequest, ChatCompletion, ChatChunk>(adapter, asked, to, {
    fetch: async (url, init) => {
      sent = { url: String(url), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) };
      return answer;
    },
    authorize: sagemaker.authorize!,
    stream: asked.stream === true,
    isContent: operation.isContent,
    chunksOf: operation.chunksOf,
    now: () => Date.UTC(2026, 0, 1),
    id: "id",
  });
  const chunks: ChatChunk[] = [];
  if (got.kind === "stream")
    for (let some = await got.chunks.read(); some !== undefined; some = await got.chunks.read()) chunks.push(...some);
  return { sent: sent!, got, chunks };
}

const streamed = (text: string) => new Response(parts(text), { headers: { "content-type": AWS_EVENT_STREAM } });
const textOf = (chunks: ChatChunk[]) => chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");

describe("texts", () => {
  const llama = target("sagemaker", "my-llama2-endpoint");

  test("whole: signed, by the template the name tells, without the prompt that comes back", async () => {
    const answer = Response.json([
      { generated_text: "<s>[INST] Hi [/INST]Hello", details: { finish_reason: "length" } },
    ]);
    const { sent, got } = await ask(sagemaker.chat!, llama, request, answer);
    expect(sent.url).toBe("https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/my-llama2-endpoint/invocations");
    expect(sent.headers.get("authorization")).toContain("/eu-west-1/sagemaker/aws4_request");
    expect(sent.body).toEqual({ inputs: "<s>[INST] Hi [/INST]", parameters: { max_new_tokens: 5, stop: ["|"] } });
    expect(got).toMatchObject({
      kind: "complete",
      body: { choices: [{ message: { content: "Hello" }, finish_reason: "length" }] },
    });
  });

  test("streamed, in parts cut anywhere", async () => {
    const events = [
      { token: { text: "Hel" }, generated_text: null },
      { token: { text: "lo" }, generated_text: null },
      { token: { text: "</s>", special: true }, generated_text: "Hello", details: { finish_reason: "eos_token" } },
    ];
    const text = events.map((event) => `data:${JSON.stringify(event)}\n\n`).join("");
    const { sent, chunks } = await ask(sagemaker.chat!, llama, { ...request, stream: true }, streamed(text));
    expect(sent.url).toMatch(/\/invocations-response-stream$/);
    expect(sent.body).toMatchObject({ stream: true });
    expect(textOf(chunks)).toBe("Hello");
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");
  });

  test("a part may end within a character", async () => {
    const said = "Grüße, 你好 👋🏽 und wieder 👩‍👩‍👧 ist gut";
    const events = [...said].map((text) => ({ token: { text } }));
    const end = { token: { text: "" }, generated_text: said };
    const text = [...events, end].map((event) => `data:${JSON.stringify(event)}\n\n`).join("");
    const { chunks } = await ask(sagemaker.chat!, llama, { ...request, stream: true }, streamed(text));
    expect(textOf(chunks)).toBe(said);
  });

  test("what the container says is told with its own status", () => {
    const body = JSON.stringify({
      OriginalStatusCode: 422,
      OriginalMessage: '{"error":"`inputs` must be a string"}',
      Message: "m",
    });
    const error = sagemaker.chat!.error({ status: 424, body, headers: {}, target: llama });
    expect(error.status).toBe(422);
    expect(error.message).toContain("`inputs` must be a string");
  });

  test("a name that is none of an endpoint is refused", () => {
    expect(() => sagemaker.chat!.request(request, target("sagemaker", "../other"))).toThrow(/no name of an endpoint/);
  });
});

describe("OpenAI's format", () => {
  const to = target("sagemaker_chat", "my-endpoint");

  test("whole and streamed", async () => {
    const whole = {
      id: "c",
      object: "chat.completion",
      created: 1,
      model: "m",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
    };
    const { sent, got } = await ask(sagemakerChat.chat!, to, request, Response.json(whole));
    expect(sent.body).toEqual({ messages: request.messages, max_tokens: 5, stop: "|" });
    expect(got).toMatchObject({ body: { choices: [{ message: { content: "Hello" } }] } });
    const piece = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const text = `${piece({ role: "assistant", content: "Hel" }, null)}${piece({ content: "lo" }, "stop")}data: [DONE]\n\n`;
    const { chunks } = await ask(sagemakerChat.chat!, to, { ...request, stream: true }, streamed(text));
    expect(textOf(chunks)).toBe("Hello");
  });

  test("a stream that is cut off is an error", async () => {
    const { got } = await ask(
      sagemakerChat.chat!,
      to,
      { ...request, stream: true },
      streamed('data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'),
    ).catch((error: unknown) => ({ got: error }));
    expect(String(got)).toContain("broke off");
  });
});
