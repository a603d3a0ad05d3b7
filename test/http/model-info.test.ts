/** What clients such as Cline read of the models, and what admins see of the router. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

interface Info {
  model_name: string;
  litellm_params: Record<string, unknown>;
  model_info: Record<string, unknown>;
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((request, response) =>
    request.body["model"] === "limited"
      ? json(response, 429, { error: { message: "slow down" } }, { "retry-after": "30" })
      : json(response, 200, whole("openai", "ok")),
  );
  gateway = await startGateway({
    model_list: [
      {
        model_name: "gpt",
        litellm_params: {
          model: "openai/gpt-4o-mini",
          api_key: "sk-secret-1",
          api_base: "https://example.com/v1?key=secret-in-url",
          organization: "org",
          temperature: 0.2,
          rpm: 10,
          extra_body: { note: "secret-in-body" },
          input_cost_per_token: 1e-6,
        },
        model_info: {
          id: "gpt-1",
          team_note: "ours",
          api_token: "secret-in-info",
          nested: { password: "secret-deep" },
        },
      },
      {
        model_name: "gpt",
        litellm_params: { model: "anthropic/claude-sonnet-4-5", api_key: "sk-secret-2", rpm: 5, tpm: 7 },
        model_info: { id: "gpt-2" },
      },
      { model_name: "openai/*", litellm_params: { model: "openai/*", api_key: "sk-secret-3" } },
      { model_name: "unknown", litellm_params: { model: "openai/nobody-knows-it", api_key: "sk-secret-4" } },
      ...["limited", "fine"].map((model) => ({
        model_name: "pair",
        litellm_params: { model: `openai/${model}`, api_base: `${upstream.url}/v1`, api_key: "sk-secret-5" },
        model_info: { id: model },
      })),
    ],
    router_settings: { model_group_alias: { assistant: "gpt" } },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const get = async <T>(path: string): Promise<T> => (await (await gateway.call(path)).json()) as T;
const list = async (path: string) => (await get<{ data: Info[] }>(path)).data;

describe("/model/info", () => {
  it.each(["/model/info", "/v1/model/info"])(
    "%s lists deployments with prices, windows and capabilities",
    async (path) => {
      const data = await list(path);
      const first = data.find(({ model_info }) => model_info["id"] === "gpt-1")!;
      expect(first.litellm_params).toEqual({
        model: "openai/gpt-4o-mini",
        api_base: "https://example.com/v1",
        temperature: 0.2,
        rpm: 10,
        input_cost_per_token: 1e-6,
      });
      expect(first.model_info).toMatchObject({
        db_model: false,
        key: "gpt-4o-mini",
        input_cost_per_token: 1e-6,
        output_cost_per_token: 6e-7,
        max_tokens: 16384,
        max_input_tokens: 128000,
        max_output_tokens: 16384,
        litellm_provider: "openai",
        mode: "chat",
        supports_vision: true,
        supports_function_calling: true,
        team_note: "ours",
        supported_openai_params: expect.arrayContaining(["tools", "temperature"]),
      });
      const unknown = data.find(({ model_name }) => model_name === "unknown")!;
      expect(unknown.model_info).toMatchObject({
        input_cost_per_token: null,
        max_tokens: null,
        litellm_provider: "openai",
      });
      expect(JSON.stringify(data)).not.toMatch(/secret/);
    },
  );

  it("spells wildcards out and shows aliases, so that clients find the name they ask for", async () => {
    const names = new Set((await list("/v1/model/info")).map(({ model_name }) => model_name));
    for (const name of ["gpt", "assistant", "openai/*", "openai/gpt-4o-mini"]) expect(names).toContain(name);
    const spelled = (await list("/v1/model/info")).find(({ model_name }) => model_name === "openai/gpt-4o-mini");
    expect(spelled?.model_info).toMatchObject({ max_input_tokens: 128000 });
  });

  it("gives one by id, or says in LiteLLM's words that there is none", async () => {
    expect((await list("/model/info?litellm_model_id=gpt-2")).map(({ model_info }) => model_info["id"])).toEqual([
      "gpt-2",
    ]);
    const response = await gateway.call("/model/info?litellm_model_id=nothing");
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("Model id = nothing not found on litellm proxy");
  });
});

describe("/v2/model/info", () => {
  it("pages through what is configured", async () => {
    const page = await get<Record<string, unknown> & { data: Info[] }>("/v2/model/info?page=2&size=4");
    expect(page).toMatchObject({ total_count: 6, current_page: 2, total_pages: 2, size: 4 });
    expect(page.data).toHaveLength(2);
  });
  it.each([
    ["?model=gpt", ["gpt-1", "gpt-2"]],
    ["?search=PAI", ["limited", "fine"]],
    ["?modelId=fine", ["fine"]],
    ["?search=g&sortBy=costs&sortOrder=desc", ["gpt-2", "gpt-1"]],
    ["?model=nothing", []],
  ])("%s", async (query, expected) => {
    expect((await list(`/v2/model/info${query}`)).map(({ model_info }) => model_info["id"])).toEqual(expected);
  });
  it.each(["?page=0", "?size=x", "?sortBy=constructor", "?sortBy=costs&sortOrder=up"])(
    "%s is refused",
    async (query) => {
      expect((await gateway.call(`/v2/model/info${query}`)).status).toBe(400);
    },
  );
});

describe("/model_group/info", () => {
  it("tells what the deployments of a name can do together", async () => {
    const [info] = await list("/model_group/info?model_group=gpt");
    expect(info).toEqual({
      model_group: "gpt",
      providers: ["openai", "anthropic"],
      max_input_tokens: 200000,
      max_output_tokens: 64000,
      input_cost_per_token: 3e-6,
      output_cost_per_token: 1.5e-5,
      input_cost_per_pixel: null,
      mode: "chat",
      tpm: 7,
      rpm: 15,
      supports_parallel_function_calling: true,
      supports_vision: true,
      supports_web_search: expect.any(Boolean),
      supports_url_context: false,
      supports_reasoning: true,
      supports_function_calling: true,
      supported_openai_params: expect.arrayContaining(["tools"]),
      configurable_clientside_auth_params: null,
      is_public_model_group: false,
      health_status: null,
      health_response_time: null,
      health_checked_at: null,
    });
    expect(await list("/model_group/info?model_group=nothing")).toEqual([]);
    const all = await get<{ data: { model_group: string }[] }>("/model_group/info");
    expect(all.data.map(({ model_group }) => model_group)).toEqual(
      expect.arrayContaining(["gpt", "assistant", "openai/gpt-4o"]),
    );
  });

  it("and how they are", async () => {
    await gateway.call("/health?model=fine");
    const [info] = await list("/model_group/info?model_group=pair");
    expect(info).toMatchObject({ health_status: "healthy", health_checked_at: expect.any(String) });
  });
});

describe("/router/state", () => {
  it("shows who cools, until when and why", async () => {
    for (let i = 0; i < 12; i++)
      await gateway.call("/v1/chat/completions", { model: "pair", messages: [{ role: "user", content: "Hi" }] });
    const { data } = await get<{ data: Record<string, unknown>[] }>("/router/state?model_group=pair");
    expect(data.find(({ model_id }) => model_id === "limited")).toMatchObject({
      model_group: "pair",
      model: "openai/limited",
      cooldown: {
        until: expect.stringMatching(/Z$/),
        seconds_left: expect.any(Number),
        cause: expect.stringContaining("429"),
      },
      on_probation: true,
      in_flight: 0,
    });
    expect(data.find(({ model_id }) => model_id === "fine")).toMatchObject({
      cooldown: null,
      on_probation: false,
      latency_ms_per_token: expect.any(Number),
    });
    expect((await get<{ data: unknown[] }>("/router/state")).data).toHaveLength(6);
    expect((await gateway.call("/router/state?model_group=nothing")).status).toBe(404);
  });
});
