/**
 * What a stream of the Responses API must keep to: OpenAI's order and numbering of events, and what Codex's parser reads
 * of them (`codex-rs/codex-api/src/sse/responses.rs` and the items of `codex-rs/protocol`; facts, not code).
 */
import { isRecord, type JsonObject, stringsIn } from "../../../../src/formats/json.ts";

export interface ReadStream {
  events: JsonObject[];
  /** The response of the last event. */
  response: JsonObject;
  /** Rules that were broken. */
  broken: string[];
}

/** Event names of OpenAI's API that the gateway may write. */
const NAMES: ReadonlySet<string> = new Set(
  [
    ...["created", "in_progress", "queued", "completed", "incomplete", "failed"],
    ...["output_item.added", "output_item.done", "content_part.added", "content_part.done"],
    ...["output_text.delta", "output_text.done", "output_text.annotation.added", "refusal.delta", "refusal.done"],
    ...["reasoning_summary_part.added", "reasoning_summary_part.done"],
    ...["reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_text.delta", "reasoning_text.done"],
    ...["function_call_arguments.delta", "function_call_arguments.done"],
    ...["custom_tool_call_input.delta", "custom_tool_call_input.done"],
    ...["web_search_call.in_progress", "web_search_call.searching", "web_search_call.completed"],
    ...["image_generation_call.in_progress", "image_generation_call.generating", "image_generation_call.completed"],
  ].map((name) => `response.${name}`),
);

const TERMINAL = /^response\.(?:completed|incomplete|failed)$/;

/** Reads a stream as it came, and says which rules it broke. */
export function readStream(text: string): ReadStream {
  const broken: string[] = [];
  const events: JsonObject[] = [];
  for (const block of text.split("\n\n").filter((part) => part.trim() !== "" && !part.startsWith(":"))) {
    const name = /^event: (.*)$/m.exec(block)?.[1];
    const data: unknown = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null");
    if (!isRecord(data)) broken.push(`an event is no object: ${block.slice(0, 80)}`);
    else {
      if (data["type"] !== name) broken.push(`the event ${name} is named ${data["type"]}`);
      events.push(data);
    }
  }
  broken.push(...brokenRules(events));
  const last = events.at(-1)?.["response"];
  return { events, response: isRecord(last) ? last : {}, broken };
}

/** @param events of a whole stream */
export function brokenRules(events: readonly JsonObject[]): string[] {
  const broken: string[] = [];
  const types = events.map(({ type }) => String(type));
  if (events.some((event, index) => event["sequence_number"] !== index)) broken.push("sequence numbers have no gaps");
  if (types[0] !== "response.created" || types[1] !== "response.in_progress")
    broken.push(`it begins with ${types[0]}, ${types[1]}`);
  if (types.filter((type) => TERMINAL.test(type)).length !== 1 || !TERMINAL.test(types.at(-1) ?? ""))
    broken.push("exactly the last event ends the stream");
  broken.push(...types.filter((type) => !NAMES.has(type)).map((type) => `there is no event ${type}`));
  const items = new ItemRules();
  for (const event of events) items.read(event);
  const last = events.at(-1);
  broken.push(...items.broken, ...items.atEnd(last), ...endRules(last));
  return [...new Set(broken)];
}

/** What was said of each item so far. */
interface Known {
  id: unknown;
  type: unknown;
  isDone: boolean;
  /** Texts by what they are of and their place. */
  texts: Map<string, string>;
  parts: JsonObject[];
}

class ItemRules {
  readonly broken: string[] = [];
  readonly #items: Known[] = [];
  readonly #done: JsonObject[] = [];

