import { describe, expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import type { Target } from "../../src/providers/provider.ts";
import { findProvider } from "../../src/providers/registry.ts";

const call = { method: "GET" as const, path: "/v2/x", headers: {} };

function asked(slug: string, target: Partial<Target> = {}) {
  return findProvider(slug)?.native?.(call, { provider: slug, model: "", apiKey: new Secret("key"), ...target });
}

describe("hosts of services", () => {
  it.each([
    ["langfuse", "https://cloud.langfuse.com/v2/x"],
    ["cursor", "https://api.cursor.com/v2/x"],
    ["us.assemblyai", "https://api.assemblyai.com/v2/x"],
    ["eu.assemblyai", "https://api.eu.assemblyai.com/v2/x"],
  ])("%s", (slug, url) => expect(asked(slug)?.url).toBe(url));

  it("Milvus is wherever its operator says, with or without a key", () => {
    expect(() => asked("milvus")).toThrow(/needs an api_base/);
    const target = { provider: "milvus", model: "", apiBase: "http://localhost:19530" };
    expect(asked("milvus", target)).toMatchObject({
      url: "http://localhost:19530/v2/x",
      headers: { authorization: "Bearer key" },
    });
    expect(findProvider("milvus")?.native?.(call, target).headers).toEqual({});
  });

  it("a key is nothing without what belongs to it", () => {
    const has = findProvider("langfuse")?.hasCredentials;
    const target = { provider: "langfuse", model: "", apiKey: new Secret("sk") };
    expect(has?.(target)).toBe(false);
    expect(has?.({ ...target, params: { langfuse_public_key: "pk" } })).toBe(true);
  });

  it("keys of any letters are sent as UTF-8", () => {
    const params = { langfuse_public_key: new Secret("pk-ü") };
    const { authorization = "" } = asked("langfuse", { params })?.headers ?? {};
    expect(Buffer.from(authorization.slice(6), "base64").toString()).toBe("pk-ü:key");
  });
});

it("AssemblyAI's deployments stand for the place they are in", () => {
  const us = findProvider("us.assemblyai")?.standIns;
  const eu = findProvider("eu.assemblyai")?.standIns;
  const found = (target: Pick<Target, "provider" | "apiBase">) => [us?.(target), eu?.(target)];
  expect(found({ provider: "assemblyai" })).toEqual([true, false]);
  expect(found({ provider: "assemblyai", apiBase: "https://api.eu.assemblyai.com" })).toEqual([false, true]);
  expect(found({ provider: "assemblyai", apiBase: "https://eu.api.assemblyai.com" })).toEqual([false, true]);
  expect(found({ provider: "assemblyai", apiBase: "https://llm-gateway.assemblyai.com/v1" })).toEqual([false, false]);
  expect(found({ provider: "openai" })).toEqual([false, false]);
  expect(findProvider("assemblyai")?.chat).toBeDefined();
});
