import { describe, expect, test } from "vitest";
import { BoundedAffinityMemory } from "../../src/router/affinity-memory.ts";
import { remember } from "../../src/router/filters/affinity.ts";
import { filters } from "../../src/router/filters/index.ts";
import type { Candidate, ChoiceContext, RouteRequest, RoutingSettings } from "../../src/router/request.ts";
import { encodeItemId, encodeResponseId } from "../../src/router/response-id.ts";
import { candidate, context, idsOf, NOW, request } from "./candidates.ts";

/** Ids left by all filters. */
async function left(candidates: readonly Candidate[], asked: RouteRequest, around: ChoiceContext): Promise<string[]> {
  let remaining = candidates;
  for (const filter of filters) remaining = await filter(remaining, asked, around);
  return idsOf(remaining);
}

type Row = [
  name: string,
  candidates: Candidate[],
  asked: Partial<RouteRequest>,
  settings: Partial<RoutingSettings>,
  expected: string[] | { name: string; status: number; message: string },
];

async function check(
  candidates: Candidate[],
  asked: Partial<RouteRequest>,
  settings: Partial<RoutingSettings>,
  expected: Row[4],
) {
  const result = left(candidates, request(asked), context(settings));
  if (Array.isArray(expected)) expect(await result).toEqual(expected);
  else {
    const { message, ...rest } = expected;
    await expect(result).rejects.toMatchObject({ ...rest, message: expect.stringContaining(message) });
  }
}

test("nothing is left out where nothing is asked for", async () => {
  const candidates = [
    candidate("a", { tags: ["free"], rpm: 1 }, { requests: 9 }),
    candidate("b", { target: { info: { max_input_tokens: 1 } } }),
  ];
  const asked = request({ tags: ["paid"], inputTokens: () => Promise.reject(new Error("counted")) });
  expect(await left(candidates, asked, context())).toEqual(["a", "b"]);
});

