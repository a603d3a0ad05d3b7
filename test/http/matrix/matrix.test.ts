/**
 * Endpoint × provider × streaming × failure: every operation of the table at every provider that does it, before an
 * upstream that fails in one way. Alone, the client gets an error in its format; with a second try, or a fallback, it never
 * notices; and each call is one row.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operations } from "../../../src/gateway/llm/operations.ts";
import { generateContent } from "../../../src/operations/generate-content.ts";
import type { AnyOperation } from "../../../src/operations/operation.ts";
import { providerFor } from "../../../src/providers/registry.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "../gateway.ts";
import { until } from "../upstream.ts";
import { SAMPLES, type Sample } from "./samples.ts";
import { FAILURES, type Failure, startMatrixUpstream } from "./upstream.ts";

const PROVIDERS = [
  "openai",
  "azure",
  "anthropic",
  "gemini",
  "cohere",
  "mistral",
  "openrouter",
  "voyage",
  "jina_ai",
  "together_ai",
  "vertex_ai",
  "bedrock",
];

/** Models of a provider, by operation, where what it does goes by the model. */
const MODELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bedrock: {
    chat: "us.amazon.nova-lite-v1:0",
    responses: "us.amazon.nova-lite-v1:0",
    embeddings: "amazon.titan-embed-text-v2:0",
    rerank: "cohere.rerank-v3-5:0",
    usual: "invoke/anthropic.claude-haiku-4-5",
  },
};

interface Cell {
  operation: AnyOperation;
  sample: Sample;
  provider: string;
  model: string;
  isStream: boolean;
}

const all: readonly AnyOperation[] = [...operations, generateContent];

const cells: Cell[] = all.flatMap((operation) => {
  const sample = SAMPLES[operation.name];
  if (sample === undefined) return []; // the first test says so
  return PROVIDERS.flatMap((provider) => {
    const own = MODELS[provider]?.[operation.name] ?? MODELS[provider]?.["usual"] ?? "model-1";
    const model = sample.models === undefined ? own : sample.models[provider];
    if (model === undefined) return [];
    const found = providerFor({ provider, model });
    if (found === undefined) return [];
    const adapter = operation.adapter(found, { provider, model });
    if (adapter === undefined || adapter.answer !== undefined) return []; // it asks nobody
    const ways = sample.streams ? [false, true] : [false];
    return ways.map((isStream) => ({ operation, sample, provider, model, isStream }));
  });
});

/** Where the upstream answers an API of each provider. */
const BASES: Readonly<Record<string, string>> = {
  anthropic: "",
  azure: "",
  bedrock: "",
  gemini: "",
  cohere: "",
  vertex_ai: "",
};

/** What a deployment of each provider must say besides. */
const PARAMS: Readonly<Record<string, object>> = { vertex_ai: { vertex_project: "acme" } };

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startMatrixUpstream>>;

const nameOf = ({ operation, provider, isStream }: Cell, how: string) =>
  `${operation.name}-${provider}${isStream ? "-stream" : ""}-${how}`;

