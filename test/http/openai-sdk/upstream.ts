/** OpenAI for the table of the package's methods: its models, and what it keeps beside `openai-objects.ts`. */
import type { ServerResponse } from "node:http";
import { answerObjects } from "../openai-objects.ts";
import { ResponsesKeeper } from "../responses-keeper.ts";
import { json, type Received } from "../upstream.ts";

type Json = Record<string, unknown>;

let made = 0;
const idFor = (prefix: string) => `${prefix}up${String(++made).padStart(20, "0")}`;
const kept = new Map<string, Json>();
const responses = new ResponsesKeeper();

function keep(object: Json): Json {
  kept.set(String(object["id"]), object);
  return object;
}

const CREATED = { created_at: 1_700_000_000 };
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

/** What each create answers, by its path. */
const CREATES: Record<string, (body: Json) => Json> = {
  "/files": ({ purpose, file }) => ({
    id: idFor("file-"),
    object: "file",
    bytes: 4,
    ...CREATED,
    filename: file instanceof File ? file.name : "x",
    purpose,
    status: "processed",
  }),
  "/uploads": ({ filename, purpose, bytes }) => ({
    id: idFor("upload_"),
    object: "upload",
    ...CREATED,
    expires_at: CREATED.created_at + 3600,
    filename,
    purpose,
    bytes,
    status: "pending",
    file: null,
  }),
  "/conversations": ({ metadata, items }) => ({
    id: idFor("conv_"),
    object: "conversation",
    ...CREATED,
    metadata: metadata ?? {},
    seen: items ?? null,
  }),
  "/skills": ({ "files[]": files }) => ({
    id: idFor("skill_"),
    object: "skill",
    ...CREATED,
    name: [files]
      .flat()
      .map((file) => (file instanceof File ? file.name : "?"))
      .join(),
    description: "",
    default_version: "1",
    latest_version: "1",
  }),
  "/audio/voices": ({ name, consent }) => ({
    id: idFor("voice_"),
    object: "audio.voice",
    ...CREATED,
    name: kept.has(String(consent)) ? name : "without consent",
  }),
  "/audio/voice_consents": ({ name, language }) => ({
    id: idFor("cons_"),
    object: "audio.voice_consent",
    ...CREATED,
    name,
    language,
  }),
};

/** What models answer, by the path. */
const MODELS: Record<string, (body: Json) => Json> = {
  "/embeddings": ({ model, encoding_format: format }) => {
    const embedding =
      format === "base64" ? Buffer.from(new Float32Array([0.5, 1]).buffer).toString("base64") : [0.5, 1];
    return { object: "list", model, data: [{ object: "embedding", index: 0, embedding }], usage: USAGE };
  },
  "/completions": ({ model }) => ({
    id: "cmpl-up",
    object: "text_completion",
    created: 1,
    model,
    choices: [{ text: "once", index: 0, logprobs: null, finish_reason: "stop" }],
    usage: USAGE,
  }),
  "/moderations": ({ model }) => ({
    id: "modr-up",
    model,
    results: [{ flagged: false, categories: {}, category_scores: {}, category_applied_input_types: {} }],
  }),
  ...Object.fromEntries(
    ["generations", "edits", "variations"].map((what) => [
      `/images/${what}`,
      () => ({ created: 1, data: [{ b64_json: "aGk=" }] }),
    ]),
  ),
  "/audio/transcriptions": () => ({ text: "heard" }),
  "/audio/translations": () => ({ text: "translated" }),
  "/fine_tuning/alpha/graders/run": ({ grader }) => ({ reward: 1, metadata: { seen: grader }, sub_rewards: {} }),
  "/fine_tuning/alpha/graders/validate": ({ grader }) => ({ grader }),
  "/realtime/client_secrets": ({ session }) => ({ value: "ek_up", expires_at: soon(), session }),
  "/realtime/sessions": (body) => ({ id: "sess_1", ...body, client_secret: { value: "ek_up", expires_at: soon() } }),
  "/realtime/transcription_sessions": (body) => ({ ...body, client_secret: { value: "ek_up", expires_at: soon() } }),
};

const soon = () => Math.floor(Date.now() / 1000) + 600;

/** A chat completion, kept where it is asked for; a tool is called where there is one, until it has answered. */
function chat(body: Json): Json {
  const messages = body["messages"] as { role: string }[]; // the gateway lets no other through
  const callsTool = Array.isArray(body["tools"]) && messages.at(-1)?.role !== "tool";
  const call = { id: "call_1", type: "function", function: { name: "now", arguments: "{}" } };
  const content = body["response_format"] === undefined ? "Hello" : '{"city":"Paris"}';
  const message = callsTool
    ? { role: "assistant", content: null, tool_calls: [call] }
    : { role: "assistant", content, refusal: null };
  const completion = {
    id: idFor("chatcmpl-"),
    object: "chat.completion",
    created: 1_700_000_000,
    model: `${body["model"]}-2024`,
    choices: [{ index: 0, message, logprobs: null, finish_reason: callsTool ? "tool_calls" : "stop" }],
    usage: USAGE,
    metadata: body["metadata"] ?? null,
  };
  return body["store"] === true ? keep(completion) : completion;
}

