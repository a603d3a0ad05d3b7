/** Discovery Engine behind `/vertex_ai/discovery/*`: the gateway's project, and a price for each search. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";
import { serviceAccount, startVertex, TOKEN } from "./vertex-upstream.ts";

let gateway: TestGateway;
let google: Awaited<ReturnType<typeof startUpstream>>;
let vertex: Awaited<ReturnType<typeof startVertex>>;

beforeAll(async () => {
  vertex = await startVertex();
  google = await startUpstream(({ path, body }, response) =>
    body["query"] === "refused"
      ? json(response, 403, { error: { code: 403, message: "no", status: "PERMISSION_DENIED" } })
      : json(response, 200, { results: [{ id: "1" }], path }),
  );
  gateway = await startGateway({
    model_list: [
      {
        model_name: "gemini",
        litellm_params: {
          model: "vertex_ai/gemini-2.5-pro",
          api_base: google.url,
          vertex_location: "europe-west4",
          vertex_credentials: await serviceAccount(vertex.tokens),
          use_in_pass_through: true,
        },
      },
    ],
    environment_variables: { SLUICE_GOOGLE_TOKEN_ORIGINS: vertex.tokens },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await google?.close();
  await vertex?.close();
});

const last = () => google.received.at(-1) as Received;
const STORE = "collections/default_collection/dataStores/docs/servingConfigs/default_config:search";

async function costOf(response: Response): Promise<unknown> {
  const id = response.headers.get("x-litellm-call-id");
  const find = () => gateway.records().find((record) => record["id"] === id);
  await until(() => find() !== undefined);
  return find()?.["cost"];
}

describe("a search", () => {
  it("is made in the gateway's project, and is paid for", async () => {
    const path = `/vertex_ai/discovery/v1/projects/somebody/locations/global/${STORE}`;
    const response = await gateway.call(path, { query: "How?", pageSize: 10 });
    expect(response.status).toBe(200);
    expect(await response.clone().json()).toMatchObject({ results: [{ id: "1" }] });
    expect(last().path).toBe(`/v1/projects/acme/locations/global/${STORE}`);
    expect(last().headers["authorization"]).toBe(`Bearer ${TOKEN}`);
    expect(last().body).toEqual({ query: "How?", pageSize: 10 });
    expect(await costOf(response)).toBe(1_500_000); // nano-dollars
  });

  it("that is refused costs nothing", async () => {
    const response = await gateway.call(`/vertex_ai/discovery/v1beta/locations/eu/${STORE}`, { query: "refused" });
    expect([response.status, await response.clone().json()]).toEqual([
      403,
      { error: { code: 403, message: "no", status: "PERMISSION_DENIED" } },
    ]);
    expect(last().path).toBe(`/v1beta/projects/acme/locations/eu/${STORE}`);
    expect((await costOf(response)) ?? 0).toBe(0);
  });

  it("is for admins, and for keys whose routes say so", async () => {
    const keyFor = async (fields: object) =>
      ((await (await gateway.call("/key/generate", fields)).json()) as { key: string }).key;
    const search = async (key: string) =>
      fetch(`${gateway.url}/vertex_ai/discovery/v1/${STORE}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: '{"query":"x"}',
      });
    const before = google.received.length;
    expect((await search(await keyFor({}))).status).toBe(403);
    expect(google.received.length).toBe(before);
    const metadata = { allowed_passthrough_routes: ["/vertex_ai/discovery/*"] };
    expect((await search(await keyFor({ metadata }))).status).toBe(200);
    expect(last().path).toBe(`/v1/projects/acme/locations/global/${STORE}`);
  });
});

describe("whose things are asked for", () => {
  it.each([
    ["/v1/projects/somebody/operations/o1", "/v1/projects/acme/operations/o1"],
    ["/v1/projects/somebody:provision", "/v1/projects/acme:provision"],
    ["/v1alpha/projects/somebody/locations/us/collections", "/v1alpha/projects/acme/locations/us/collections"],
    ["/v1/collections/c/engines", "/v1/projects/acme/locations/global/collections/c/engines"],
  ])("%s", async (path, asked) => {
    await gateway.call(`/vertex_ai/discovery${path}`);
    expect(last().path).toBe(asked);
  });

  it.each([
    "/vertex_ai/discovery/",
    "/vertex_ai/discovery/v1",
    "/vertex_ai/discovery/v1/projects/acme",
    "/vertex_ai/discovery//evil.example/v1",
    "/vertex_ai/discovery/v1/projects/acme/locations/global/..%2f..%2fother/x",
    "/vertex_ai/discovery/v1/projects/acme/locations/evil.example%23/x",
    "/vertex_ai/discovery/v1/projects/acme/locations/global/%2e%2e/x",
  ])("%s goes nowhere", async (path) => {
    const before = google.received.length;
    const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${MASTER_KEY}` } });
    expect([400, 404]).toContain(response.status);
    expect(google.received.length).toBe(before);
  });

  it.each([
    "/v1/%70rojects/other/locations/global/x",
    "/v1/projects%2fother/locations/global/x",
    "/v1//projects/other/locations/global/x",
  ])("%s stays in the gateway's project", async (path) => {
    const before = google.received.length;
    const response = await fetch(`${gateway.url}/vertex_ai/discovery${path}`, {
      headers: { authorization: `Bearer ${MASTER_KEY}` },
    });
    if (google.received.length > before) expect(last().path).toMatch(/^\/v1\/projects\/acme\/locations\/global\//);
    else expect(response.status).toBe(400);
  });
});
