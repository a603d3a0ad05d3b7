import { expect, test } from "vitest";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { agent } from "../../../src/providers/bedrock/agent.ts";
import type { Exchange, Target } from "../../../src/providers/provider.ts";

const target: Target = { provider: "bedrock", model: "agent/AGENT1/ALIAS1", params: { aws_region_name: "eu-west-1" } };
const request: ChatRequest = {
  model: "m",
  messages: [
    { role: "user", content: "before" },
    { role: "user", content: "now" },
  ],
};
const exchange: Exchange<ChatRequest> = { request, target, headers: {}, now: 1, id: "id" };
const chunk = (text: string, more: object = {}) => ({
  event: "chunk",
  data: JSON.stringify({ bytes: Buffer.from(text).toString("base64"), ...more }),
});
const trace = (input: number, output: number) => ({
  event: "trace",
  data: JSON.stringify({
    trace: {
      orchestrationTrace: {
        modelInvocationOutput: { metadata: { usage: { inputTokens: input, outputTokens: output } } },
      },
    },
  }),
});

test("an agent is told what is new, in a session", () => {
  const sent = agent.request({ ...request, sessionID: "s-1", sessionState: { a: 1 } }, target);
  expect(sent).toMatchObject({
    url: "https://bedrock-agent-runtime.eu-west-1.amazonaws.com/agents/AGENT1/agentAliases/ALIAS1/sessions/s-1/text",
    body: { json: { inputText: "now", enableTrace: true, sessionState: { a: 1 } } },
  });
  const [one, other] = [agent.request(request, target).url, agent.request(request, target).url];
  expect(one).not.toBe(other);
  expect(() => agent.request(request, { ...target, model: "agent/only" })).toThrow(/bedrock\/agent\/<id>\/<alias>/);
});

test("whole and streamed say the same; the tokens of all steps are told", () => {
  const citations = [{ retrievedReferences: [] }];
  const events = [trace(10, 2), chunk("Hel"), trace(5, 1), chunk("lo", { attribution: { citations } })];
  expect(agent.response(events, exchange)).toMatchObject({
    choices: [{ message: { content: "Hello", provider_specific_fields: { citations } }, finish_reason: "stop" }],
    usage: { prompt_tokens: 15, completion_tokens: 3 },
  });
  const decoder = agent.stream(exchange);
  const chunks = [...events.flatMap((event) => decoder.event(event)), ...decoder.end()];
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Hello");
  expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 15, completion_tokens: 3 });
});

test("what goes wrong", () => {
  const failed = { event: "dependencyFailedException", data: '{"message":"the lambda failed"}' };
  expect(() => agent.stream(exchange).event(failed)).toThrow(/the lambda failed/);
  expect(() => agent.stream(exchange).end()).toThrow(/broke off/);
  expect(() => agent.response({ message: "no" }, exchange)).toThrow(/none of an agent's/);
});
