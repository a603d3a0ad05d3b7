/** One gateway before aimock, which answers as OpenAI, Anthropic and Google do, for the clients of a file. */
import { type Aimock, deployments, startAimock } from "../http/aimock.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";

export { MASTER_KEY };

/** Models behind which another wire format stands each. */
export const MODELS = ["openai", "anthropic", "gemini"] as const;

export interface ClientBench {
  gateway: TestGateway;
  aimock: Aimock;
  /** Base URL of OpenAI's clients. */
  openaiUrl: string;
  stop(): Promise<void>;
}

export const TOOL_ARGUMENTS = { city: "Paris" };
export const ANSWER = "The quick brown fox jumps over the lazy dog.";
export const TOOL_RESULT = "21 degrees";
export const FINAL = "It is 21 degrees in Paris.";
const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** Says `ANSWER` to all, calls `get_weather` where the user asks for weather, and ends with `FINAL` after its result. */
export async function startBench(): Promise<ClientBench> {
  const aimock = await startAimock();
  const { mock } = aimock;
  const isAfterTool = (messages: readonly { role: string }[]) => messages.at(-1)?.role === "tool";
  mock.on({ predicate: ({ messages }) => isAfterTool(messages) }, { content: FINAL, usage: USAGE });
  mock.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: JSON.stringify(TOOL_ARGUMENTS) }] },
  );
  mock.on({ userMessage: "as JSON" }, { content: JSON.stringify(TOOL_ARGUMENTS), usage: USAGE });
  mock.onEmbedding(/.*/, { embedding: [0.1, 0.2, 0.3] });
  mock.on({}, { content: ANSWER, usage: USAGE });
  const gateway = await startGateway({
    model_list: [
      ...deployments(aimock.url),
      {
        model_name: "vectors",
        litellm_params: { model: "openai/text-embedding-3-small", api_base: `${aimock.url}/v1`, api_key: "sk-x" },
      },
      {
        model_name: "ranks",
        litellm_params: { model: "cohere/rerank-v3.5", api_base: aimock.url, api_key: "sk-x" },
      },
    ],
  });
  return {
    gateway,
    aimock,
    openaiUrl: `${gateway.url}/v1`,
    async stop() {
      await gateway.stop();
      await aimock.close();
    },
  };
}
