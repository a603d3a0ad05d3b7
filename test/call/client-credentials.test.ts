/** Where calls go that bring a key or a host of their own. */
import { describe, expect, it } from "vitest";
import type { CallDependencies, CallInput } from "../../src/call/call.ts";
import { ownUpstream } from "../../src/call/client-credentials.ts";
import { Secret } from "../../src/credentials/secret.ts";
import type { Deployment } from "../../src/router/deployment.ts";
import { RoutingEngine } from "../../src/router/engine.ts";
import { ModelGroups } from "../../src/router/groups.ts";
import { DEFAULT_ROUTING } from "../../src/router/request.ts";
import { MemoryRouterState } from "../../src/router/state.ts";
import { candidate } from "../router/candidates.ts";

const OF_GATEWAY = new Secret("sk-of-the-gateway");
const HOME = "http://10.0.0.5:8000/v1";

function deployment(id: string, fields: Parameters<typeof candidate>[1] = {}): Deployment {
  const target = {
    apiKey: OF_GATEWAY,
    apiBase: HOME,
    organization: "org-of-the-gateway",
    headers: { "x-secret": "of the gateway" },
    params: { aws_secret_access_key: "of the gateway" },
    ...fields.target,
  };
  return candidate(id, { modelName: "chat", extraBody: { token: "of the gateway" }, ...fields, target }).deployment;
}

function ask(
  fields: Record<string, unknown>,
  {
    open = true,
    deployments = [deployment("a")],
    mayBring = false,
  }: { open?: boolean; deployments?: Deployment[]; mayBring?: boolean } = {},
) {
  const asked: string[] = [];
  const recorder = (name: string) => async (input: RequestInfo | URL) => {
    asked.push(`${name} ${String(input)}`);
    return new Response("{}");
  };
  const state = new MemoryRouterState();
  const router = new RoutingEngine({ groups: new ModelGroups(deployments), settings: DEFAULT_ROUTING, state });
  const dependencies = {
    router,
    settings: open ? { allowsClientCredentials: true } : {},
    fetch: recorder("any"),
    publicFetch: recorder("public"),
    cache: {},
    gate: { enter: () => Promise.reject(new Error("the deployment's own limits are not asked")) },
  } as unknown as CallDependencies; // what it uses of them
  const caller = { modelFor: (name: string) => name, mayBringCredentials: mayBring, attribution: {} };
  const input = { body: { model: "chat", ...fields }, caller } as unknown as CallInput; // what it uses of it
  const own = ownUpstream(dependencies, input);
  const [first] = own?.dependencies.router.groups.find("chat")?.deployments ?? [];
  return { own, asked, state, target: first?.target, deployment: first };
}

