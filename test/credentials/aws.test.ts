import { describe, expect, it } from "vitest";
import { type AwsIdentity, awsIdentity, awsSettings, hasAwsIdentity, signAws } from "../../src/credentials/aws.ts";
import { awsDomain, regionOfHost } from "../../src/credentials/aws-host.ts";
import { Secret } from "../../src/credentials/secret.ts";
import { expectedAuthorization } from "./aws-signature.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const keys: AwsIdentity = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfi") };
const KEYS = { aws_access_key_id: "AKIDEXAMPLE", aws_secret_access_key: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfi") };

/** An STS that gives a session, and remembers what it was asked. */
function sts(answer: (form: URLSearchParams) => Response = session("1")) {
  const asked: { url: string; form: URLSearchParams; headers: Record<string, string>; body: string }[] = [];
  const fetch = async (url: unknown, init?: RequestInit) => {
    const body = String(init?.body);
    const form = new URLSearchParams(body);
    asked.push({ url: String(url), form, headers: Object.fromEntries(new Headers(init?.headers)), body });
    return answer(form);
  };
  return { asked, ports: { fetch: fetch as typeof globalThis.fetch, now: () => NOW } };
}

function session(number: string, expiration = "2026-01-02T04:04:05Z") {
  return () =>
    new Response(
      `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASIA${number}</AccessKeyId><SecretAccessKey>made/secret+${number}</SecretAccessKey>
        <SessionToken>session&amp;token${number}==</SessionToken><Expiration>${expiration}</Expiration>
      </Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    );
}

function refusal(status: number, code: string, message: string) {
  return () =>
    new Response(
      `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      { status },
    );
}

describe("signatures", () => {
  it("are those of AWS's own description, for any service, body and path", async () => {
    const requests = [
      {
        service: "bedrock",
        url: "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude-v2%3A1/converse",
        body: '{"a":"ü"}',
      },
      {
        service: "bedrock",
        url: "https://h.example/model/arn%3Aaws%3Abedrock%3A%3A1%3Ainference-profile%2Fus.x/invoke",
        body: "{}",
      },
      { service: "secretsmanager", url: "https://secretsmanager.us-east-1.amazonaws.com/", body: '{"SecretId":"x"}' },
      { service: "sts", url: "https://sts.amazonaws.com/?b=2&a=x%20y&a=1*", body: "" },
    ];
    for (const { service, url, body } of requests) {
      const headers = { "content-type": "application/json", "x-amz-target": "secretsmanager.GetSecretValue" };
      const signed = await signAws({ method: "POST", url, headers, body }, keys, { service, region: "eu-west-1" }, NOW);
      const { host, pathname, search } = new URL(url);
      const sent = { method: "POST", path: pathname + search, headers: { host, ...headers, ...signed }, body };
      expect(signed["authorization"]).toBe(expectedAuthorization(sent, keys.secretAccessKey.reveal()));
      expect(signed["authorization"]).toContain(`AKIDEXAMPLE/20260102/eu-west-1/${service}/aws4_request`);
      expect(signed["x-amz-date"]).toBe("20260102T030405Z");
    }
  });

  it("cover the session's token, and renew the headers of a former one", async () => {
    const identity = { ...keys, sessionToken: new Secret("token-of-now") };
    const headers = { "x-amz-security-token": "token-of-before", "x-amz-date": "19990101T000000Z", "x-other": "1" };
    const signed = await signAws(
      { method: "GET", url: "https://s3.eu-west-1.amazonaws.com/bucket/a%20b", headers },
      identity,
      { service: "s3", region: "eu-west-1" },
      NOW,
    );
    expect(signed["x-amz-security-token"]).toBe("token-of-now");
    expect(signed["x-amz-date"]).toBe("20260102T030405Z");
    expect(signed["authorization"]).toContain(
      "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,",
    );
  });
});

describe("identities", () => {
  it("are the keys themselves, and nobody is asked", async () => {
    const { asked, ports } = sts();
    const settings = awsSettings({ ...KEYS, aws_session_token: "t" });
    expect(hasAwsIdentity(settings)).toBe(true);
    expect(await awsIdentity(settings, "us-east-1", ports)).toMatchObject({ accessKeyId: "AKIDEXAMPLE" });
    expect(asked).toEqual([]);
  });

  it("are a role's, assumed by the keys with a signed request, and remembered until they end", async () => {
    let number = 0;
    const { asked, ports } = sts(() => session(String(++number))());
    const settings = awsSettings({
      ...KEYS,
      aws_role_name: "arn:aws:iam::1:role/remembered",
      aws_session_name: "me",
      aws_external_id: "ext",
    });
    const first = await awsIdentity(settings, "eu-central-1", ports);
    expect(first.accessKeyId).toBe("ASIA1");
    expect(first.secretAccessKey.reveal()).toBe("made/secret+1");
    expect(first.sessionToken?.reveal()).toBe("session&token1==");
    expect((await awsIdentity(settings, "eu-central-1", ports)).accessKeyId).toBe("ASIA1");
    expect(asked).toHaveLength(1);
    const [{ url, form, headers, body }] = asked as [(typeof asked)[number]];
    expect(url).toBe("https://sts.eu-central-1.amazonaws.com/");
    expect(Object.fromEntries(form)).toEqual({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: "arn:aws:iam::1:role/remembered",
      RoleSessionName: "me",
      ExternalId: "ext",
    });
    const sent = { method: "POST", path: "/", headers: { host: "sts.eu-central-1.amazonaws.com", ...headers }, body };
    expect(headers["authorization"]).toBe(expectedAuthorization(sent, keys.secretAccessKey.reveal()));

    const later = { ...ports, now: () => NOW + 3_600_000 };
    expect((await awsIdentity(settings, "eu-central-1", later)).accessKeyId).toBe("ASIA2");
  });

  it("are a role's by a token of another issuer, without keys, at the STS that is named", async () => {
    const { asked, ports } = sts();
    const settings = awsSettings({
      aws_role_name: "arn:aws:iam::1:role/web",
      aws_web_identity_token: "eyJ.web.token",
      aws_sts_endpoint: "https://sts.example/custom",
    });
    expect(hasAwsIdentity(settings)).toBe(true);
    expect((await awsIdentity(settings, "us-east-1", ports)).accessKeyId).toBe("ASIA1");
    expect(asked[0]?.url).toBe("https://sts.example/custom");
    expect(asked[0]?.form.get("Action")).toBe("AssumeRoleWithWebIdentity");
    expect(asked[0]?.form.get("WebIdentityToken")).toBe("eyJ.web.token");
    expect(asked[0]?.headers["authorization"]).toBeUndefined();
  });

  it("are refused in AWS's words, without what is secret", async () => {
    const settings = awsSettings({ ...KEYS, aws_role_name: "arn:aws:iam::1:role/no" });
    const failing = async (answer: () => Response) =>
      awsIdentity(settings, "us-east-1", sts(answer).ports).catch((error: unknown) => error);
    const denied = await failing(refusal(403, "AccessDenied", "User: x is not authorized &amp; may not"));
    expect(denied).toMatchObject({ name: "AuthenticationError", status: 401 });
    expect(String(denied)).toContain("AccessDenied: User: x is not authorized & may not");
    expect(String(denied)).not.toContain("wJalr");
    const session = awsSettings({ ...KEYS, aws_session_token: "token-of-the-session", aws_role_name: "arn:x" });
    const canonical = refusal(
      403,
      "SignatureDoesNotMatch",
      "should have been: x-amz-security-token:token-of-the-session",
    );
    const unsigned = await awsIdentity(session, "us-east-1", sts(canonical).ports).catch((error: unknown) => error);
    expect(String(unsigned)).toContain("x-amz-security-token:[secret]");
    expect(await failing(refusal(400, "Throttling", "Rate exceeded"))).toMatchObject({ status: 429 });
    expect(await failing(refusal(503, "ServiceUnavailable", "later"))).toMatchObject({ status: 503 });
    expect(await failing(() => new Response("<html>"))).toMatchObject({ name: "AuthenticationError" });
    expect(
      await failing(() => {
        throw new TypeError("fetch failed");
      }),
    ).toMatchObject({ name: "APIConnectionError" });
  });

  it.each([
    ["nothing", {}],
    ["half a key", { aws_access_key_id: "AKID" }],
    ["a role nobody may assume", { aws_role_name: "arn:aws:iam::1:role/x" }],
    ["a token without a role", { aws_web_identity_token: "eyJ" }],
    [
      "a place where LiteLLM would look for a token",
      { aws_role_name: "arn:x", aws_web_identity_token: "oidc/file//var/token" },
    ],
    ["a file", { aws_role_name: "arn:x", aws_web_identity_token: "/var/run/token" }],
  ])("are none with %s", async (_, params) => {
    const { asked, ports } = sts();
    await expect(async () => awsIdentity(awsSettings(params), "us-east-1", ports)).rejects.toMatchObject({
      name: "AuthenticationError",
    });
    expect(asked).toEqual([]);
  });
});

describe("hosts", () => {
  it.each([
    ["https://bedrock-runtime.us-gov-west-1.amazonaws.com/x", "us-gov-west-1"],
    ["https://vpce-1-2.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "eu-west-1"],
    ["https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["https://bedrock-mantle.ap-southeast-2.api.aws/v1", "ap-southeast-2"],
    ["https://sts.amazonaws.com", undefined],
    ["https://us-east-1.example.com", undefined],
    ["https://bedrock-runtime.us-east-1.amazonaws.com.evil.example", undefined],
    ["no address", undefined],
  ])("%s is in %s", (url, region) => {
    expect(regionOfHost(url)).toBe(region);
  });

  it("have a domain of their own in China", () => {
    expect(awsDomain("cn-north-1")).toBe("amazonaws.com.cn");
    expect(awsDomain("us-east-1")).toBe("amazonaws.com");
  });
});
