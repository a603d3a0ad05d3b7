/** The library's functions about what providers keep, in Node and in workerd, with a fetch that records. */
import { describe, expect, it } from "vitest";
import * as sluice from "../../src/index.ts";
import { APIResponseValidationError, AuthenticationError, BadRequestError, NotFoundError } from "../../src/index.ts";

interface Asked {
  method: string;
  url: string;
  key: string | null;
  beta: string | null;
  type: string | null;
  body: unknown;
}

function recording(answer: () => Response = () => Response.json({ id: "x", object: "thing" })) {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input as string, init);
    const type = request.headers.get("content-type");
    const isForm = type?.startsWith("multipart/form-data") === true;
    const { method, url, headers } = request;
    const text = isForm ? "" : await request.clone().text();
    const body = isForm ? Object.fromEntries(await request.formData()) : text === "" ? undefined : JSON.parse(text);
    asked.push({ method, url, key: headers.get("authorization"), beta: headers.get("openai-beta"), type, body });
    return answer();
  };
  return {
    asked,
    options: { fetch, env: { OPENAI_API_KEY: "sk-o", GROQ_API_KEY: "sk-g", ANTHROPIC_API_KEY: "sk-a" } },
  };
}

type Options = ReturnType<typeof recording>["options"];

/** Function, and the call that OpenAI gets below its version. */
const ROWS: readonly [name: string, ask: (options: Options) => Promise<unknown>, call: string, body?: unknown][] = [
  ["retrieveFile", (options) => sluice.retrieveFile({ file_id: "file-1" }, options), "GET /files/file-1"],
  [
    "listFiles",
    (options) => sluice.listFiles({ purpose: "batch", limit: 5, order: "asc" }, options),
    "GET /files?purpose=batch&limit=5&order=asc",
  ],
  ["listFiles", (options) => sluice.listFiles({}, options), "GET /files"],
  ["deleteFile", (options) => sluice.deleteFile({ file_id: "file-1" }, options), "DELETE /files/file-1"],
  [
    "createBatch",
    (options) =>
      sluice.createBatch(
        { input_file_id: "f", endpoint: "/v1/embeddings", completion_window: "24h", metadata: { a: "b" } },
        options,
      ),
    "POST /batches",
    { input_file_id: "f", endpoint: "/v1/embeddings", completion_window: "24h", metadata: { a: "b" } },
  ],
  ["retrieveBatch", (options) => sluice.retrieveBatch({ batch_id: "batch_1" }, options), "GET /batches/batch_1"],
  [
    "listBatches",
    (options) => sluice.listBatches({ after: "batch_1", limit: 2 }, options),
    "GET /batches?after=batch_1&limit=2",
  ],
  [
    "cancelBatch",
    (options) => sluice.cancelBatch({ batch_id: "batch_1" }, options),
    "POST /batches/batch_1/cancel",
    {},
  ],
  [
    "createFineTuningJob",
    (options) => sluice.createFineTuningJob({ model: "gpt-4o-mini", training_file: "f", suffix: "mine" }, options),
    "POST /fine_tuning/jobs",
    { model: "gpt-4o-mini", training_file: "f", suffix: "mine" },
  ],
  [
    "retrieveFineTuningJob",
    (options) => sluice.retrieveFineTuningJob({ fine_tuning_job_id: "ftjob-1" }, options),
    "GET /fine_tuning/jobs/ftjob-1",
  ],
  [
    "listFineTuningJobs",
    (options) => sluice.listFineTuningJobs({ limit: 1 }, options),
    "GET /fine_tuning/jobs?limit=1",
  ],
  [
    "cancelFineTuningJob",
    (options) => sluice.cancelFineTuningJob({ fine_tuning_job_id: "ftjob-1" }, options),
    "POST /fine_tuning/jobs/ftjob-1/cancel",
    {},
  ],
  [
    "vectorStoreCreate",
    (options) => sluice.vectorStoreCreate({ name: "docs", file_ids: ["f"] }, options),
    "POST /vector_stores",
    { name: "docs", file_ids: ["f"] },
  ],
  [
    "vectorStoreSearch",
    (options) => sluice.vectorStoreSearch({ vector_store_id: "vs_1", query: "q", max_num_results: 3 }, options),
    "POST /vector_stores/vs_1/search",
    { query: "q", max_num_results: 3 },
  ],
  ["getResponses", (options) => sluice.getResponses({ response_id: "resp_1" }, options), "GET /responses/resp_1"],
  [
    "deleteResponses",
    (options) => sluice.deleteResponses({ response_id: "resp_1" }, options),
    "DELETE /responses/resp_1",
  ],
  [
    "cancelResponses",
    (options) => sluice.cancelResponses({ response_id: "resp_1" }, options),
    "POST /responses/resp_1/cancel",
    {},
  ],
  [
    "createAssistants",
    (options) => sluice.createAssistants({ model: "gpt-4o", name: "a" }, options),
    "POST /assistants",
    { model: "gpt-4o", name: "a" },
  ],
  ["getAssistants", (options) => sluice.getAssistants({ order: "desc" }, options), "GET /assistants?order=desc"],
  [
    "deleteAssistant",
    (options) => sluice.deleteAssistant({ assistant_id: "asst_1" }, options),
    "DELETE /assistants/asst_1",
  ],
  ["createThread", (options) => sluice.createThread({}, options), "POST /threads", {}],
  ["getThread", (options) => sluice.getThread({ thread_id: "thread_1" }, options), "GET /threads/thread_1"],
  [
    "addMessage",
    (options) => sluice.addMessage({ thread_id: "thread_1", role: "user", content: "Hi" }, options),
    "POST /threads/thread_1/messages",
    { role: "user", content: "Hi" },
  ],
  [
    "getMessages",
    (options) => sluice.getMessages({ thread_id: "thread_1", limit: 1 }, options),
    "GET /threads/thread_1/messages?limit=1",
  ],
  [
    "runThread",
    (options) => sluice.runThread({ thread_id: "thread_1", assistant_id: "asst_1" }, options),
    "POST /threads/thread_1/runs",
    { assistant_id: "asst_1" },
  ],
];