describe("what a client brings", () => {
  it("counts only where an admin lets it", () => {
    expect(ask({ api_key: "sk-mine" }, { open: false }).own).toBeUndefined();
    expect(ask({ api_key: "sk-mine" }, { open: false, mayBring: true }).own).toBeDefined();
    expect(ask({}).own).toBeUndefined();
    expect(ask({ api_key: null }).own).toBeUndefined();
  });

  it("a key, and it goes where the deployment's goes", () => {
    const { target, own } = ask({ api_key: "sk-mine", messages: [] });
    expect(target?.apiKey?.reveal()).toBe("sk-mine");
    expect(target).toMatchObject({ apiBase: HOME, headers: { "x-secret": "of the gateway" } });
    expect(own?.input.body).toEqual({ model: "chat", messages: [], disable_fallbacks: true });
  });

  it("a host, and it gets nothing of the gateway's", async () => {
    const { own, target, deployment, asked } = ask({
      extra_body: { api_base: "https://llm.example/v1/", api_key: "sk-mine", top_k: 1 },
    });
    expect(target).toEqual({
      provider: "openai",
      model: "a",
      apiBase: "https://llm.example/v1",
      apiKey: expect.any(Secret),
    });
    expect(deployment?.extraBody).toBeUndefined();
    expect(own?.input.body).toEqual({ model: "chat", extra_body: { top_k: 1 }, disable_fallbacks: true });
    await own?.dependencies.fetch("https://llm.example/v1/chat/completions");
    expect(asked).toEqual(["public https://llm.example/v1/chat/completions"]);
    for (const url of [
      "http://llm.example/v1",
      "https://llm.example:8443/",
      "http://169.254.169.254/",
      "https://evil.example/",
    ])
      expect(() => own?.dependencies.fetch(url)).toThrow(/points to another host/);
  });

  it("no host without a key for it", () => {
    expect(() => ask({ api_base: "https://llm.example/v1" })).toThrow(/needs an api_key of its own/);
  });

  it("the host of a deployment, which keeps its own key", () => {
    const others = [deployment("a"), deployment("b", { target: { apiBase: "https://b.example/v1" } })];
    const { target } = ask({ api_base: HOME }, { deployments: others });
    expect(target).toMatchObject({ model: "a", apiKey: OF_GATEWAY });
  });

  it("tells nobody else how it went", () => {
    const { own, state } = ask({ api_key: "sk-mine" });
    expect(own?.dependencies.router.state).not.toBe(state);
    expect(own?.dependencies.cache).toBeUndefined();
  });

  it.each([
    ["CVE-2024-6587", "http://127.0.0.1:8080"],
    ["PYSEC-2026-4070", "http://169.254.169.254/latest/meta-data"],
    ["CVE-2026-110719", "http://localhost:3000/v1"],
    ["CVE-2026-110719", "http://2130706433/"],
    ["CVE-2026-110719", "http://0x7f.0.0.1/"],
    ["CVE-2026-110719", "http://[::1]/"],
    ["CVE-2026-110719", "http://[::ffff:127.0.0.1]/"],
    ["CVE-2026-110719", "http://host.docker.internal/"],
    ["CVE-2026-55245", "http://100.64.0.1/"],
    ["CVE-2026-55245", "http://[2002:7f00:1::]/"],
    ["CVE-2026-55245", "http://[64:ff9b::7f00:1]/"],
    ["CVE-2026-55245", "http://[fec0::1]/"],
    ["CVE-2026-42339", "http://0.0.0.0/"],
    ["CVE-2026-42339", "http://0/"],
    ["a single label", "http://metadata/"],
    ["a name of this machine's", "http://x.localhost./"],
    ["credentials in the URL", "https://a:b@llm.example/"],
    ["another scheme", "file:///etc/passwd"],
    ["no URL", "llm.example"],
  ])("%s: %s is refused", (_, api_base) => {
    expect(() => ask({ api_base, api_key: "sk-mine" })).toThrow(/public internet/);
  });

  it.each([{ api_key: 5 }, { api_key: "" }, { api_key: "a\r\nhost: x" }, { api_base: ["https://llm.example"] }])(
    "%j is refused",
    (fields) => {
      expect(() => ask(fields)).toThrow(/must be a string/);
    },
  );
});

describe("a version of the client's", () => {
  it.each([
    "v1/projects/other/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent?x=",
    "..",
    "a b",
    ".v1",
  ])("is no path: %s", (api_version) => {
    expect(() => ask({ api_version })).toThrow(/api_version is no version/);
  });

  it.each(["2024-10-21", "2025-04-01-preview", "v1beta1", "v1", "2.0"])("is one: %s", (api_version) => {
    expect(ask({ api_version }).target).toMatchObject({ apiVersion: api_version });
  });
});

describe("configurable_clientside_auth_params", () => {
  const leaving = (...entries: unknown[]) => ({
    open: false,
    deployments: [deployment("a", { raw: { params: { configurable_clientside_auth_params: entries }, info: {} } })],
  });
  const bring = { api_base: "https://llm.example/v1", api_key: "sk-mine" };

  it("leave clients what they name", () => {
    expect(ask(bring, leaving("api_base", "api_key")).own).toBeDefined();
    expect(ask(bring, leaving({ api_base: "https://llm\\.example/" }, "api_key")).own).toBeDefined();
    expect(ask({ api_key: "sk-mine" }, leaving("api_key")).own).toBeDefined();
  });

  it("and nothing else", () => {
    expect(ask(bring, leaving("api_base")).own).toBeUndefined();
    expect(ask(bring, leaving({ api_base: "https://other\\." }, "api_key")).own).toBeUndefined();
    expect(ask(bring, leaving({ api_base: "llm.example" }, "api_key")).own).toBeUndefined(); // from the beginning on
    expect(ask(bring, leaving({ api_base: "(" }, "api_key")).own).toBeUndefined();
    const others = [...leaving("api_base", "api_key").deployments, deployment("b")];
    expect(ask(bring, { open: false, deployments: others }).own).toBeUndefined();
  });
});
