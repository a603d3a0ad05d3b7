/** OpenAI, as far as it keeps objects: what was made is there until it is deleted, under ids only it knows. */
import type { ServerResponse } from "node:http";
import { json, type Received } from "./upstream.ts";

type Json = Record<string, unknown>;

let made = 0;
const idFor = (prefix: string) => `${prefix}up${String(++made).padStart(24, "0")}`;

const objects = new Map<string, Json>();

function keep(object: Json): Json {
  objects.set(String(object["id"]), object);
  return object;
}

const notFound = (response: ServerResponse, id: string) =>
  json(response, 404, {
    error: { message: `No object found with id '${id}'.`, type: "invalid_request_error", param: null, code: null },
  });

const listOf = (data: Json[]) => ({
  object: "list",
  data,
  first_id: data[0]?.["id"] ?? null,
  last_id: data.at(-1)?.["id"] ?? null,
  has_more: false,
});

/** The file that the messages name, as a citation of it. */
function fileNamed(body: Json): Json {
  const [, id = ""] = /"file_id":"([^"]+)"/.exec(JSON.stringify(body)) ?? [];
  return { file_id: id };
}

/** What a create answers, by the path. */
function created(path: string, body: Json): Json | undefined {
  const at = { created_at: 1_700_000_000 };
  switch (path) {
    case "/vector_stores":
      return {
        id: idFor("vs_"),
        object: "vector_store",
        ...at,
        status: "completed",
        name: body["name"] ?? null,
        metadata: body["metadata"] ?? {},
      };
    case "/assistants":
      return {
        id: idFor("asst_"),
        object: "assistant",
        ...at,
        model: body["model"],
        tools: body["tools"] ?? [],
        tool_resources: body["tool_resources"] ?? {},
        metadata: {},
      };
    case "/threads":
      return {
        id: idFor("thread_"),
        object: "thread",
        ...at,
        metadata: {},
        tool_resources: body["tool_resources"] ?? {},
      };
    case "/containers":
      return { id: idFor("cntr_"), object: "container", ...at, status: "running", name: body["name"] };
    case "/evals":
      return {
        id: idFor("eval_"),
        object: "eval",
        ...at,
        name: body["name"],
        data_source_config: body["data_source_config"],
        testing_criteria: body["testing_criteria"],
        metadata: {},
      };
    case "/videos":
      return {
        id: idFor("video_"),
        object: "video",
        ...at,
        status: "queued",
        model: body["model"],
        progress: 0,
        seconds: body["seconds"] ?? "4",
        size: body["size"] ?? "720x1280",
        remixed_from_video_id: null,
      };
    case "/fine_tuning/jobs":
      return {
        object: "fine_tuning.job",
        id: idFor("ftjob-"),
        model: `${body["model"]}-2024`,
        ...at,
        status: "queued",
        fine_tuned_model: null,
        training_file: body["training_file"],
        validation_file: body["validation_file"] ?? null,
        result_files: [],
        hyperparameters: { learning_rate_multiplier: 2.0 },
      };
    default:
      return undefined;
  }
}

const run = (thread: string, body: Json): Json => ({
  id: idFor("run_"),
  object: "thread.run",
  assistant_id: body["assistant_id"],
  thread_id: thread,
  status: (body["metadata"] as Json | undefined)?.["status"] ?? "queued",
  model: body["model"] ?? "gpt-4o-up",
  usage: null,
});

/** Cut into pieces of any length, so that no event comes whole. */
async function stream(response: ServerResponse, events: [string, unknown][]) {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  const text = events.map(
    ([event, data]) => `event: ${event}\ndata: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`,
  );
  const all = text.join("");
  for (let at = 0; at < all.length; at += 97) {
    response.write(all.slice(at, at + 97));
    await new Promise((next) => setTimeout(next, 1));
  }
  response.end();
}

