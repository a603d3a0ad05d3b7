/**
 * Recorded files and batches through the running gateway: what their provider answers comes back as it was, but for ids and
 * addresses. `npm run test:recorded`
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import { json, startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";

interface Recorded {
  name: string;
  method: string;
  path: string;
  request: unknown;
  status: number;
  body: string;
}

function recordedOf(folder: string): Recorded[] {
  const at = join(RECORDED_DIR, "dev", folder);
  if (!existsSync(at)) return [];
  return readdirSync(at).map((name) => {
    const { request, response } = JSON.parse(readFileSync(join(at, name), "utf8"));
    const { pathname, search } = new URL(request.url);
    const path = pathname + search;
    return {
      name,
      method: request.method,
      path,
      request: request.body,
      status: response.status,
      body: response.body ?? "",
    };
  });
}

/** What is one object's own: `/v1/batches/{id}`, `/v1/batches/{id}/cancel`, ... */
const ABOUT = /^\/v1\/(?:batches|files|messages\/batches)\/([^/?]+)(\/\w+)?$/;
const batches = recordedOf("openai/batch").filter(({ path }) => ABOUT.test(path));
const files = recordedOf("openai/files").filter(({ path, status }) => ABOUT.test(path) && status === 200);
const messages = recordedOf("anthropic/batch");
const isPresent = batches.length > 0;
if (!isPresent) console.warn(`skipped: there are no recordings in ${RECORDED_DIR}`);

/** Without what the gateway names itself. */
function nameless(body: string): unknown {
  const {
    id: _,
    input_file_id: __,
    output_file_id: ___,
    error_file_id: ____,
    results_url: _____,
    ...rest
  } = JSON.parse(body);
  return rest;
}

describe.skipIf(!isPresent)("recorded files and batches", () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let gateway: TestGateway;
  let answer: Recorded | undefined;
  let first: unknown;

  beforeAll(async () => {
    upstream = await startUpstream(({ method, path }, response) => {
      const isWanted = answer !== undefined && method === answer.method && path === answer.path;
      if (!isWanted || answer === undefined) return json(response, 200, first);
      response.writeHead(answer.status, {
        "content-type":
          answer.path.endsWith("/content") || answer.path.endsWith("/results")
            ? "application/octet-stream"
            : "application/json",
      });
      response.end(answer.body);
    });
    const own = (model: string, api_base: string) => ({
      model_name: model,
      litellm_params: { model, api_key: "sk-x", api_base },
    });
    gateway = await startGateway(
      { model_list: [own("anthropic/*", upstream.url)] },
      { OPENAI_API_KEY: "sk-x", OPENAI_BASE_URL: `${upstream.url}/v1` },
    );
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  async function upload(id: string): Promise<string> {
    first = { id, object: "file", purpose: "batch" };
    const form = new FormData();
    form.append("purpose", "batch");
    form.append("file", new File(["{}"], "x.jsonl"));
    const headers = { authorization: `Bearer ${gateway.key}` };
    const response = await fetch(`${gateway.url}/openai/v1/files`, { method: "POST", headers, body: form });
    return ((await response.json()) as { id: string }).id;
  }

  it.each(batches)("openai/batch/$name", async (recorded) => {
    answer = undefined;
    const [, id = "", what = ""] = ABOUT.exec(recorded.path) ?? [];
    const { input_file_id: theirs } = JSON.parse(recorded.body) as { input_file_id: string };
    const file = await upload(theirs);
    first = { id, object: "batch", status: "validating", input_file_id: theirs };
    const body = { input_file_id: file, endpoint: "/v1/chat/completions", completion_window: "24h" };
    const made = (await (await gateway.call("/v1/batches", body)).json()) as { id: string };
    answer = recorded;
    const response = await gateway.call(`/v1/batches/${made.id}${what}`, recorded.method === "POST" ? {} : undefined);
    const text = await response.text();
    expect(response.status).toBe(recorded.status);
    expect(nameless(text)).toEqual(nameless(recorded.body));
    expect(JSON.parse(text)).toMatchObject({ id: made.id, input_file_id: file });
    expect(text).not.toContain(`"${id}"`);
    expect(text).not.toContain(`"${theirs}"`);
  });

  it.each(files)("openai/files/$name", async (recorded) => {
    answer = undefined;
    const [, id = "", what = ""] = ABOUT.exec(recorded.path) ?? [];
    const file = await upload(id);
    answer = recorded;
    const response = await gateway.call(`/v1/files/${file}${what}`);
    const text = await response.text();
    expect(response.status).toBe(recorded.status);
    if (what === "") expect(nameless(text)).toEqual(nameless(recorded.body));
    else expect(text).toBe(recorded.body);
  });

  it.each(messages)("anthropic/batch/$name", async (recorded) => {
    const request = recorded.request as { requests?: { params: { model: string } }[] } | null;
    answer = undefined;
    first = { id: "msgbatch_first", type: "message_batch" };
    if (recorded.path === "/v1/messages/batches" && recorded.method === "POST") {
      answer = recorded;
      const response = await gateway.call("/v1/messages/batches", request);
      expect(response.status).toBe(recorded.status);
      expect(nameless(await response.text())).toEqual(nameless(recorded.body));
      expect(upstream.received.at(-1)?.body).toEqual(request);
      return;
    }
    const [, id, what = ""] = ABOUT.exec(recorded.path) ?? [];
    if (id === undefined) return expect(recorded.path).toMatch(/^\/v1\/messages\/batches/); // a list is the gateway's own
    first = { id, type: "message_batch" };
    const requests = [{ custom_id: "a", params: { model: "anthropic/claude-haiku-4-5", max_tokens: 1, messages: [] } }];
    const made = (await (await gateway.call("/v1/messages/batches", { requests })).json()) as { id: string };
    answer = recorded;
    const response = await gateway.call(
      `/v1/messages/batches/${made.id}${what}`,
      recorded.method === "POST" ? {} : undefined,
    );
    const text = await response.text();
    expect(response.status).toBe(recorded.status);
    if (what === "/results") return expect(text).toBe(recorded.body);
    expect(nameless(text)).toEqual(nameless(recorded.body));
    expect(JSON.parse(text)).toMatchObject({ id: made.id });
  });
});
