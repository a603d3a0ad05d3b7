/** The gateway as a Terraform provider calls it: `x-api-key` and nothing else, and no status but 200 is success. */
import { expect } from "vitest";
import { MASTER_KEY, type TestGateway } from "./gateway.ts";

export type Answer = Record<string, unknown>;

export interface TerraformClient {
  /** The answer to what must succeed. */
  ok(method: string, path: string, body?: unknown): Promise<Answer>;
  /** The same where the answer is a list. */
  list(method: string, path: string, body?: unknown): Promise<Answer[]>;
  /** `status body` of what must fail: providers look for texts in it. */
  refused(method: string, path: string, body?: unknown): Promise<string>;
}

export function terraformClient(gateway: TestGateway): TerraformClient {
  const send = (method: string, path: string, body?: unknown) =>
    fetch(`${gateway.url}${path}`, {
      method,
      headers: { "content-type": "application/json", accept: "application/json", "x-api-key": MASTER_KEY },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  async function succeed(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await send(method, path, body);
    const text = await response.text();
    expect(response.status, `${method} ${path}: ${text}`).toBe(200);
    return JSON.parse(text);
  }
  return {
    ok: async (...call) => (await succeed(...call)) as Answer, // what it holds is for the test to find out
    list: async (...call) => (await succeed(...call)) as Answer[],
    async refused(method, path, body) {
      const response = await send(method, path, body);
      const text = await response.text();
      expect(response.status, `${method} ${path}: ${text}`).toBeGreaterThanOrEqual(400);
      return `${response.status} ${text}`;
    },
  };
}

/** A field that is a text, as ids are. */
export function textOf(answer: Answer, field: string): string {
  const value = answer[field];
  if (typeof value !== "string") throw new Error(`${field} is no text in ${JSON.stringify(answer)}`);
  return value;
}

/** A field that is a map. */
export function mapOf(answer: Answer, field: string): Answer {
  const value = answer[field];
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${field} is no map in ${JSON.stringify(answer)}`);
  return Object.fromEntries(Object.entries(value));
}