describe("tags", () => {
  const on = { tagFiltering: true };
  const all = { tagFiltering: true, tagMatchAny: false };
  const free = candidate("free", { tags: ["free"] });
  const paid = candidate("paid", { tags: ["paid", "eu"] });
  const fallback = candidate("default", { tags: ["default"] });
  const plain = candidate("plain");
  const claude = candidate("claude", { tagRegex: [/^User-Agent: claude-code\//] });
  const strict = candidate("strict", { tags: ["paid"], tagRegex: [/curl/] });
  const refused = {
    name: "AuthenticationError",
    status: 401,
    message: "Not allowed to access model due to tags configuration",
  };

  test.each<Row>([
    ["one tag in common", [free, paid, plain], { tags: ["free"] }, on, ["free"]],
    ["any of several", [free, paid, plain], { tags: ["free", "eu"] }, on, ["free", "paid"]],
    ["all of several", [free, paid, plain], { tags: ["paid", "eu"] }, all, ["paid"]],
    ["not all of several", [free, paid, plain], { tags: ["paid", "free"] }, all, refused],
    ["a match goes before the default", [fallback, paid], { tags: ["paid"] }, on, ["paid"]],
    ["no match: the default", [free, fallback], { tags: ["other"] }, on, ["default"]],
    [
      "no match, no default",
      [free, plain],
      { tags: ["other"] },
      on,
      { ...refused, message: 'model=group and tags=["other"]' },
    ],
    ["untagged: the default", [free, fallback, plain], {}, on, ["default"]],
    ["untagged, no default: all", [free, plain], {}, on, ["free", "plain"]],
    ["the client's name", [claude, plain, fallback], { userAgent: "claude-code/2.1" }, on, ["claude"]],
    ["another client", [claude, plain, fallback], { userAgent: "curl/8" }, on, ["default"]],
    ["another client, no default", [claude, plain], { userAgent: "curl/8" }, on, refused],
    ["a client where nobody asks for its name", [free, plain], { userAgent: "curl/8" }, on, ["free", "plain"]],
    ["tag or client", [claude, free], { tags: ["free"], userAgent: "claude-code/2" }, on, ["claude", "free"]],
    ["the client instead of a tag", [strict, fallback], { tags: ["x"], userAgent: "curl/8" }, on, ["strict"]],
    ["not where tags are strict", [strict, fallback], { tags: ["x"], userAgent: "curl/8" }, all, ["default"]],
    ["off", [free, paid], { tags: ["free"] }, {}, ["free", "paid"]],
  ])("%s", (_name, ...row) => check(...row));
});

describe("pre-call checks", () => {
  const on = { preCallChecks: true };
  const small = candidate("small", { target: { info: { max_input_tokens: 99 } } });
  const exact = candidate("exact", { target: { info: { max_input_tokens: 100 } } });
  const unknown = candidate("unknown");
  const spent = candidate("spent", { rpm: 5 }, { requests: 5 });
  const claude = candidate("claude", { target: { provider: "anthropic", model: "claude-sonnet-4-5" } });
  const lenient = candidate("lenient", {
    target: { provider: "anthropic", model: "claude-sonnet-4-5" },
    policy: { dropParams: true },
  });
  const allowed = candidate("allowed", {
    target: { provider: "anthropic", model: "claude-sonnet-4-5" },
    policy: { allowedOpenaiParams: ["logprobs"] },
  });

  test.each<Row>([
    ["the window", [small, exact, unknown], {}, on, ["exact", "unknown"]],
    [
      "all windows are too small",
      [small, candidate("tiny", { baseModel: "gpt-4", target: { info: { max_input_tokens: 8 } } })],
      {},
      on,
      {
        name: "ContextWindowExceededError",
        status: 400,
        message:
          "litellm._pre_call_checks: Context Window exceeded for given call. No models have context window large enough for this call.\n" +
          "Model=openai/small, Max Input Tokens=99, Got=100\nModel=gpt-4, Max Input Tokens=8, Got=100",
      },
    ],
    ["rpm", [spent, unknown], {}, on, ["unknown"]],
    [
      "rpm of those with the window",
      [spent, small],
      {},
      on,
      { name: "RateLimitError", status: 429, message: "No deployments available for selected model" },
    ],
    ["a parameter the provider lacks", [claude, unknown], { params: ["logprobs"] }, on, ["unknown"]],
    ["all lack it: the adapter decides", [claude], { params: ["logprobs"] }, on, ["claude"]],
    ["a hint", [claude, unknown], { params: ["stream_options", "user"] }, on, ["claude", "unknown"]],
    ["a provider's own parameter", [claude, unknown], { params: ["top_k"] }, on, ["claude", "unknown"]],
    ["drop_params of the deployment", [lenient, claude], { params: ["logprobs"] }, on, ["lenient"]],
    [
      "drop_params of the request",
      [claude, unknown],
      { params: ["logprobs"], dropParams: true },
      on,
      ["claude", "unknown"],
    ],
    ["the request wins", [lenient, unknown], { params: ["logprobs"], dropParams: false }, on, ["unknown"]],
    ["allowed_openai_params", [claude, allowed], { params: ["logprobs"] }, on, ["allowed"]],
    ["off", [small, spent, claude], { params: ["logprobs"] }, {}, ["small", "spent", "claude"]],
  ])("%s", (_name, ...row) => check(...row));
});

describe("enforce_model_rate_limits", () => {
  const on = { affinityChecks: ["enforce_model_rate_limits"] };
  const requests = candidate("requests", { rpm: 5 }, { requests: 5 });
  const tokens = candidate("tokens", { tpm: 500 }, { tokens: 401 });
  const open = candidate("open", { rpm: 5, tpm: 500 }, { requests: 4, tokens: 400 });

  test.each<Row>([
    ["those with room", [requests, tokens, open], {}, on, ["open"]],
    [
      "none has room",
      [requests, tokens],
      {},
      on,
      {
        name: "RateLimitError",
        status: 429,
        message: "Model rate limit exceeded. requests: RPM limit=5, current usage=5",
      },
    ],
    ["off", [requests, tokens], {}, {}, ["requests", "tokens"]],
  ])("%s", (_name, ...row) => check(...row));

  test("says when to come again", async () => {
    await expect(left([requests], request(), context(on))).rejects.toHaveProperty("retryAfter", 60);
  });
});

describe("region", () => {
  const inRegion = (name: string, value: string) => candidate(value, { target: { params: { [name]: value } } });
  test.each([
    ["eu", "aws_region_name", "eu-central-1", true],
    ["eu", "aws_region_name", "us-east-1", false],
    ["eu", "vertex_location", "europe-west4", true],
    ["eu", "region_name", "westeurope", true],
    ["eu", "region_name", "swedencentral", true],
    ["eu", "region_name", "uksouth", true],
    ["eu", "region_name", "australiaeast", false],
    ["us", "region_name", "australiaeast", false],
    ["us", "region_name", "northcentralus", true],
    ["us", "vertex_location", "us-central1", true],
    ["us", "region_name", "us", true],
    ["EU", "watsonx_region_name", "eu-de", true],
    ["eu", "vertex_location", "global", false],
    ["ap-south-1", "aws_region_name", "ap-south-1", true],
    ["eu", "api_version", "eu", false],
  ])("%s asked, %s is %s: %s", async (wanted, param, value, serves) => {
    const ids = await left([inRegion(param, value)], request({ region: wanted }), context());
    expect(ids).toEqual(serves ? [value] : []);
  });

  test("a deployment whose region nobody knows is not there", async () => {
    expect(await left([candidate("a")], request({ region: "eu" }), context())).toEqual([]);
  });
});

describe("affinity", () => {
  const three = ["a", "b", "c"].map((id) => candidate(id));
  const b = candidate("b").deployment;
  const responseId = encodeResponseId({ deploymentId: "c", id: "resp_1" });
  const item = encodeItemId({ deploymentId: "c", id: "resp_1" });

  test.each<
    [name: string, checks: string[], first: RouteRequest["affinity"], then: RouteRequest["affinity"], string[]]
  >([
    ["the same session", ["session_affinity"], { session: "1" }, { session: "1" }, ["b"]],
    ["another session", ["session_affinity"], { session: "1" }, { session: "2" }, ["a", "b", "c"]],
    ["the same user", ["deployment_affinity"], { user: "1" }, { user: "1" }, ["b"]],
    [
      "a user is no session",
      ["deployment_affinity", "session_affinity"],
      { user: "1" },
      { session: "1" },
      ["a", "b", "c"],
    ],
    ["the same prompt", ["prompt_caching"], { promptPrefix: "x" }, { promptPrefix: "x" }, ["b"]],
    ["a check that is off", ["session_affinity"], { user: "1" }, { user: "1" }, ["a", "b", "c"]],
    ["no check", [], { session: "1" }, { session: "1", responseId }, ["a", "b", "c"]],
    ["a response", ["responses_api_deployment_check"], {}, { responseId }, ["c"]],
    [
      "a response goes before a session",
      ["session_affinity", "responses_api_deployment_check"],
      { session: "1" },
      { session: "1", responseId },
      ["c"],
    ],
    ["encrypted content", ["encrypted_content_affinity"], {}, { encryptedItems: ["rs_1", item] }, ["c"]],
    ["encrypted content, unchecked", [], {}, { encryptedItems: [item] }, ["a", "b", "c"]],
    [
      "encrypted content goes before a session",
      ["session_affinity", "encrypted_content_affinity"],
      { session: "1" },
      { session: "1", encryptedItems: [item] },
      ["c"],
    ],
    [
      "a response of the provider's own",
      ["responses_api_deployment_check"],
      {},
      { responseId: "resp_1" },
      ["a", "b", "c"],
    ],
  ])("%s", async (_name, affinityChecks, first, then, expected) => {
    const memory = new BoundedAffinityMemory();
    const around = context({ affinityChecks }, { affinity: memory });
    remember(b, request({ affinity: first }), around, memory);
    expect(await left(three, request({ affinity: then }), around)).toEqual(expected);
  });

  const pinned = request({ affinity: { session: "1", user: "2", promptPrefix: "3" } });
  const every = { affinityChecks: ["session_affinity", "deployment_affinity", "prompt_caching"], affinityTtl: 1000 };

  test.each([
    ["is there no more", three.filter(({ deployment }) => deployment.id !== "b"), {}, ["a", "c"]],
    ["has failed this call", three, { tried: new Set(["b"]) }, ["a", "b", "c"]],
    ["is of another group", three, { group: "other" }, ["a", "b", "c"]],
    ["is remembered still", three, { now: NOW + 999_999 }, ["b"]],
    ["is forgotten", three, { now: NOW + 1_000_000 }, ["a", "b", "c"]],
  ])("where the deployment %s", async (_name, candidates, fields, expected) => {
    const memory = new BoundedAffinityMemory();
    remember(b, pinned, context(every), memory);
    expect(await left(candidates, pinned, context(every, { affinity: memory, ...fields }))).toEqual(expected);
  });

  test("a prompt is remembered as long as providers cache it", async () => {
    const memory = new BoundedAffinityMemory();
    const asked = request({ affinity: { promptPrefix: "3" } });
    remember(b, asked, context(every), memory);
    const at = (seconds: number) => left(three, asked, context(every, { affinity: memory, now: NOW + seconds * 1000 }));
    expect(await at(299)).toEqual(["b"]);
    expect(await at(300)).toEqual(["a", "b", "c"]);
  });

  test("without a memory nobody is led anywhere", async () => {
    expect(await left(three, pinned, context(every))).toEqual(["a", "b", "c"]);
  });
});

describe("the memory of affinities", () => {
  test("is bounded, and what was set longest ago goes", () => {
    const memory = new BoundedAffinityMemory(2);
    memory.set("one", "a", 10);
    memory.set("two", "b", 10);
    memory.set("one", "c", 10);
    memory.set("three", "d", 10);
    expect(["one", "two", "three"].map((key) => memory.get(key, 0))).toEqual(["c", undefined, "d"]);
  });

  test("ends at its time", () => {
    const memory = new BoundedAffinityMemory();
    memory.set("one", "a", 10);
    expect([memory.get("one", 9), memory.get("one", 10), memory.get("one", 9)]).toEqual(["a", undefined, undefined]);
  });
});