  read(event: JsonObject): void {
    const { type, output_index: index, item, item_id: id } = event;
    if (index === undefined) return;
    if (typeof index !== "number") {
      this.#fail("output_index is a number");
      return;
    }
    if (type === "response.output_item.added") {
      if (index !== this.#items.length) this.#fail("output_index counts the items");
      if (!isRecord(item) || typeof item["id"] !== "string" || item["id"] === "") {
        this.#fail("an item has an id");
        return;
      }
      if (this.#items.some((known) => known.id === item["id"])) this.#fail("no two items have one id");
      this.#items.push({ id: item["id"], type: item["type"], isDone: false, texts: new Map(), parts: [] });
      return;
    }
    const known = this.#items[index];
    if (known === undefined) {
      this.#fail(`${type} of an item that has not begun`);
      return;
    }
    if (known.isDone) this.#fail(`${type} of an item that is done`);
    if (type === "response.output_item.done") {
      known.isDone = true;
      this.#done[index] = isRecord(item) ? item : {};
      this.#finish(known, this.#done[index] ?? {});
      return;
    }
    if (id !== known.id) this.#fail(`item_id of ${type} is that of its item`);
    this.#part(String(type), event, known);
  }

  #part(type: string, event: JsonObject, known: Known): void {
    const place = event["content_index"] ?? event["summary_index"] ?? 0;
    const [, what = "", step = ""] = /^response\.(.*)\.(added|delta|done)$/.exec(type) ?? [];
    if (what === "output_text" || what === "refusal") {
      if (event["content_index"] !== known.parts.length - 1)
        this.#fail(`content_index of ${type} is that of the open part`);
    }
    if (type === "response.content_part.added") {
      if (event["content_index"] !== known.parts.length) this.#fail("content_index counts the parts");
      known.parts.push(isRecord(event["part"]) ? event["part"] : {});
    }
    if (type === "response.reasoning_summary_part.added" && typeof event["summary_index"] !== "number")
      this.#fail("summary_index is a number");
    const key = `${what} ${place}`;
    if (step === "delta") {
      if (typeof event["delta"] !== "string") this.#fail("a delta is text");
      known.texts.set(key, (known.texts.get(key) ?? "") + event["delta"]);
    }
    if (step === "done" && what !== "content_part" && what !== "reasoning_summary_part") {
      const whole = event["text"] ?? event["refusal"] ?? event["arguments"] ?? event["input"];
      const joined = known.texts.get(key) ?? "";
      if (whole !== joined && !(joined === "" && whole === "{}")) this.#fail(`${type} says what its deltas said`);
    }
  }

  #finish(known: Known, item: JsonObject): void {
    if (item["id"] !== known.id || item["type"] !== known.type) this.#fail("an item keeps its id and type");
    for (const rule of codexRules(item)) this.#fail(rule);
    const texts = [...known.texts].filter(([key]) => key.startsWith("output_text")).map(([, text]) => text);
    const said = parts(item["content"]).flatMap(({ type, text }) => (type === "output_text" ? [text] : []));
    if (known.type === "message" && said.join("") !== texts.join("")) this.#fail("a message says what its deltas said");
  }

  atEnd(last: JsonObject | undefined): string[] {
    const output = isRecord(last?.["response"]) ? last["response"]["output"] : undefined;
    if (last?.["type"] === "response.failed") return [];
    const open = this.#items.filter(({ isDone }) => !isDone).map(({ type }) => `an item of type ${type} is never done`);
    return JSON.stringify(output) === JSON.stringify(this.#done)
      ? open
      : [...open, "the output is the items that were done"];
  }

  #fail(rule: string): void {
    this.broken.push(rule);
  }
}

function parts(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** An item that Codex cannot read it drops without a word. */
function codexRules(item: JsonObject): string[] {
  const isText = (...fields: string[]) =>
    fields.filter((field) => typeof item[field] !== "string").map((field) => `${item["type"]} has a text ${field}`);
  switch (item["type"]) {
    case "message":
      return parts(item["content"]).every(
        ({ type, text }) => type === "refusal" || (type === "output_text" && typeof text === "string"),
      )
        ? isText("role")
        : ["a message consists of texts"];
    case "reasoning":
      return Array.isArray(item["summary"]) &&
        parts(item["summary"]).every(({ type, text }) => type === "summary_text" && typeof text === "string")
        ? isText("id")
        : ["reasoning has a summary"];
    case "function_call":
      return isText("name", "arguments", "call_id");
    case "custom_tool_call":
      return isText("name", "input", "call_id");
    case "local_shell_call": {
      const action = isRecord(item["action"]) ? item["action"] : {};
      const isExec =
        action["type"] === "exec" &&
        Array.isArray(action["command"]) &&
        stringsIn(action["command"]).length === action["command"].length;
      return isExec ? isText("status") : ["a shell's action is a command"];
    }
    case "web_search_call":
      return isRecord(item["action"]) && typeof item["action"]["type"] === "string"
        ? isText("status")
        : ["a search has an action"];
    default:
      return [];
  }
}

function endRules(last: JsonObject | undefined): string[] {
  const response = isRecord(last?.["response"]) ? last["response"] : undefined;
  if (response === undefined) return ["the last event has the response"];
  const broken: string[] = [];
  if (typeof response["id"] !== "string" || response["id"] === "") broken.push("a response has an id");
  if (response["object"] !== "response") broken.push("a response is a response");
  if (`response.${response["status"]}` !== last?.["type"]) broken.push("the status is that of the last event");
  if (last?.["type"] === "response.failed") {
    const { code, message } = isRecord(response["error"]) ? response["error"] : {};
    if (typeof code !== "string" || typeof message !== "string") broken.push("a failure has code and message");
  }
  const usage = response["usage"];
  if (usage === null || usage === undefined) return broken;
  if (!isRecord(usage)) return [...broken, "usage is an object"];
  const counts = [
    usage["input_tokens"],
    usage["output_tokens"],
    usage["total_tokens"],
    isRecord(usage["input_tokens_details"]) ? usage["input_tokens_details"]["cached_tokens"] : undefined,
    isRecord(usage["output_tokens_details"]) ? usage["output_tokens_details"]["reasoning_tokens"] : undefined,
  ];
  return counts.every((count) => Number.isInteger(count)) ? broken : [...broken, "usage counts in whole numbers"];
}
