import { describe, expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import { holdsSealed, isSecretParam, openParams, sealParams } from "../../src/secrets/params.ts";
import {
  createVault,
  isSealed,
  type Place,
  type Purpose,
  rootSecret,
  UnreadableSecret,
} from "../../src/secrets/vault.ts";

const vault = createVault(new Secret("the root secret"));
const place: Place = { tenant: "team", row: "row", field: "/api_key" };
const seal = (text: string) => vault.seal("model", place, new Secret(text));

describe("a sealed text", () => {
  it("opens where it was made for", async () => {
    for (const text of ["sk-key", "", "🔑".repeat(5000)]) {
      const sealed = await seal(text);
      expect(isSealed(sealed)).toBe(true);
      expect(sealed).toMatch(/^sealed:v1:[\w-]+:[\w-]+$/);
      expect((await vault.open("model", place, sealed)).reveal()).toBe(text);
      expect((await createVault(new Secret("the root secret")).open("model", place, sealed)).reveal()).toBe(text);
    }
  });

  it("is another each time, and says nothing of the content", async () => {
    const [one, two] = [await seal("sk-key"), await seal("sk-key")];
    expect(one).not.toBe(two);
    expect(atob(one.split(":")[3]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")).not.toContain("sk-key");
  });

  it.each<[string, Purpose, Partial<Place>]>([
    ["another purpose", "credential", {}],
    ["another tenant", "model", { tenant: "other" }],
    ["another row", "model", { row: "other" }],
    ["another field", "model", { field: "/api_base" }],
    ["a place that reads the same run together", "model", { tenant: "teamr", row: "ow" }],
  ])("does not open for %s (CVE-2026-114612)", async (_, purpose, other) => {
    const opened = vault.open(purpose, { ...place, ...other }, await seal("sk-key"));
    await expect(opened).rejects.toThrow(UnreadableSecret);
    await expect(opened).rejects.not.toThrow(/sk-key/);
  });

  it("does not open when a bit of it is changed", async () => {
    const sealed = await seal("sk-key");
    const last = sealed.endsWith("A") ? "B" : "A";
    await expect(vault.open("model", place, `${sealed.slice(0, -2)}${last}A`)).rejects.toThrow(/has been changed/);
    await expect(vault.open("model", place, sealed.slice(0, -30))).rejects.toThrow(UnreadableSecret);
    await expect(vault.open("model", place, "sealed:v9:x:y")).rejects.toThrow(/a form this version does not know/);
  });

  it("tells that the root secret is another", async () => {
    const other = createVault(new Secret("another root"));
    await expect(other.open("model", place, await seal("sk-key"))).rejects.toThrow(/LITELLM_SALT_KEY .* has changed/);
  });
});

it("without a root secret nothing is sealed", async () => {
  await expect(createVault(undefined).seal("model", place, new Secret("x"))).rejects.toThrow(/LITELLM_SALT_KEY/);
});

it.each<[Record<string, string>, string | undefined]>([
  [{ LITELLM_SALT_KEY: "salt", SLUICE_SECRET: "own" }, "salt"],
  [{ LITELLM_SALT_KEY: "", SLUICE_SECRET: "own" }, "own"],
  [{}, "sk-master"],
])("the root secret of %j", (variables, root) => {
  expect(rootSecret((name) => variables[name], new Secret("sk-master"))?.reveal()).toBe(root);
});

describe("params", () => {
  const row = { tenant: "", row: "id" };
  const params = {
    model: "openai/x",
    api_key: "hush-1",
    api_base: "https://u:hush-2@example.com",
    base_url: "https://example.com/v1",
    headers: { "x-any": "hush-3" },
    vertex_credentials: { private_key: "hush-4", list: [1, null] },
    extra_body: { tokens: 3, list: [{ client_secret: "hush-5" }] },
    input_cost_per_token: 0.1,
    max_tokens: 5,
    nothing: null,
  };

  it("come back as they were, and their secrets are nowhere in between", async () => {
    const sealed = await sealParams(vault, "model", row, params);
    expect(JSON.stringify(sealed)).not.toContain("hush");
    expect(sealed).toMatchObject({ model: "openai/x", base_url: "https://example.com/v1", max_tokens: 5 });
    expect(holdsSealed(sealed)).toBe(true);
    expect(holdsSealed(params)).toBe(false);
    expect(await openParams(vault, "model", row, sealed)).toEqual(params);
  });

  it("do not open in each other's place", async () => {
    const { api_key, headers } = await sealParams(vault, "model", row, params);
    await expect(openParams(vault, "model", row, { api_key: headers, headers: api_key })).rejects.toThrow(
      /\/(api_key|headers)/,
    );
  });

  it.each<[string, unknown, boolean]>([
    ["api_key", "x", true],
    ["aws_secret_access_key", "x", true],
    ["aws_access_key_id", "x", false],
    ["some_provider_token", "x", true],
    ["eos_token", "x", false],
    ["api_base", "https://example.com/v1", false],
    ["api_base", "https://example.com/v1?key=x", true],
    ["input_cost_per_token", 1, false],
  ])("%s: %j is secret: %s", (name, value, secret) => expect(isSecretParam(name, value)).toBe(secret));
});

describe("a signature", () => {
  it("holds for its words alone, under its root", async () => {
    const mark = await vault.sign("response_id", ["user:ann", "resp_1"]);
    expect(mark).toMatch(/^[\w-]{43}$/);
    expect(await vault.isSigned("response_id", ["user:ann", "resp_1"], mark)).toBe(true);
    for (const words of [["user:bob", "resp_1"], ["user:ann"], ["user:annresp_1"], ["user:ann", "resp_1", ""]])
      expect(await vault.isSigned("response_id", words, mark)).toBe(false);
    for (const other of ["", "%", mark.slice(1), `${mark}A`])
      expect(await vault.isSigned("response_id", ["user:ann", "resp_1"], other)).toBe(false);
    const another = createVault(new Secret("another root"));
    expect(await another.isSigned("response_id", ["user:ann", "resp_1"], mark)).toBe(false);
  });

  it("cannot be made without a root, nor be right", async () => {
    await expect(createVault(undefined).sign("response_id", ["x"])).rejects.toThrow(UnreadableSecret);
    expect(await createVault(undefined).isSigned("response_id", ["x"], "AAAA")).toBe(false);
  });
});
