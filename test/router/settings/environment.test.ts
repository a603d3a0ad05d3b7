import { expect, test } from "vitest";
import type { Secret } from "../../../src/credentials/secret.ts";
import {
  extendEnvironment,
  findReferences,
  hideSecrets,
  resolveReferences,
} from "../../../src/router/settings/environment.ts";

test("references are resolved everywhere; what is not set is not there", () => {
  const value = {
    a: "os.environ/A",
    list: ["os.environ/A", "os.environ/NONE", 1],
    deep: { b: "os.environ/NONE", c: null, d: "x os.environ/A" },
  };
  expect(resolveReferences(value, { A: "1" })).toEqual({ a: "1", list: ["1", 1], deep: { d: "x os.environ/A" } });
  expect(findReferences(value)).toEqual([
    { name: "A", path: ["a"] },
    { name: "A", path: ["list", 0] },
    { name: "NONE", path: ["list", 1] },
    { name: "NONE", path: ["deep", "b"] },
  ]);
});

test("environment_variables win over the environment; an unset reference changes nothing", () => {
  const section = { HOST: "from-file", COPY: "os.environ/OTHER", KEEP: "os.environ/NONE", NUMBER: 5, MAP: { a: 1 } };
  expect(extendEnvironment(section, { HOST: "from-env", OTHER: "o", KEEP: "kept" })).toEqual({
    HOST: "from-file",
    COPY: "o",
    OTHER: "o",
    KEEP: "kept",
    NUMBER: "5",
    MAP: '{"a":1}',
  });
});

test("secrets are told by their names", () => {
  const hidden = JSON.stringify(
    hideSecrets({
      api_key: "hush",
      aws_secret_access_key: "hush",
      redis_password: "hush",
      vertex_credentials: { private_key: "hush" },
      headers: { Authorization: "hush", "x-api-key": "hush", "x-name": "plain" },
      list: [{ client_secret: "hush" }],
      input_cost_per_token: "0.1",
      max_tokens: "5",
    }),
  );
  expect(hidden).not.toContain("hush");
  expect(hidden).toContain('"x-name":"plain"');
  expect(hidden).toContain('"input_cost_per_token":"0.1"');
  expect(hidden).toContain('"max_tokens":"5"');
  const credentials = hideSecrets({ vertex_credentials: { type: "service_account" } }) as {
    vertex_credentials: Secret;
  };
  expect(credentials.vertex_credentials.reveal()).toBe('{"type":"service_account"}');
});

test("a token of OpenID Connect in a variable is a reference, and marked as what it is", () => {
  const value = { azure_ad_token: "oidc/env/TOKEN", other: "oidc/google/audience" };
  expect(findReferences(value)).toEqual([{ name: "TOKEN", path: ["azure_ad_token"] }]);
  expect(resolveReferences(value, { TOKEN: "a.b.c" })).toEqual({ azure_ad_token: "oidc/a.b.c", other: value.other });
  expect(resolveReferences(value, {})).toEqual({ other: value.other });
});
