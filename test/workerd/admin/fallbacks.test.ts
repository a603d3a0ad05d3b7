/** Fallbacks made by route, over those of the file; and the router's settings as they are shown. */
import { describe, expect, it } from "vitest";
import { makeKey, makeUser, startApp } from "./fixture.ts";

const model = (model_name: string) => ({ model_name, litellm_params: { model: "openai/x", api_key: "k" } });
const config = {
  model_list: ["a", "b", "c", "org/with-slash", "quiet"].map(model),
  router_settings: { fallbacks: [{ a: ["b"], quiet: ["c"] }], num_retries: 4, redis_password: "hush-hush" },
};
const app = startApp(config);
const { ask } = app;
const put = (body: unknown) => ask("/fallback", { body });
const type = (name: string) => `?fallback_type=${name}`;

describe("/fallback", () => {
  it("is read after it is written, for each type by itself, and wins over the file", async () => {
    expect(await ask("/fallback/a")).toEqual({
      status: 200,
      json: { model: "a", fallback_models: ["b"], fallback_type: "general" },
    });
    expect(await put({ model: "a", fallback_models: ["c", "b"] })).toEqual({
      status: 200,
      json: {
        model: "a",
        fallback_models: ["c", "b"],
        fallback_type: "general",
        message: "Fallback configuration updated successfully",
      },
    });
    expect(await put({ model: "a", fallback_models: ["b"], fallback_type: "content_policy" })).toMatchObject({
      json: { message: "Fallback configuration created successfully" },
    });
    expect((await ask("/fallback/a")).json.fallback_models).toEqual(["c", "b"]);
    expect((await ask(`/fallback/a${type("content_policy")}`)).json.fallback_models).toEqual(["b"]);
    expect((await ask(`/fallback/a${type("context_window")}`)).status).toBe(404);
    const { fallbacks, contentPolicyFallbacks, contextWindowFallbacks } = app.gateway.router.settings;
    expect(fallbacks).toEqual([{ a: ["c", "b"] }, { quiet: ["c"] }]);
    expect(contentPolicyFallbacks).toEqual([{ a: ["b"] }]);
    expect(contextWindowFallbacks).toBeUndefined(); // or no other fallback would count for such errors

    expect((await startAnother().ask("/fallback/a")).json.fallback_models).toEqual(["c", "b"]);
  });

  it("takes away what the file says", async () => {
    expect(await ask("/fallback/quiet", { method: "DELETE" })).toEqual({
      status: 200,
      json: { model: "quiet", fallback_type: "general", message: "Fallback configuration deleted successfully" },
    });
    expect((await ask("/fallback/quiet")).json.error.message).toMatch(/not found/);
    expect((await ask("/fallback/quiet", { method: "DELETE" })).status).toBe(404);
    expect(app.gateway.router.settings.fallbacks.some((row) => "quiet" in row)).toBe(false);
  });

  it("knows names with slashes", async () => {
    await put({ model: "org/with-slash", fallback_models: ["a"] });
    for (const path of ["/fallback/org/with-slash", "/fallback/org%2Fwith-slash"])
      expect((await ask(path)).json.model).toBe("org/with-slash");
  });

  it.each([
    [{ model: "nobody", fallback_models: ["a"] }, 404, "Model 'nobody' not found in router"],
    [{ model: "a", fallback_models: ["nobody", "b"] }, 400, "Invalid fallback models: nobody"],
    [{ model: "a", fallback_models: ["a"] }, 400, "Model 'a' cannot be its own fallback"],
    [{ model: "a", fallback_models: ["b", "b"] }, 400, /twice/],
    [{ model: "a", fallback_models: [] }, 422, /fallback_models/],
    [{ model: "a", fallback_models: ["b"], fallback_type: "other" }, 422, /fallback_type/],
  ])("%j is refused", async (body, status, message) => {
    const answer = await put(body);
    expect(answer.json.error.message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  it("two changes at once do not undo each other", async () => {
    await Promise.all([
      put({ model: "b", fallback_models: ["c"] }),
      startAnother().ask("/fallback", { body: { model: "c", fallback_models: ["b"] } }),
    ]);
    const fresh = startAnother();
    expect((await fresh.ask("/fallback/b")).status).toBe(200);
    expect((await fresh.ask("/fallback/c")).status).toBe(200);
  });
});

function startAnother() {
  return startApp(config);
}

describe("/router", () => {
  it("shows the settings in force, and no secret", async () => {
    const { status, json } = await ask("/router/settings");
    expect(status).toBe(200);
    expect(json.current_values).toMatchObject({ num_retries: 4, routing_strategy: "simple-shuffle", max_fallbacks: 5 });
    expect(json.fields.find(({ field_name }: { field_name: string }) => field_name === "num_retries")).toEqual({
      field_name: "num_retries",
      field_type: "Integer",
      field_value: 4,
      field_description: expect.any(String),
      field_default: 2,
      options: null,
      ui_field_name: "Num retries",
      link: null,
    });
    expect(Object.keys(json.routing_strategy_descriptions)).toContain("latency-based-routing");
    expect(JSON.stringify(json)).not.toContain("hush-hush");
  });

  it("describes them", async () => {
    const { json } = await ask("/router/fields");
    expect(json.fields.every(({ field_value }: { field_value: unknown }) => field_value === null)).toBe(true);
    expect(json.current_values).toBeUndefined();
  });
});

it("only admins change fallbacks, only viewers of all see them", async () => {
  const roles = ["proxy_admin_viewer", "org_admin", "internal_user", "internal_user_viewer"] as const;
  const callers = await Promise.all(roles.map(async (role) => [role, (await makeUser(role)).key] as const));
  for (const [role, key] of [...callers, ["key", (await makeKey()).key] as const]) {
    const status = role === "proxy_admin_viewer" ? 200 : 403;
    for (const path of ["/fallback/a", "/router/settings", "/router/fields"])
      expect({ role, path, ...(await ask(path, { key })) }).toMatchObject({ role, path, status });
    expect((await ask("/fallback", { body: { model: "a", fallback_models: ["b"] }, key })).status).toBe(403);
    expect((await ask("/fallback/a", { method: "DELETE", key })).status).toBe(403);
  }
});
