import { request as send } from "node:http";
import { LLMock } from "@copilotkit/aimock";
import { type Received, startUpstream } from "./upstream.ts";

/** One wire format the gateway speaks to upstreams, and where `@copilotkit/aimock` serves it. */
export interface UpstreamFormat {
  /** Name of the format, and of its model at the gateway. */
  name: "openai" | "anthropic" | "gemini" | "groq" | "openrouter";
  /** `litellm_params.model`. */
  model: string;
  /** Path of `api_base`. */
  base: string;
}

/** OpenAI's own, Anthropic's, Gemini's, and two providers that speak OpenAI's: one plainly, one with its own additions. */
export const FORMATS: readonly UpstreamFormat[] = [
  { name: "openai", model: "openai/gpt-4o-mini", base: "/v1" },
  { name: "anthropic", model: "anthropic/claude-sonnet-4-5", base: "" },
  { name: "gemini", model: "gemini/gemini-2.5-flash", base: "" },
  { name: "groq", model: "groq/llama-3.3-70b-versatile", base: "/v1" },
  { name: "openrouter", model: "openrouter/mistralai/mistral-small", base: "/api/v1" },
];

export interface Aimock {
  mock: LLMock;
  url: string;
  /** Requests as the gateway sent them; aimock's own journal has them already translated. */
  received: Received[];
  close(): Promise<void>;
}

/** aimock, behind a wire that keeps what was sent and who hung up. */
export async function startAimock(): Promise<Aimock> {
  const mock = new LLMock({ port: 0, chunkSize: 7 });
  const target = await mock.start();
  const wire = await startUpstream(
    ({ method, path, headers, body }, response) =>
      new Promise<void>((done) => {
        const onward = send(`${target}${path}`, { method, headers });
        response.on("close", () => {
          onward.destroy();
          done();
        });
        onward.on("error", () => response.destroy());
        onward.on("response", (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.on("error", () => response.destroy()); // a connection that breaks off there breaks off here
          answer.on("data", (part) => response.write(part));
          answer.on("end", () => response.end());
        });
        const text = JSON.stringify(body);
        onward.setHeader("content-length", Buffer.byteLength(text));
        onward.end(text);
      }),
  );
  return {
    mock,
    url: wire.url,
    received: wire.received,
    close: async () => {
      await wire.close();
      await mock.stop();
    },
  };
}

/** The `model_list` of a gateway that has a model for each format, all at this upstream. */
export function deployments(url: string, params: Record<string, unknown> = {}) {
  return FORMATS.map(({ name, model, base }) => ({
    model_name: name,
    litellm_params: { model, api_base: `${url}${base}`, api_key: `key-of-${name}`, ...params },
  }));
}
