import { afterEach, describe, expect, it, vi } from "vitest";
import { ResponsesSocket, type SocketPorts } from "../../../src/call/responses-socket/session.ts";
import { BadRequestError, InternalServerError, SluiceError } from "../../../src/formats/errors.ts";
import type { JsonObject } from "../../../src/formats/json.ts";
import { warmUpEvents } from "../../../src/formats/openai/responses/socket-events.ts";

class FakeSocket {
  binaryType = "blob";
  sent: JsonObject[] = [];
  closed: { code: number | undefined } | undefined;
  #listeners: Record<string, ((event: object) => void)[]> = {};

  accept(): void {}
  send(text: string): void {
    if (this.closed !== undefined) throw new Error("closed");
    this.sent.push(JSON.parse(text));
  }
  close(code?: number): void {
    this.closed = { code };
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    const listeners = this.#listeners[type] ?? [];
    this.#listeners[type] = [...listeners, listener as (event: object) => void]; // what `emit` gives
  }
  emit(type: string, event: object): void {
    for (const listener of this.#listeners[type] ?? []) listener(event);
  }
  say(message: unknown): void {
    this.emit("message", {
      data: typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message),
    });
  }
  async told(count: number): Promise<JsonObject[]> {
    await vi.waitFor(() => expect(this.sent.length).toBeGreaterThanOrEqual(count));
    return this.sent;
  }
}

const answered = (id: string, text: string) => [
  { type: "response.created", sequence_number: 0, response: { id, object: "response", output: [], store: false } },
  { type: "response.output_text.delta", sequence_number: 1, delta: text },
  {
    type: "response.completed",
    sequence_number: 2,
    response: { id, object: "response", store: false, output: [{ type: "message", role: "assistant", content: text }] },
  },
];

const stream = (events: readonly object[]) =>
  new Response(events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join(""), {
    headers: { "content-type": "text/event-stream" },
  });

function start(ports: Partial<SocketPorts> = {}) {
  const client = new FakeSocket();
  const asked: JsonObject[] = [];
  const socket = new ResponsesSocket({
    answer: async (body, signal) => {
      asked.push(body);
      return ports.answer?.(body, signal) ?? stream(answered(`resp_${asked.length}`, "Hello"));
    },
    warmUp: async (body) => {
      if (ports.warmUp !== undefined) return ports.warmUp(body);
      return warmUpEvents({ model: "m" }, "resp_warm", 0);
    },
    toError: (cause) => (cause instanceof SluiceError ? cause : new InternalServerError("It failed.")),
    largestMessage: 1000,
    ...(ports.lifetime !== undefined && { lifetime: ports.lifetime }),
  });
  socket.start(client as unknown as WebSocket); // the parts that are used
  return { client, asked };
}

const create = (fields: object = {}) => ({ type: "response.create", model: "m", input: "Hi", ...fields });

afterEach(() => {
  vi.useRealTimers();
});