function runEvents(one: Json): [string, unknown][] {
  const message = {
    id: idFor("msg_"),
    object: "thread.message",
    thread_id: one["thread_id"],
    assistant_id: one["assistant_id"],
    run_id: one["id"],
    role: "assistant",
  };
  const image = { type: "image_file", index: 0, image_file: { file_id: idFor("file-") } };
  return [
    ["thread.run.created", one],
    ["thread.message.created", { ...message, content: [] }],
    [
      "thread.message.delta",
      {
        id: message.id,
        object: "thread.message.delta",
        delta: { content: [{ index: 0, type: "text", text: { value: "Hi" } }] },
      },
    ],
    [
      "thread.message.completed",
      { ...message, content: [image, { type: "text", text: { value: "Hi", annotations: [] } }] },
    ],
    [
      "thread.run.completed",
      { ...one, status: "completed", usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } },
    ],
    ["done", "[DONE]"],
  ];
}

/** Endpoints inside of an object. */
function inside(request: Received, response: ServerResponse, parent: Json, rest: string[], body: Json): unknown {
  const [what, id, more] = rest;
  const key = (name: string) => `${parent["id"]}/${name}`;
  const all = () => (objects.get(key(what ?? ""))?.["data"] as Json[] | undefined) ?? [];
  const add = (item: Json) => {
    objects.set(key(what ?? ""), { data: [...all(), item] });
    return json(response, 200, item);
  };
  if (what === "search")
    return json(response, 200, {
      object: "vector_store.search_results.page",
      search_query: [body["query"]],
      data:
        all().length > 0
          ? []
          : ((objects.get(key("files"))?.["data"] as Json[]) ?? []).map((file) => ({
              file_id: file["id"],
              filename: "a.txt",
              score: 0.5,
              attributes: {},
              content: [{ type: "text", text: "found" }],
            })),
      has_more: false,
      next_page: null,
    });
  if (what === "content") {
    response.writeHead(200, { "content-type": "video/mp4" });
    return response.end(Buffer.from([0, 1, 2, 255]));
  }
  if (what === "remix")
    return json(
      response,
      200,
      keep({
        ...created("/videos", { model: parent["model"], seconds: parent["seconds"] }),
        remixed_from_video_id: parent["id"],
      }),
    );
  if (what === "cancel") {
    const model = parent["object"] === "fine_tuning.job" && { fine_tuned_model: `ft:gpt:${parent["id"]}` };
    return json(response, 200, keep({ ...parent, status: "cancelled", ...model }));
  }
  if (what === "events")
    return json(response, 200, listOf([{ object: "fine_tuning.job.event", id: "ftevent-1", message: "queued" }]));
  if (what === "checkpoints")
    return json(
      response,
      200,
      listOf([{ object: "fine_tuning.job.checkpoint", id: "ftckpt_1", fine_tuning_job_id: parent["id"] }]),
    );
  if (what === "runs" && id === undefined && request.method === "POST") {
    if (parent["object"] === "eval")
      return add({
        id: idFor("evalrun_"),
        object: "eval.run",
        eval_id: parent["id"],
        status: "queued",
        data_source: body["data_source"],
      });
    const one = run(String(parent["id"]), body);
    if (body["stream"]) return stream(response, runEvents(one));
    return add(one);
  }
  if (request.method === "POST" && id === undefined) {
    if (parent["object"] === "vector_store" && what === "files")
      return add({
        id: body["file_id"],
        object: "vector_store.file",
        vector_store_id: parent["id"],
        status: "completed",
        attributes: body["attributes"] ?? {},
      });
    if (what === "file_batches")
      return add({
        id: idFor("vsfb_"),
        object: "vector_store.file_batch",
        vector_store_id: parent["id"],
        status: "completed",
        of: body["file_ids"],
      });
    if (what === "messages")
      return add({
        id: idFor("msg_"),
        object: "thread.message",
        thread_id: parent["id"],
        role: body["role"],
        content: [{ type: "text", text: { value: body["content"], annotations: [] } }],
        attachments: body["attachments"] ?? [],
      });
    if (parent["object"] === "container" && what === "files") {
      const { file } = body;
      return add({
        id: idFor("cfile_"),
        object: "container.file",
        container_id: parent["id"],
        source: "user",
        path: file instanceof File ? `/mnt/data/${file.name}` : "/mnt/data/x",
        bytes: file instanceof File ? file.size : 0,
      });
    }
  }
  if (id === undefined) return json(response, 200, listOf(all()));
  const item = all().find((one) => one["id"] === id);
  if (item === undefined) return notFound(response, id);
  if (more === "files")
    return json(
      response,
      200,
      listOf(
        (item["of"] as string[]).map((file) => ({
          id: file,
          object: "vector_store.file",
          vector_store_id: parent["id"],
          status: "completed",
        })),
      ),
    );
  if (more === "submit_tool_outputs" && body["stream"]) return stream(response, runEvents(item));
  if (more === "steps" || more === "output_items") {
    const one = { id: rest[3] ?? "step_1", object: more === "steps" ? "thread.run.step" : "eval.run.output_item" };
    return json(response, 200, rest[3] === undefined ? listOf([one]) : one);
  }
  if (more === "content" && parent["object"] === "vector_store")
    return json(response, 200, { object: "vector_store.file_content.page", data: [{ type: "text", text: "found" }] });
  if (more === "content") {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    return response.end("bytes");
  }
  if (request.method === "DELETE")
    return json(response, 200, { id, object: `${item["object"]}.deleted`, deleted: true });
  return json(response, 200, item);
}

