import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import {
  bedrockAuthorize,
  bedrockHasCredentials,
  bedrockNative,
  bedrockRegion,
  bedrockUrl,
  modelUrl,
} from "../../../src/providers/bedrock/endpoint.ts";
import { bedrockModel, knownName } from "../../../src/providers/bedrock/model.ts";
import type { Target } from "../../../src/providers/provider.ts";

const NOVA = "us.amazon.nova-lite-v1:0";
const PROFILE = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123";

const target = (model: string, fields: Partial<Target> = {}): Target => ({ provider: "bedrock", model, ...fields });

describe("the model's name", () => {
  it.each([
    [NOVA, { route: "converse", id: NOVA }],
    [`converse/${NOVA}`, { route: "converse", id: NOVA }],
    [`converse_like/${NOVA}`, { route: "converse-like", id: NOVA }],
    [`invoke/${NOVA}`, { route: "invoke", id: NOVA }],
    [`us-west-2/${NOVA}`, { route: "converse", id: NOVA, region: "us-west-2" }],
    [`invoke/us-gov-west-1/${NOVA}`, { route: "invoke", id: NOVA, region: "us-gov-west-1" }],
    [PROFILE, { route: "converse", id: PROFILE, region: "eu-central-1" }],
    [`llama/${PROFILE}`, { route: "invoke", id: PROFILE, region: "eu-central-1", format: "llama" }],
    ["amazon.titan-embed-text-v2:0", { route: "invoke", id: "amazon.titan-embed-text-v2:0" }],
    ["us.twelvelabs.pegasus-1-2-v1:0", { route: "invoke", id: "us.twelvelabs.pegasus-1-2-v1:0" }],
    ["meta.llama3-8b-instruct-v1:0", { route: "converse", id: "meta.llama3-8b-instruct-v1:0" }],
  ])("%s", (name, expected) => {
    expect(bedrockModel(name)).toEqual(expected);
  });

  it("is told by base_model where an ARN says nothing", () => {
    expect(knownName(target(PROFILE, { baseModel: "bedrock/anthropic.claude-3-haiku-20240307-v1:0" }))).toBe(
      "anthropic.claude-3-haiku-20240307-v1:0",
    );
    expect(knownName(target(`converse/${NOVA}`, { baseModel: "other" }))).toBe(NOVA);
    expect(knownName(target(PROFILE))).toBe(PROFILE);
  });
});

