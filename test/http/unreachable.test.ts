/** An isolate that cannot reach the objects: what it does is chosen, and written down (`docs/operations.md`). */
import { afterAll, beforeAll, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(({ path }, response) =>
    path.startsWith("/down")
      ? json(response, 429, { error: { message: "slow down" } })
      : json(response, 200, whole("openai", "Hello")),
  );
  const at = (folder: string) => ({
    model: "openai/gpt-4o-mini",
    api_key: "sk-x",
    api_base: `${upstream.url}${folder}`,
  });
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "mixed", litellm_params: at("/v1") },
        { model_name: "mixed", litellm_params: at("/down/v1") },
      ],
      router_settings: { num_retries: 2, cooldown_time: 60 },
    },
    {},
    undefined,
    { unreachable: ["ROUTER_STATE", "SCOPES", "LEDGER", "HEALTH", "IDEMPOTENCY"] },
  );
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

function ask(key: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.twinUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "mixed", max_tokens: 10, messages: [{ role: "user", content: "Hi" }] }),
  });
}

async function newKey(fields: object): Promise<string> {
  const { key } = (await (await gateway.call("/key/generate", fields)).json()) as { key: string };
  return key;
}

it("routes by what it sees itself: no error, and what fails is left alone", async () => {
  for (let calls = 0; calls < 15; calls++) expect((await ask(MASTER_KEY)).status).toBe(200);
  expect(upstream.received.filter(({ path }) => path.startsWith("/down")).length).toBe(1);
});

it("lets nobody spend from a budget it cannot ask, and says when to come again", async () => {
  const before = upstream.received.length;
  const response = await ask(await newKey({ max_budget: 10 }));
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("2");
  expect(upstream.received.length).toBe(before);
});

it("lets rate limits go", async () => {
  const key = await newKey({ rpm_limit: 2 });
  for (let calls = 0; calls < 4; calls++) expect((await ask(key)).status).toBe(200);
});

it("runs nothing twice that is to run once", async () => {
  const response = await ask(MASTER_KEY, { "idempotency-key": "once" });
  expect(response.status).toBe(503);
  expect(JSON.stringify(await response.json())).toContain("Nothing was done");
});