export function answerObjects(request: Received, response: ServerResponse): unknown {
  const { body } = request;
  const path = (request.path.split("?")[0] ?? "").replace(/^\/v1/, "");
  if (body["name"] === "refused")
    return json(response, 400, {
      error: { message: "That name is taken", type: "invalid_request_error", param: "name", code: "taken" },
    });
  if (body["name"] === "down")
    return json(response, 503, { error: { message: "The server is overloaded", type: "server_error" } });
  if (request.method === "POST" && path === "/threads/runs") {
    const thread = keep(created("/threads", {}) ?? {});
    const one = run(String(thread["id"]), body);
    objects.set(`${thread["id"]}/runs`, { data: [one] });
    return body["stream"] ? stream(response, runEvents(one)) : json(response, 200, one);
  }
  if (path === "/videos/characters")
    return json(response, 200, keep({ id: idFor("char_"), created_at: 1, name: body["name"] }));
  if (path === "/videos/edits" || path === "/videos/extensions") {
    const source = objects.get(String((body["video"] as Json | undefined)?.["id"] ?? body["video[id]"]));
    if (source === undefined) return notFound(response, "video");
    return json(
      response,
      200,
      keep(created("/videos", { ...source, seconds: body["seconds"] ?? source["seconds"] }) ?? {}),
    );
  }
  if (path.endsWith("/chat/completions"))
    return json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: body["model"],
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "read", annotations: [{ type: "file", file: fileNamed(body) }] },
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  const made = request.method === "POST" ? created(path, body) : undefined;
  if (made !== undefined) return json(response, 200, keep(made));
  const names = [...objects.values()].filter((one) => created(path, {})?.["object"] === one["object"]);
  if (created(path, {}) !== undefined) return json(response, 200, listOf(names));
  const [, ...parts] = path.split("/");
  const [id = "", ...rest] = parts.slice(parts[0] === "fine_tuning" || parts[1] === "characters" ? 2 : 1);
  const object = objects.get(decodeURIComponent(id));
  if (object === undefined) return notFound(response, id);
  if (rest.length > 0) return inside(request, response, object, rest, body);
  if (request.method === "DELETE") {
    objects.delete(id);
    return json(response, 200, { id, object: `${object["object"]}.deleted`, deleted: true });
  }
  if (request.method === "POST") return json(response, 200, keep({ ...object, ...body }));
  return json(response, 200, object);
}

/** The object as the provider has it: to change it behind the gateway's back. */
export function atProvider(id: string): Json | undefined {
  return objects.get(id);
}