describe("the address", () => {
  it.each([
    [target(NOVA), "https://bedrock-runtime.us-west-2.amazonaws.com"],
    [target(NOVA, { params: { aws_region_name: "eu-west-1" } }), "https://bedrock-runtime.eu-west-1.amazonaws.com"],
    [target(NOVA, { params: { region_name: "eu-west-2" } }), "https://bedrock-runtime.eu-west-2.amazonaws.com"],
    [
      target(`ap-south-1/${NOVA}`, { params: { aws_region_name: "eu-west-1" } }),
      "https://bedrock-runtime.ap-south-1.amazonaws.com",
    ],
    [
      target(NOVA, { params: { aws_region_name: "cn-north-1" } }),
      "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
    ],
    [target(NOVA, { apiBase: "https://vpc.example/aws" }), "https://vpc.example/aws"],
    [
      target(NOVA, { apiBase: "https://other", params: { aws_bedrock_runtime_endpoint: "https://vpc.example/" } }),
      "https://vpc.example",
    ],
  ])("%#", (of, host) => {
    expect(modelUrl(of, "converse")).toBe(`${host}/model/us.amazon.nova-lite-v1%3A0/converse`);
  });

  it("has an ARN escaped once, in its own region, in place of the model where model_id names it", () => {
    const path =
      "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse";
    const host = "https://bedrock-runtime.eu-central-1.amazonaws.com";
    expect(modelUrl(target(`converse/${PROFILE}`), "converse")).toBe(host + path);
    expect(modelUrl(target(NOVA, { params: { model_id: PROFILE } }), "converse")).toBe(host + path);
    expect(modelUrl(target(NOVA, { params: { model_id: encodeURIComponent(PROFILE) } }), "converse")).toContain(path);
    expect(bedrockRegion(target(NOVA, { params: { model_id: PROFILE, aws_region_name: "us-east-1" } }))).toBe(
      "eu-central-1",
    );
  });

  it.each(["..", ".", "%2e%2e", "converse/"])("refuses %s, which is no model", (model) => {
    expect(() => modelUrl(target(model), "converse")).toThrow(/no name of a model/);
  });

  it("never leaves AWS for what stands in a model's name", () => {
    for (const name of ["evil.example/x", "us-west-2.evil.example/x", "arn:aws:bedrock:evil.example:1:x/y", "@evil/x"])
      expect(new URL(modelUrl(target(name), "converse")).host).toBe("bedrock-runtime.us-west-2.amazonaws.com");
  });

  it.each(["evil.example/", "evil.example#", "x@evil.example", "us-east-1.evil.example:443", "us east 1", "US-EAST-1"])(
    "never leaves AWS for a region that is none: %s",
    (region) => {
      for (const name of ["aws_region_name", "region_name"]) {
        const of = target(NOVA, { params: { [name]: region } });
        expect(() => modelUrl(of, "converse")).toThrow(/is no region of AWS/);
        expect(() => bedrockNative({ method: "GET", path: "/rerank", headers: {} }, of)).toThrow(/is no region of AWS/);
      }
    },
  );

  it.each([
    ["/model/x/invoke", "bedrock-runtime"],
    ["/guardrail/g/version/1/apply", "bedrock-runtime"],
    ["/knowledgebases/KB/retrieve", "bedrock-agent-runtime"],
    ["/agents/A/agentAliases/B/sessions/C/text", "bedrock-agent-runtime"],
    ["/retrieveAndGenerate", "bedrock-agent-runtime"],
    ["/rerank", "bedrock-agent-runtime"],
    ["/inference-profiles?maxResults=5", "bedrock"],
    ["/foundation-models/x", "bedrock"],
  ])("of a client's own path %s is %s", (path, host) => {
    const call = { method: "POST" as const, path, headers: { accept: "application/json" } };
    expect(bedrockNative(call, target(""))).toEqual({
      method: "POST",
      url: `https://${host}.us-west-2.amazonaws.com${path}`,
      headers: { accept: "application/json" },
    });
    expect(
      bedrockUrl(
        target("", { apiBase: "https://bedrock-runtime.eu-west-1.amazonaws.com" }),
        "/rerank",
        "bedrock-agent-runtime",
      ),
    ).toBe("https://bedrock-agent-runtime.eu-west-1.amazonaws.com/rerank");
  });

  it("is refused where the client's path climbs out", () => {
    const call = { method: "GET" as const, path: "/model/../../x", headers: {} };
    expect(() => bedrockNative(call, target(""))).toThrow(/is no path/);
  });
});

describe("credentials", () => {
  const ports = { fetch, now: () => Date.parse("2026-01-02T03:04:05Z") };
  const request = {
    method: "POST",
    url: "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/converse",
    headers: {},
    body: "{}",
  };
  const keys = { aws_access_key_id: "AKID", aws_secret_access_key: new Secret("secret-of-the-key") };

  it("are Bedrock's own key before AWS's, and a header of the deployment's before both", async () => {
    const both = target(NOVA, { apiKey: new Secret("bedrock-key"), params: keys });
    expect(await bedrockAuthorize(request, both, ports)).toEqual({ authorization: "Bearer bedrock-key" });
    const own = { ...request, headers: { authorization: "Custom" } };
    expect(await bedrockAuthorize(own, both, ports)).toEqual({});
  });

  it("sign for the region of the host that is asked", async () => {
    const signed = await bedrockAuthorize(request, target(NOVA, { params: keys }), ports);
    expect(signed["authorization"]).toContain("AKID/20260102/eu-west-1/bedrock/aws4_request");
    const elsewhere = { ...request, url: "https://vpc.example/model/x/converse" };
    const there = await bedrockAuthorize(elsewhere, target(`ap-south-1/${NOVA}`, { params: keys }), ports);
    expect(there["authorization"]).toContain("/ap-south-1/bedrock/");
  });

  it.each([
    [{}, false],
    [{ params: { aws_access_key_id: "AKID" } }, false],
    [{ params: { aws_role_name: "arn:x" } }, false],
    [{ params: keys }, true],
    [{ params: { aws_role_name: "arn:x", aws_web_identity_token: "t" } }, true],
    [{ apiKey: new Secret("k") }, true],
  ])("%# are known to be there or not", (fields, expected) => {
    expect(bedrockHasCredentials(target(NOVA, fields))).toBe(expected);
  });
});