function chatStream(response: ServerResponse, body: Json): void {
  const { id, created, model } = chat(body);
  const chunk = (delta: Json, finish_reason: string | null = null) => ({
    id,
    object: "chat.completion.chunk",
    created,
    model,
    choices: [{ index: 0, delta, finish_reason }],
  });
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const one of [chunk({ role: "assistant", content: "" }), chunk({ content: "Hello" }), chunk({}, "stop")])
    response.write(`data: ${JSON.stringify(one)}\n\n`);
  response.end("data: [DONE]\n\n");
}

const listOf = (data: Json[]) => ({
  object: "list",
  data,
  first_id: data[0]?.["id"] ?? null,
  last_id: data.at(-1)?.["id"] ?? null,
  has_more: false,
});

/** What is inside of something kept. */
function inside(parent: Json, what: string, rest: readonly string[], { method, body }: Received): Json | Uint8Array {
  const id = String(parent["id"]);
  switch (`${parent["object"]} ${what}`) {
    case "upload parts":
      return { id: idFor("part_"), object: "upload.part", ...CREATED, upload_id: id };
    case "upload complete": {
      const file = CREATES["/files"]?.({ purpose: parent["purpose"], file: new File([], String(parent["filename"])) });
      return keep({ ...parent, status: "completed", file: keep(file ?? {}), seen: body["part_ids"] });
    }
    case "upload cancel":
      return keep({ ...parent, status: "cancelled" });
    case "conversation items": {
      const item = { id: rest[0] ?? idFor("msg_"), type: "message", role: "user", status: "completed", content: [] };
      if (rest.length === 0) return listOf([{ ...item, seen: body["items"] ?? null }]);
      return method === "DELETE" ? parent : item;
    }
    case "chat.completion messages":
      return listOf([{ id: `${id}-0`, role: "user", content: "Hi" }]);
    case "skill versions": {
      const version = { id: "skillver_1", object: "skill.version", ...CREATED, skill_id: id, name: "n", version: "2" };
      if (rest.includes("content")) return new Uint8Array([80, 75]);
      if (method === "DELETE") return { ...version, object: "skill.version.deleted", deleted: true };
      return rest.length === 0 && method === "GET" ? listOf([version]) : version;
    }
    default: // content of files and skills
      return new Uint8Array([80, 75]);
  }
}

/** What a delete calls the object. */
const DELETED: Record<string, string> = { file: "file", "audio.voice_consent": "audio.voice_consent" };

export function answerOpenAi(request: Received, response: ServerResponse): unknown {
  const { body, method } = request;
  const path = (request.path.split("?")[0] ?? "").replace(/^\/v1/, "");
  if (path.startsWith("/responses")) return responses.answer(request, response);
  if (path === "/chat/completions" && method === "POST")
    return body["stream"] === true ? chatStream(response, body) : json(response, 200, chat(body));
  if (path === "/chat/completions")
    return json(response, 200, listOf([...kept.values()].filter(({ object }) => object === "chat.completion")));
  if (path === "/audio/speech") return bytes(response, new Uint8Array([1, 2, 3]));
  const answer = MODELS[path] ?? CREATES[path];
  if (answer !== undefined && method === "POST") {
    const said = answer(body);
    return json(response, 200, CREATES[path] === undefined ? said : keep(said));
  }
  if (path.startsWith("/models/") && method === "DELETE")
    return json(response, 200, { id: decodeURIComponent(path.slice(8)), object: "model", deleted: true });
  const parts = path.split("/").slice(1);
  const at = parts.findIndex((part, place) => place <= 2 && kept.has(part)); // deeper is what another object holds
  const object = kept.get(parts[at] ?? "");
  if (object === undefined) return answerObjects(request, response);
  const [what, ...rest] = parts.slice(at + 1);
  if (what !== undefined) {
    const found = inside(object, what, rest, request);
    return found instanceof Uint8Array ? bytes(response, found) : json(response, 200, found);
  }
  if (method === "DELETE") {
    kept.delete(String(object["id"]));
    const name = DELETED[String(object["object"])] ?? `${object["object"]}.deleted`;
    return json(response, 200, { id: object["id"], object: name, deleted: true });
  }
  return json(response, 200, method === "POST" ? keep({ ...object, ...body }) : object);
}

function bytes(response: ServerResponse, content: Uint8Array): void {
  response.writeHead(200, { "content-type": "application/octet-stream" });
  response.end(content);
}
