/** Models of the database at the running gateway: called at once, by the right keys, with the secrets they were given. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

const KEY = "sk-upstream-key-of-the-database";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** What the upstream was asked: the model and the key. */
const asked: { model: unknown; key: string | undefined }[] = [];

beforeAll(async () => {
  upstream = await startUpstream(async ({ body, headers }, response) => {
    asked.push({ model: body["model"], key: headers.authorization });
    if (body["model"] === "down") json(response, 400, { error: { message: "no", type: "invalid_request_error" } });
    else json(response, 200, whole("openai", "hello"));
  });
  gateway = await startGateway({ model_list: [] });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await gateway.call(path, body);
  const answer = (await response.json()) as Record<string, unknown>;
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
}

const add = (model_name: string, model_info: object = {}, model = "openai/gpt-4o") =>
  post("/model/new", {
    model_name,
    litellm_params: { model, api_key: KEY, api_base: `${upstream.url}/v1` },
    model_info,
  });

const ask = (model: string, key?: string) =>
  gateway.call(
    "/v1/chat/completions",
    { model, messages: [{ role: "user", content: "hi" }] },
    key === undefined ? {} : { authorization: `Bearer ${key}` },
  );

describe("a model of the database", () => {
  it("answers as soon as it is made, and not once it is deleted", async () => {
    const { model_id } = await add("fresh");
    expect((await ask("fresh")).status).toBe(200);
    expect(asked.at(-1)).toEqual({ model: "gpt-4o", key: `Bearer ${KEY}` });
    const health = (await (await gateway.call("/health?model=fresh")).json()) as Record<string, unknown>;
    expect(health["healthy_count"]).toBe(1);
    expect(JSON.stringify(health)).not.toContain(KEY);
    await post("/model/delete", { id: model_id });
    expect((await ask("fresh")).status).toBe(400);
  });

  it("of a team answers the team by its public name, and nobody else", async () => {
    const { team_id } = await post("/team/new", { team_alias: "red" });
    const { team_id: other } = await post("/team/new", { team_alias: "blue" });
    const [{ key: mine }, { key: theirs }] = [
      await post("/key/generate", { team_id }),
      await post("/key/generate", { team_id: other }),
    ];
    await add("ours", { team_id });
    await expect.poll(async () => (await ask("ours", String(mine))).status, { timeout: 15_000 }).toBe(200);
    const reply = await ask("ours", String(mine));
    const answer = (await reply.json()) as { model: string };
    expect(JSON.stringify([answer, [...reply.headers]])).not.toContain("model_name_");
    expect((await ask("ours", String(theirs))).status).toBe(400);
    expect((await ask("ours")).status).toBe(400);
    expect(gateway.records().at(-1)).not.toMatchObject({ model_group: expect.stringContaining("model_name_") });
  });

  it("falls back as a route says", async () => {
    await add("failing", {}, "openai/down");
    await add("standing-by");
    expect((await ask("failing")).status).toBe(400);
    await post("/fallback", { model: "failing", fallback_models: ["standing-by"] });
    const reply = await ask("failing");
    expect(reply.status).toBe(200);
    expect(asked.slice(-2).map(({ model }) => model)).toEqual(["down", "gpt-4o"]);
  });
});