describe("what providers keep", () => {
  it.each(ROWS)("%s", async (_, ask, call, body) => {
    const { asked, options } = recording();
    expect(await ask(options)).toEqual({ id: "x", object: "thing" });
    const [method, path = ""] = call.split(" ");
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method, url: `https://api.openai.com/v1${path}`, key: "Bearer sk-o", body });
    const isAssistants = /\/(?:assistants|threads)/.test(path);
    expect(asked[0]?.beta).toBe(isAssistants ? "assistants=v2" : null);
  });

  it("createFile sends a form", async () => {
    const { asked, options } = recording();
    const file = new File(["{}"], "input.jsonl");
    await sluice.createFile(
      { file, purpose: "batch", expires_after: { anchor: "created_at", seconds: 3600 } },
      options,
    );
    expect(asked[0]?.url).toBe("https://api.openai.com/v1/files");
    const form = asked[0]?.body as Record<string, unknown>;
    expect(form).toMatchObject({
      purpose: "batch",
      "expires_after[anchor]": "created_at",
      "expires_after[seconds]": "3600",
    });
    expect([(form["file"] as File).name, await (form["file"] as File).text()]).toEqual(["input.jsonl", "{}"]);
  });

  it.each([
    ["application/octet-stream", '{"a": 1}\n{"a": 2}\n'],
    ["application/json", '{ "a":   1 }'],
  ])("fileContent gives the bytes of %s", async (type, content) => {
    const { options } = recording(() => new Response(content, { headers: { "content-type": type } }));
    const response = await sluice.fileContent({ file_id: "file-1" }, options);
    expect([response.headers.get("content-type"), await response.text()]).toEqual([type, content]);
  });

  it("is reached as the params say", async () => {
    const { asked, options } = recording();
    await sluice.retrieveFile({ file_id: "f", api_key: "mine", api_base: "https://proxy.example/v1" }, options);
    await sluice.retrieveFile({ file_id: "f", custom_llm_provider: "groq", extra_headers: { "X-A": "b" } }, options);
    await sluice.createThread({ extra_body: { more: 1 } }, options);
    expect(asked.map(({ url, key }) => [url, key])).toEqual([
      ["https://proxy.example/v1/files/f", "Bearer mine"],
      ["https://api.groq.com/openai/v1/files/f", "Bearer sk-g"],
      ["https://api.openai.com/v1/threads", "Bearer sk-o"],
    ]);
    expect(asked[2]?.body).toEqual({ more: 1 });
  });

  it("throws the library's classes", async () => {
    const refusing = (status: number, error: object) => recording(() => Response.json({ error }, { status })).options;
    const missing = sluice.retrieveFile({ file_id: "f" }, refusing(404, { message: "No such File", param: "id" }));
    await expect(missing).rejects.toBeInstanceOf(NotFoundError);
    await expect(missing).rejects.toMatchObject({
      message: "litellm.NotFoundError: OpenAIException - No such File",
      provider: "openai",
      param: "id",
    });
    const denied = sluice.listBatches({}, refusing(401, { message: "Incorrect API key provided" }));
    await expect(denied).rejects.toBeInstanceOf(AuthenticationError);
    const garbage = recording(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
    await expect(sluice.listFiles({}, garbage.options)).rejects.toBeInstanceOf(APIResponseValidationError);
  });

  it("asks nobody where something is missing", async () => {
    const { asked, options } = recording();
    await expect(sluice.retrieveFile({ file_id: "" }, options)).rejects.toBeInstanceOf(BadRequestError);
    await expect(sluice.retrieveFile({ file_id: "f" }, { ...options, env: {} })).rejects.toBeInstanceOf(
      AuthenticationError,
    );
    const none = sluice.retrieveFile({ file_id: "f", custom_llm_provider: "nobody" }, options);
    await expect(none).rejects.toBeInstanceOf(BadRequestError);
    expect(asked).toHaveLength(0);
  });

  it("leaves no place in the path to an id", async () => {
    const { asked, options } = recording();
    await sluice.retrieveFile({ file_id: "a/b?c#d" }, options);
    expect(asked[0]?.url).toBe("https://api.openai.com/v1/files/a%2Fb%3Fc%23d");
    await expect(sluice.retrieveFile({ file_id: ".." }, options)).rejects.toBeInstanceOf(BadRequestError);
    expect(asked).toHaveLength(1);
  });
});
