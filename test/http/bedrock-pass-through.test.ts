/** Bedrock's own API through the running gateway: its SDKs' requests signed anew, bytes untouched, and what they cost. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AWS_EVENT_STREAM } from "../../src/formats/aws-event-stream.ts";
import { expectedAuthorization } from "../credentials/aws-signature.ts";
import { textAnswer, textStream } from "../formats/bedrock/answers.ts";
import { events, whole } from "./answers.ts";
import { chunk } from "./bedrock-upstream.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOVA = "us.amazon.nova-lite-v1:0";
const MICRO = "us.amazon.nova-micro-v1:0";
const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(({ path }, response) => {
    if (path.includes("does-not-exist"))
      return void json(
        response,
        400,
        { message: "The provided model identifier is invalid." },
        {
          "x-amzn-errortype": "ValidationException:http://internal.amazon.com/",
          "x-amzn-requestid": "request-1",
        },
      );
    if (path.endsWith("/converse")) return void json(response, 200, { ...textAnswer("Hello"), own: [1.0, "ü"] });
    if (path.endsWith("/invoke") && path.includes("titan-embed"))
      return void json(response, 200, { embedding: [0.5], inputTextTokenCount: 3 });
    if (path.endsWith("/invoke")) return void json(response, 200, whole("anthropic", "Hello"));
    if (path.endsWith("-stream")) {
      response.writeHead(200, { "content-type": AWS_EVENT_STREAM, "x-amzn-requestid": "request-2" });
      return void response.end(path.endsWith("/converse-stream") ? CONVERSED : INVOKED);
    }
    return void json(response, 200, { path, own: "field" });
  });
  const place = { aws_bedrock_runtime_endpoint: upstream.url };
  const keys = { aws_access_key_id: "AKIDEXAMPLE", aws_secret_access_key: SECRET, aws_region_name: "eu-west-3" };
  const profile = "arn:aws:bedrock:us-east-2:1:application-inference-profile/abc";
  gateway = await startGateway(
    {
      model_list: [
        {
          model_name: "house-nova",
          litellm_params: {
            model: `bedrock/${NOVA}`,
            ...place,
            ...keys,
            model_id: profile,
            input_cost_per_token: 0.001,
            output_cost_per_token: 0.01,
          },
        },
        { model_name: "gpt", litellm_params: { model: "openai/gpt-4o", api_key: "sk-other" } },
      ],
    },
    {
      AWS_ACCESS_KEY_ID: "AKIDENV",
      AWS_SECRET_ACCESS_KEY: "secret-of-the-environment",
      AWS_REGION: "us-east-1",
      AWS_BEDROCK_RUNTIME_ENDPOINT: upstream.url,
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

beforeEach(() => {
  upstream.received.length = 0;
});

const CONVERSED = Buffer.concat(textStream("Hel", "lo"));
const INVOKED = Buffer.concat(events("anthropic", "Hel", "lo").map(({ data }) => chunk(data)));

const last = () => upstream.received.at(-1) as Received;
const BODY = { messages: [{ role: "user", content: [{ text: "Hi" }] }], inferenceConfig: { maxTokens: 50 } };
const INVOKE = { anthropic_version: "bedrock-2023-05-31", max_tokens: 50, messages: [{ role: "user", content: "Hi" }] };

const ask = (model: string, action: string, body: object = BODY, headers: Record<string, string> = {}) =>
  gateway.call(`/bedrock/model/${encodeURIComponent(model)}/${action}`, body, headers);

async function recordOf(response: Response): Promise<Record<string, unknown>> {
  if (!response.bodyUsed) await response.arrayBuffer();
  const id = response.headers.get("x-litellm-call-id");
  const find = () => gateway.records().find((record) => record["id"] === id);
  await until(() => find() !== undefined);
  return find() as Record<string, unknown>;
}

async function keyWith(fields: object): Promise<string> {
  const { key } = (await (await gateway.call("/key/generate", fields)).json()) as { key: string };
  return key;
}

/** As AWS's SDKs sign what they send, with a key of which the gateway knows nothing. */
function signedBy(accessKeyId: string): Record<string, string> {
  const signature = createHash("sha256").update(accessKeyId).digest("hex");
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260102/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=${signature}`,
    "x-amz-date": "20260102T030405Z",
    "x-amz-security-token": "of-the-client",
  };
}

describe("a model by its id", () => {
  it("is asked with the environment's keys, and its answer untouched", async () => {
    const response = await ask(MICRO, "converse");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ...textAnswer("Hello"), own: [1, "ü"] });
    const request = last();
    expect(request.path).toBe("/model/us.amazon.nova-micro-v1%3A0/converse");
    expect(request.body).toEqual(BODY);
    const body = JSON.stringify(request.body);
    expect(request.headers["authorization"]).toBe(
      expectedAuthorization({ ...request, body }, "secret-of-the-environment"),
    );
    const record = await recordOf(response);
    expect(record).toMatchObject({ provider: "bedrock", model: MICRO, outcome: "success" });
    expect(record["cost"]).toBe(10 * 35 + 5 * 140); // nano-dollars: $0.035 and $0.14 a million tokens
  });

  it.each([
    ["converse-stream", NOVA, BODY, CONVERSED],
    ["invoke-with-response-stream", CLAUDE, INVOKE, INVOKED],
  ])("streams by %s, byte for byte, and its usage is read on the way", async (action, model, body, bytes) => {
    const response = await ask(model, action, body);
    expect(response.headers.get("content-type")).toBe(AWS_EVENT_STREAM);
    expect(response.headers.get("x-amzn-requestid")).toBe("request-2");
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    const record = await recordOf(response);
    expect(record).toMatchObject({
      outcome: "success",
      usage: action.startsWith("converse")
        ? { prompt_tokens: 10, completion_tokens: 5 }
        : { prompt_tokens: 11, completion_tokens: 7 },
    });
    expect(record["cost"]).toBeGreaterThan(0);
  });

  it("is paid for by InvokeModel, in its maker's format", async () => {
    const claude = await recordOf(await ask(CLAUDE, "invoke", INVOKE));
    expect(claude).toMatchObject({ usage: { prompt_tokens: 11, completion_tokens: 7 } });
    const titan = await recordOf(await ask("amazon.titan-embed-text-v2:0", "invoke", { inputText: "Hi" }));
    expect(titan).toMatchObject({ usage: { prompt_tokens: 3 } });
    expect(titan["cost"]).toBeGreaterThan(0);
  });

  it("fails in AWS's words, with the headers its SDKs tell errors by", async () => {
    const response = await ask("does-not-exist", "converse");
    expect(response.status).toBe(400);
    expect(response.headers.get("x-amzn-errortype")).toMatch(/^ValidationException/);
    expect(await response.json()).toEqual({ message: "The provided model identifier is invalid." });
  });
});

describe("a name of the gateway's", () => {
  it("stands for its deployment's model and keys, at its prices", async () => {
    const response = await ask("house-nova", "converse");
    expect(response.status).toBe(200);
    const request = last();
    expect(request.path).toBe(
      "/model/arn%3Aaws%3Abedrock%3Aus-east-2%3A1%3Aapplication-inference-profile%2Fabc/converse",
    );
    const body = JSON.stringify(request.body);
    expect(request.headers["authorization"]).toBe(expectedAuthorization({ ...request, body }, SECRET));
    expect(await recordOf(response)).toMatchObject({ cost: 60_000_000, usage: { prompt_tokens: 10 } });
  });

  it("is also meant by Bedrock's own name for its model", async () => {
    const headers = { authorization: `Bearer ${await keyWith({ models: ["house-nova"] })}` };
    const response = await ask(NOVA, "converse", BODY, headers);
    expect(await recordOf(response)).toMatchObject({ cost: 60_000_000 });
    expect(last().headers["authorization"]).toContain("Credential=AKIDEXAMPLE/");
  });

  it("is none of Bedrock's where another provider has it", async () => {
    const response = await ask("gpt", "converse");
    expect(last()?.path ?? "").not.toContain("api.openai");
    expect(response.status).not.toBe(500);
  });
});

describe("who asks", () => {
  it("may be told by AWS's SDKs: a bearer token, another header, or the id of the access key", async () => {
    const key = await keyWith({ models: ["house-nova"] });
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { ...signedBy("AKIDANY"), "x-litellm-api-key": key },
      { ...signedBy("AKIDANY"), "api-key": key },
      signedBy(key),
    ])
      expect((await ask("house-nova", "converse", BODY, headers)).status).toBe(200);
    for (const { headers } of upstream.received) {
      expect(JSON.stringify(headers)).not.toContain(key);
      expect(headers["x-amz-security-token"]).toBeUndefined();
    }
  });

  it.each([
    ["nobody's key", signedBy("AKIDANY")],
    ["a key that was made up", signedBy("sk-made-up")],
  ])("is refused with %s, as AWS's SDKs read it", async (_, headers) => {
    const response = await ask(NOVA, "converse", BODY, headers);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ __type: "AccessDeniedException", message: expect.any(String) });
    expect(upstream.received).toEqual([]);
  });

  it("may only use the models of its key, however the path says them", async () => {
    const headers = { authorization: `Bearer ${await keyWith({ models: ["house-nova"] })}` };
    for (const path of [
      `/bedrock/model/${encodeURIComponent(MICRO)}/converse`,
      `/bedrock/model/${MICRO}/converse`,
      `/bedrock//model/${MICRO}/converse/`,
      `/bedrock/model/${MICRO}/invoke`,
      `/bedrock/model/%75s.amazon.nova-micro-v1:0/converse-stream`,
      `/bedrock/model/house-nova%2F..%2F${MICRO}/converse`,
      `/bedrock/model/house-nova/../${MICRO}/converse`,
      `/bedrock/MODEL/${MICRO}/converse`,
      `/bedrock/model/${MICRO};house-nova/converse`,
    ]) {
      const response = await gateway.call(path, BODY, headers);
      expect([400, 401, 403], path).toContain(response.status);
    }
    expect(upstream.received).toEqual([]);
  });

  it("needs to be an admin, or to be let, for what is the account's", async () => {
    const path = "/bedrock/knowledgebases/KB1/retrieve";
    const body = { retrievalQuery: { text: "Hi" } };
    const plain = await gateway.call(path, body, { authorization: `Bearer ${await keyWith({})}` });
    expect(plain.status).toBe(403);
    expect(await plain.json()).toMatchObject({ __type: "AccessDeniedException" });
    const letIn = await keyWith({ allowed_passthrough_routes: ["/bedrock/knowledgebases"] });
    for (const key of [MASTER_KEY, letIn]) {
      const response = await gateway.call(path, body, { authorization: `Bearer ${key}` });
      expect(await response.json()).toEqual({ path: "/knowledgebases/KB1/retrieve", own: "field" });
    }
    expect(last().headers["authorization"]).toContain("/us-east-1/bedrock/aws4_request");
  });

  it("may list the models there are, and count tokens for nothing", async () => {
    const headers = { authorization: `Bearer ${await keyWith({})}` };
    expect((await gateway.call("/bedrock/inference-profiles?maxResults=5", undefined, headers)).status).toBe(200);
    const counted = await ask(CLAUDE, "count-tokens", { input: {} }, headers);
    expect(counted.status).toBe(200);
    expect(await recordOf(counted)).toMatchObject({ cost: 0 });
  });
});

it("limits hold, and are told as AWS's SDKs read them", async () => {
  const headers = { authorization: `Bearer ${await keyWith({ rpm_limit: 1 })}` };
  expect((await ask(NOVA, "converse", BODY, headers)).status).toBe(200);
  const response = await ask(NOVA, "converse", BODY, headers);
  expect(response.status).toBe(429);
  expect(await response.json()).toEqual({ __type: "ThrottlingException", message: expect.stringContaining("limit") });
});
