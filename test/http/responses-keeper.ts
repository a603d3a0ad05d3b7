/** An upstream that keeps responses as OpenAI does: for each key its own. */
import type { ServerResponse } from "node:http";
import { json, type Received } from "./upstream.ts";

type Json = Record<string, unknown>;

export class ResponsesKeeper {
  readonly usage = {
    ...{ input_tokens: 20, input_tokens_details: { cached_tokens: 0 }, output_tokens: 10 },
    ...{ output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 30 },
  };
  /** By key and id. */
  readonly kept = new Map<string, Json>();
  #count = 0;

  answer(request: Received, response: ServerResponse): unknown {
    const { method, path, headers, body } = request;
    const key = String(headers.authorization).replace("Bearer ", "");
    const [, id = "", rest = ""] = /\/responses\/([^/?]+)(\/[^?]*)?/.exec(path) ?? [];
    if (path.endsWith("/responses/compact"))
      return json(response, 200, {
        ...{ id: "resp_compact", object: "response.compaction", created_at: 1 },
        output: [{ id: "cmp_1", type: "compaction", encrypted_content: `sealed-by-${key}` }],
        usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
      });
    if (path.endsWith("/responses/input_tokens"))
      return json(response, 200, { object: "response.input_tokens", input_tokens: 42 });
    if (method === "POST" && id === "") return this.#create(key, body, response);
    const found = this.kept.get(`${key} ${id}`);
    if (found === undefined)
      return json(response, 404, {
        error: {
          message: `Response with id '${id}' not found.`,
          type: "invalid_request_error",
          param: null,
          code: null,
        },
      });
    if (method === "DELETE") {
      this.kept.delete(`${key} ${id}`);
      return json(response, 200, { id, object: "response.deleted", deleted: true });
    }
    if (rest === "/cancel") found["status"] = "cancelled";
    if (rest === "/input_items")
      return json(response, 200, {
        ...{ object: "list", has_more: false, first_id: "msg_in", last_id: "msg_in" },
        data: [{ id: "msg_in", type: "message", role: "user", content: [{ type: "input_text", text: path }] }],
      });
    if (path.includes("stream=true")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const event = { type: "response.completed", sequence_number: 7, response: found };
      return response.end(`event: response.completed\ndata: ${JSON.stringify(event)}\n\n`);
    }
    if (found["status"] === "queued") found["status"] = "in_progress";
    else if (found["status"] === "in_progress") Object.assign(found, this.#answered(key, found));
    return json(response, 200, found);
  }

  #create(key: string, body: Json, response: ServerResponse): unknown {
    const refusal = this.#refusal(key, body);
    if (refusal !== undefined) return json(response, 400, { error: { type: "invalid_request_error", ...refusal } });
    this.#count += 1;
    const id = `resp_theirs${this.#count}`;
    const head = {
      ...{ id, object: "response", created_at: 1, model: body["model"], store: body["store"] ?? true },
      ...{ background: body["background"] ?? false, previous_response_id: body["previous_response_id"] ?? null },
      tools: body["tools"] ?? [],
    };
    const whole: Json = body["background"]
      ? { ...head, status: "queued", output: [], usage: null }
      : { ...head, ...this.#answered(key, head) };
    if (body["store"] !== false) this.kept.set(`${key} ${id}`, whole);
    if (body["stream"] !== true) return json(response, 200, whole);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const begun = JSON.stringify({ type: "response.queued", sequence_number: 0, response: whole });
    if (body["background"]) response.write(`event: response.queued\ndata: ${begun}\n\n`);
    if (body["instructions"] === "break off") return setTimeout(() => response.destroy(), 50);
    if (body["background"]) Object.assign(whole, this.#answered(key, head));
    const output = whole["output"] as Json[];
    const events: Json[] = [
      { type: "response.created", response: { ...head, status: "in_progress", output: [] } },
      ...output.flatMap((item, index) => [
        { type: "response.output_item.added", output_index: index, item: { ...item, status: "in_progress" } },
        { type: "response.output_item.done", output_index: index, item },
      ]),
      { type: "response.completed", response: whole },
    ];
    events.forEach((event, index) => {
      response.write(`event: ${event["type"]}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`);
    });
    return response.end();
  }

  /** As OpenAI says it. */
  #refusal(key: string, { previous_response_id: previous, input }: Json): Json | undefined {
    if (typeof previous === "string" && !this.kept.has(`${key} ${previous}`))
      return {
        code: "previous_response_not_found",
        message: `Previous response with id '${previous}' not found.`,
        param: "previous_response_id",
      };
    const items = Array.isArray(input) ? (input as Json[]) : [];
    const sealed = items.find(({ encrypted_content: content }) => content && content !== `sealed-by-${key}`);
    if (sealed !== undefined)
      return {
        code: "invalid_encrypted_content",
        message: `The encrypted content ${sealed["encrypted_content"]} could not be verified.`,
      };
    const unknown = items.find(({ type, id, encrypted_content: content }) => type === "reasoning" && id && !content);
    return unknown && { message: `Item with id '${unknown["id"]}' not found.`, param: "input" };
  }

  #answered(key: string, { tools }: Json): Json {
    const runsCode = JSON.stringify(tools).includes("code_interpreter");
    const code = {
      id: "ci_1",
      type: "code_interpreter_call",
      status: "completed",
      code: "1",
      container_id: `cntr_of_${key}`,
    };
    const output: Json[] = [
      { id: "rs_1", type: "reasoning", summary: [], encrypted_content: `sealed-by-${key}` },
      ...(runsCode ? [code] : []),
      {
        ...{ id: "msg_1", type: "message", status: "completed", role: "assistant" },
        content: [{ type: "output_text", text: `by ${key}`, annotations: [], logprobs: [] }],
      },
    ];
    return {
      status: "completed",
      output,
      usage: this.usage,
    };
  }
}