beforeAll(async () => {
  upstream = await startMatrixUpstream();
  const models: object[] = [];
  const add = (cell: Cell, name: string, how: string) =>
    models.push({
      model_name: name,
      litellm_params: {
        model: `${cell.provider}/${cell.model}`,
        api_key: "sk-x",
        api_base: `${upstream.url}/${how}${BASES[cell.provider] ?? "/v1"}`,
        input_cost_per_token: 0.000001,
        output_cost_per_token: 0.000001,
        ...PARAMS[cell.provider],
      },
    });
  let number = 0;
  const fallbacks: Record<string, string[]>[] = [];
  for (const cell of cells) {
    add(cell, nameOf(cell, "good"), "good");
    for (const failure of FAILURES) {
      add(cell, nameOf(cell, `${failure}-alone`), failure);
      add(cell, nameOf(cell, `${failure}-covered`), failure);
      fallbacks.push({ [nameOf(cell, `${failure}-covered`)]: [nameOf(cell, "good")] });
      number += 1;
      // Two, so that nothing is waited for: whichever is asked first fails.
      for (const _ of [1, 2]) add(cell, nameOf(cell, `${failure}-again`), `once-${failure}-${number}`);
    }
  }
  gateway = await startGateway({
    model_list: models,
    router_settings: { num_retries: 0, disable_cooldowns: true, fallbacks },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

interface Got {
  status: number;
  text: string;
  headers: Headers;
  /** The connection broke in the middle. */
  isBroken: boolean;
  record: Record<string, unknown>;
}

async function ask({ sample, isStream }: Cell, model: string): Promise<Got> {
  const template = (isStream ? sample.streamPath : undefined) ?? sample.path;
  const inPath = template.includes("{model}");
  const isStreamed = isStream && sample.streamPath === undefined;
  const fields = { ...sample.body, ...(!inPath && { model }), ...(isStreamed && { stream: true }) };
  const response = await fetch(`${gateway.url}${template.replace("{model}", encodeURIComponent(model))}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${MASTER_KEY}`,
      ...(!sample.form && { "content-type": "application/json" }),
      ...(model.endsWith("-again") && { "x-litellm-num-retries": "2" }),
    },
    body: sample.form ? formOf(fields) : JSON.stringify(fields),
  });
  let text = "";
  let isBroken = false;
  try {
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
  } catch {
    isBroken = true;
  }
  const id = response.headers.get("x-litellm-call-id");
  const find = () => gateway.records().filter((record) => record["id"] === id);
  await until(() => find().length > 0);
  const [record, ...others] = find();
  expect(others).toEqual([]); // one row for each call
  return { status: response.status, text, headers: response.headers, isBroken, record: record ?? {} };
}

function formOf(fields: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value instanceof File ? value : String(value));
  return form;
}

/** An error as the clients of the operation know it. */
function expectError({ operation }: Cell, status: number, text: string): void {
  const body = JSON.parse(text);
  switch (operation.wire) {
    case "anthropic":
      expect(body).toMatchObject({ type: "error", error: { type: expect.any(String), message: expect.any(String) } });
      break;
    case "gemini":
      expect(body).toMatchObject({ error: { code: status, message: expect.any(String), status: expect.any(String) } });
      break;
    default:
      expect(body).toMatchObject({ error: { message: expect.any(String), code: String(status) } });
  }
}

/** Statuses a failure may be told with. */
const STATUS: Readonly<Record<Failure, readonly number[]>> = {
  "500": [500, 502, 503],
  "429": [429],
  reset: [500, 502, 503],
  page: [500, 502, 503],
  empty: [500, 502, 503],
  cut: [500, 502, 503],
};

/** What an upstream answers with is bytes, which are as good as any: a page is a sound. */
const isBytes = ({ operation, provider }: Cell) =>
  operation.name === "speech" && !["gemini", "vertex_ai"].includes(provider);

it("there is a sample for every operation of the table", () => {
  expect(all.map(({ name }) => name).filter((name) => SAMPLES[name] === undefined)).toEqual([]);
  expect(cells.length).toBeGreaterThan(50);
});

const failuresOf = (cell: Cell) => FAILURES.filter((failure) => !isBytes(cell) || !["page", "empty"].includes(failure));

/** Failures that come before anything of the answer has gone to the client. */
const hiddenFailuresOf = (cell: Cell) =>
  failuresOf(cell).filter((failure) => failure !== "cut" || !(cell.isStream || isBytes(cell)));

const titled = cells.map((cell) => {
  const title = `${cell.operation.name} at ${cell.provider}${cell.isStream ? ", streamed" : ""}`;
  return [title, cell] as const;
});

describe.concurrent.each(titled)("%s", (_, cell) => {
  const ok = [200, expect.stringContaining(cell.sample.says)];

  it("answers", async () => {
    const { status, text, record } = await ask(cell, nameOf(cell, "good"));
    expect([status, text]).toEqual(ok);
    expect(record).toMatchObject({ outcome: "success", provider: cell.provider, retries: 0, fallbacks: 0 });
  });

  it("tells of a failure in the client's format", async () => {
    const asked = failuresOf(cell).map(async (failure) => {
      const { status, text, isBroken, record } = await ask(cell, nameOf(cell, `${failure}-alone`));
      expect(record["outcome"], failure).toBe("failure");
      if (failure !== "cut" || !(cell.isStream || isBytes(cell))) {
        expect(STATUS[failure], `${failure}: ${text}`).toContain(status);
        expectError(cell, status, text);
        expect(record).toMatchObject({ status });
      } else if (isBytes(cell)) expect(isBroken).toBe(true);
      else expect(text).toMatch(/error|response\.failed/);
    });
    await Promise.all(asked);
  });

  it("goes to a fallback, and nobody notices", async () => {
    const asked = hiddenFailuresOf(cell).map(async (failure) => {
      const { status, text, headers, record } = await ask(cell, nameOf(cell, `${failure}-covered`));
      expect([status, text], failure).toEqual(ok);
      expect(headers.get("x-litellm-attempted-fallbacks")).toBe("1");
      expect(record).toMatchObject({ outcome: "success", fallbacks: 1 });
    });
    await Promise.all(asked);
  });

  it("is asked again, and nobody notices", async () => {
    const asked = hiddenFailuresOf(cell).map(async (failure) => {
      const { status, text, record } = await ask(cell, nameOf(cell, `${failure}-again`));
      expect([status, text], failure).toEqual(ok);
      expect(record).toMatchObject({ outcome: "success", retries: 1 });
    });
    await Promise.all(asked);
  });
});