describe("a connection to the Responses API", () => {
  it("stops an answer that comes when its client has left", async () => {
    const begun = Promise.withResolvers<void>();
    const stopped = vi.fn();
    const { client } = start({
      async answer(_, signal) {
        begun.resolve();
        await new Promise((left) => signal.addEventListener("abort", left, { once: true }));
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new TextEncoder().encode("data: {}\n\n")),
          cancel: stopped,
        });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      },
    });
    client.say(create());
    await begun.promise;
    client.emit("close", {});
    await vi.waitFor(() => expect(stopped).toHaveBeenCalled());
  });

  it("tells each event of the stream as a message, untouched", async () => {
    const { client, asked } = start();
    client.say(create({ store: false }));
    expect(await client.told(3)).toEqual(answered("resp_1", "Hello"));
    expect(asked).toEqual([{ model: "m", input: "Hi", store: false, stream: true }]);
  });

  it("goes on from what nobody keeps, and says from what", async () => {
    const { client, asked } = start();
    client.say(create({ store: false }));
    await client.told(3);
    client.say(create({ store: false, previous_response_id: "resp_1", input: "And?" }));
    const told = await client.told(6);
    expect(asked[1]).toEqual({
      model: "m",
      store: false,
      stream: true,
      input: [
        { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
        { type: "message", role: "assistant", content: "Hello" },
        { type: "message", role: "user", content: [{ type: "input_text", text: "And?" }] },
      ],
    });
    expect(told[5]).toMatchObject({ response: { id: "resp_2", previous_response_id: "resp_1" } });
  });

  it("leaves what others keep to them", async () => {
    const kept = answered("resp_kept", "Hello").map((event) =>
      "response" in event ? { ...event, response: { ...event.response, store: true } } : event,
    );
    const { client, asked } = start({ answer: async () => stream(kept) });
    client.say(create());
    await client.told(3);
    client.say(create({ previous_response_id: "resp_kept" }));
    await client.told(6);
    expect(asked[1]).toMatchObject({ previous_response_id: "resp_kept", input: "Hi" });
  });

  it("makes a request ready without asking anybody", async () => {
    const { client, asked } = start();
    client.say(create({ generate: false, input: "Rules" }));
    expect((await client.told(2))[1]).toMatchObject({ type: "response.completed", response: { id: "resp_warm" } });
    expect(asked).toEqual([]);
    client.say(create({ previous_response_id: "resp_warm" }));
    await client.told(5);
    expect(asked[0]).toMatchObject({ input: [{ content: [{ text: "Rules" }] }, { content: [{ text: "Hi" }] }] });
    expect(asked[0]).not.toHaveProperty("previous_response_id");
  });

  it("makes one response after the other, and those of other lanes beside", async () => {
    const open: Record<string, () => void> = {};
    const { client, asked } = start({
      answer: async ({ input }) => {
        await new Promise<void>((done) => {
          open[String(input)] = done;
        });
        return stream(answered(`resp_${input}`, String(input)));
      },
    });
    client.say(create({ input: "one" }));
    client.say(create({ input: "two" }));
    client.say(create({ input: "aside", stream_id: "b" }));
    await vi.waitFor(() => expect(asked.map(({ input }) => input)).toEqual(["one", "aside"]));
    open["aside"]?.();
    for (const event of await client.told(3)) expect(event["stream_id"]).toBe("b");
    open["one"]?.();
    await vi.waitFor(() => expect(asked.map(({ input }) => input)).toEqual(["one", "aside", "two"]));
    open["two"]?.();
    const told = await client.told(9);
    expect(told.slice(3).every((event) => !("stream_id" in event))).toBe(true);
  });

  it("says in-band what is wrong, and stays", async () => {
    const { client } = start();
    for (const message of ["{", "[1]", new ArrayBuffer(8), { type: "response.cancel" }, create({ background: true })])
      client.say(message);
    client.say("x".repeat(2000));
    const told = await client.told(6);
    expect(told.map(({ type, status }) => [type, status])).toEqual([
      ["error", 400],
      ["error", 400],
      ["error", 400],
      ["error", 400],
      ["error", 400],
      ["error", 413],
    ]);
    client.say({ type: "response.processed", response_id: "resp_1" });
    client.say({ type: "response.steer", previous_response_id: "resp_1", input: "Stop" });
    expect((await client.told(7))[6]).toMatchObject({ type: "response.steer.failed" });
    client.say(create());
    expect((await client.told(10))[9]).toMatchObject({ type: "response.completed" });
    expect(client.closed).toBeUndefined();
  });

  it("tells refusals with their status, and what is thrown as an error", async () => {
    const replies = [
      async () =>
        Response.json(
          { error: { message: "Slow.", type: "tokens", code: "429" } },
          { status: 429, headers: { "retry-after": "3" } },
        ),
      async () => Promise.reject(new BadRequestError("No such thing.", { param: "previous_response_id" })),
      async () => Promise.reject(new TypeError("a fault")),
      async () => Response.json({ id: "no stream" }),
      async () => new Response("<html>", { status: 502 }),
    ];
    const { client } = start({ answer: () => (replies.shift() ?? (async () => stream([])))() });
    for (let index = 0; index < 5; index++) client.say(create());
    const told = await client.told(5);
    expect(told[0]).toMatchObject({ status: 429, error: { message: "Slow." }, headers: { "retry-after": "3" } });
    expect(told[1]).toMatchObject({ status: 400, error: { param: "previous_response_id" } });
    expect(told[2]).toMatchObject({ status: 500, error: { message: "It failed." } });
    expect(told[3]).toMatchObject({ type: "error", status: 500 });
    expect(told[4]).toMatchObject({ type: "error", status: 502 });
  });

  it("takes only so many at once", async () => {
    const { client } = start({ answer: () => new Promise(() => {}) });
    for (let index = 0; index < 40; index++) client.say(create());
    const told = await client.told(8);
    expect(told.map(({ status }) => status)).toEqual(Array(8).fill(429));
  });

  it("stops what is under way when the client leaves", async () => {
    let stopped: AbortSignal | undefined;
    const cancelled = vi.fn();
    const { client, asked } = start({
      answer: async (_, signal) => {
        stopped = signal;
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode(`data: {"type":"response.created"}\n\n`)),
          cancel: cancelled,
        });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      },
    });
    client.say(create());
    client.say(create({ input: "waits" }));
    await client.told(1);
    client.emit("close", { code: 1006 });
    expect(stopped?.aborted).toBe(true);
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalled());
    expect(asked).toHaveLength(1);
  });

  it("ends after its time, once what was begun is told", async () => {
    let finish = () => {};
    const { client } = start({
      lifetime: 20,
      answer: async () => {
        await new Promise<void>((done) => {
          finish = done;
        });
        return stream(answered("resp_1", "Hello"));
      },
    });
    client.say(create());
    await new Promise((next) => setTimeout(next, 60));
    expect(client.closed).toBeUndefined();
    client.say(create());
    expect((await client.told(1))[0]).toMatchObject({ error: { code: "websocket_connection_limit_reached" } });
    finish();
    await vi.waitFor(() => expect(client.closed).toEqual({ code: 1000 }));
    expect(client.sent.map(({ type }) => type)).toEqual([
      "error",
      "response.created",
      "response.output_text.delta",
      "response.completed",
      "error",
    ]);
  });
});
