import OpenAI from "openai";
import { expect } from "vitest";
import type { TestGateway } from "./gateway.ts";
import { until } from "./upstream.ts";

/** A client that tries nothing twice, so that each answer is seen, and gives up where a call hangs. */
export function sdkFor({ url }: TestGateway, apiKey: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, timeout: 15_000, logLevel: "off" });
}

export const user = (content: string) => [{ role: "user" as const, content }];

/** The SDK's error this call ends with. */
export async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const failure = await promise.then(
    (value) => ({ answered: value }),
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(OpenAI.APIError);
  return failure as InstanceType<typeof OpenAI.APIError>; // just checked
}

/** What the gateway wrote down of a call, by `x-litellm-call-id`. */
export async function recordOf(gateway: TestGateway, id: string | null): Promise<Record<string, unknown>> {
  const found = () => gateway.records().find((call) => call["id"] === id);
  await until(() => found() !== undefined);
  return found()!;
}
