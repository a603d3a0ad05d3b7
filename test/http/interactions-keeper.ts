/** An upstream that keeps interactions as Google does: for each key its own. */
import type { ServerResponse } from "node:http";
import { json, type Received } from "./upstream.ts";

type Json = Record<string, unknown>;

export class InteractionsKeeper {
  readonly usage = {
    total_tokens: 45,
    total_input_tokens: 20,
    input_tokens_by_modality: [{ modality: "text", tokens: 20 }],
    total_cached_tokens: 0,
    total_output_tokens: 10,
    total_tool_use_tokens: 0,
    total_thought_tokens: 15,
  };
  /** By key and id. */
  readonly kept = new Map<string, Json>();
  /** Is what is made in the background never over? */
  hangs = false;
  #count = 0;

  answer(request: Received, response: ServerResponse): unknown {
    const { method, path, headers, body } = request;
    const key = String(headers["x-goog-api-key"]);
    const [, id = "", rest = ""] = /\/interactions\/([^/?]+)(\/[^?]*)?/.exec(path) ?? [];
    if (method === "POST" && id === "") return this.#create(key, body, response);
    const found = this.kept.get(`${key} ${id}`);
    if (found === undefined) return missing(response, id);
    if (method === "DELETE") {
      this.kept.delete(`${key} ${id}`);
      return json(response, 200, {});
    }
    if (rest === "/cancel") found["status"] = "cancelled";
    else if (found["status"] === "in_progress" && !this.hangs) this.#finish(found);
    if (path.includes("stream=true")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      return response.end(
        eventText({ event_type: "interaction.completed", event_id: "e9", interaction: found }) + DONE,
      );
    }
    return json(response, 200, found);
  }

  #create(key: string, body: Json, response: ServerResponse): unknown {
    const { model = body["agent"], previous_interaction_id: previous } = body;
    switch (model) {
      case "bad":
        return json(response, 400, {
          error: { message: "Missing key 'type' in input 'tools'.", code: "invalid_request" },
        });
      case "quota":
        return json(response, 429, { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED" } });
      case "down":
        return json(response, 503, { error: { code: 503, message: "down", status: "UNAVAILABLE" } });
      case "reset":
        return response.destroy();
      case "garbage":
        return response.writeHead(200, { "content-type": "application/json" }).end("<html>");
    }
    if (typeof previous === "string" && !this.kept.has(`${key} ${previous}`)) return missing(response, previous);
    const id = `v1_theirs${++this.#count}`;
    const isLater = body["background"] === true;
    const one: Json = {
      id,
      status: "in_progress",
      object: "interaction",
      created: "2026-06-01T00:00:00Z",
      updated: "2026-06-01T00:00:00Z",
      ...(body["agent"] === undefined ? { model } : { agent: model }),
      ...(typeof previous === "string" && { previous_interaction_id: previous }),
    };
    const { id: _, ...nameless } = one;
    const told = body["store"] === false ? nameless : one;
    if (body["store"] !== false) this.kept.set(`${key} ${id}`, one);
    if (!isLater) this.#finish(told);
    if (body["stream"] !== true) return json(response, 200, told);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const events = eventsOf(told);
    if (isLater) return response.end(events.slice(0, 2).join(""));
    if (model === "cut") return response.end(events.slice(0, 4).join(""));
    if (model === "cut-early") return response.end(events.slice(0, 2).join(""));
    if (model === "fails") {
      const error = { event_type: "error", error: { code: "unavailable", message: "overloaded" } };
      return response.end(events.slice(0, 4).join("") + eventText(error));
    }
    if (model === "slow") {
      response.write(events.slice(0, 3).join(""));
      const drip = setInterval(() => response.write(events[3]), 20);
      return response.on("close", () => clearInterval(drip));
    }
    response.end(events.join("") + DONE);
  }

  #finish(one: Json): void {
    const steps = [
      { type: "thought", signature: "c2lnbmVk" },
      { type: "model_output", content: [{ type: "text", text: "Hello" }] },
    ];
    Object.assign(one, { status: "completed", steps, usage: this.usage, service_tier: "standard" });
  }
}

function missing(response: ServerResponse, id: string): void {
  json(response, 404, { error: { message: `Interaction ${id} not found.`, code: "not_found" } });
}

export const DONE = "event: done\ndata: [DONE]\n\n";

function eventText(event: Json): string {
  return `event: ${event["event_type"]}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** The text of each event of its stream. */
export function eventsOf({ steps: _, usage, service_tier, ...rest }: Json): string[] {
  const begun = { ...rest, status: "in_progress" };
  const id = rest["id"];
  return [
    { event_type: "interaction.created", interaction: begun },
    { event_type: "interaction.status_update", ...(id !== undefined && { interaction_id: id }), status: "in_progress" },
    { event_type: "step.start", index: 0, step: { type: "model_output" } },
    { event_type: "step.delta", index: 0, delta: { type: "text", text: "Hel" } },
    { event_type: "step.delta", index: 0, delta: { type: "text", text: "lo" } },
    { event_type: "step.stop", index: 0 },
    { event_type: "interaction.completed", interaction: { ...rest, status: "completed", usage, service_tier } },
  ].map(eventText);
}
