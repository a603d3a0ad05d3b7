import { describe, expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import type { Target } from "../../src/providers/provider.ts";
import { loadDeployments } from "../../src/router/load.ts";
import { registeredProviders } from "../../src/router/lookup.ts";

const ENV = {
  AWS_ACCESS_KEY_ID: "AKIDENV",
  AWS_SECRET_ACCESS_KEY: "secret-of-env",
  AWS_SESSION_TOKEN: "token-of-env",
  AWS_BEARER_TOKEN_BEDROCK: "bearer-of-env",
  AWS_REGION: "eu-west-1",
};

function targetOf(params: object, environment: Record<string, string> = ENV): Target {
  const item = { model_name: "m", litellm_params: { model: "bedrock/us.amazon.nova-lite-v1:0", ...params } };
  const [deployment] = loadDeployments({ model_list: [item] }, environment, registeredProviders).deployments;
  if (deployment === undefined) throw new Error("it is left out");
  return deployment.target;
}

describe("what proves who asks, of a deployment and of the environment", () => {
  it("comes from the environment as a whole, and cannot be printed", () => {
    const { apiKey, params } = targetOf({});
    expect(apiKey?.reveal()).toBe("bearer-of-env");
    expect(params).toMatchObject({ aws_access_key_id: "AKIDENV", aws_region_name: "eu-west-1" });
    expect(params?.["aws_secret_access_key"]).toBeInstanceOf(Secret);
    expect(params?.["aws_session_token"]).toBeInstanceOf(Secret);
    expect(JSON.stringify(targetOf({}))).not.toContain("of-env");
  });

  it("is not mixed: with keys of its own a deployment has none of the environment's", () => {
    const { apiKey, params } = targetOf({ aws_access_key_id: "AKIDOWN", aws_secret_access_key: "own" });
    expect(apiKey).toBeUndefined();
    expect(params?.["aws_session_token"]).toBeUndefined();
    expect(params).toMatchObject({ aws_access_key_id: "AKIDOWN", aws_region_name: "eu-west-1" });
  });

  it("may be a role of the deployment's, which the environment's keys assume", () => {
    const { apiKey, params } = targetOf(
      { aws_role_name: "arn:aws:iam::1:role/r" },
      { ...ENV, AWS_WEB_IDENTITY_TOKEN: "of-env" },
    );
    expect(apiKey).toBeUndefined();
    expect(params).toMatchObject({ aws_role_name: "arn:aws:iam::1:role/r", aws_access_key_id: "AKIDENV" });
    expect(params?.["aws_web_identity_token"]).toBeUndefined();
  });

  it("is the deployment's api_key where it has one", () => {
    expect(targetOf({ api_key: "own" }).apiKey?.reveal()).toBe("own");
  });
});
