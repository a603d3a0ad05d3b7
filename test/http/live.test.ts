/** Google's Live API in Google's own messages, at the running gateway. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { connect, type Event, Refused, type ServerSession, type SocketServer, startSocketServer } from "./sockets.ts";
import { until } from "./upstream.ts";
import { serviceAccount, startVertex, TOKEN } from "./vertex-upstream.ts";

let google: SocketServer;
let vertex: Awaited<ReturnType<typeof startVertex>>;
let gateway: TestGateway;
/** Where the sessions of this test begin. */
let first = 0;

const bytes = (message: object) => Buffer.from(JSON.stringify(message)); // Google sends its JSON in binary frames
const USED = { promptTokenCount: 100, responseTokenCount: 10, totalTokenCount: 110 };
const MODEL = "projects/somebody/locations/us-east5/publishers/google/models/gemini-live-2.5-flash";

/** Dollars of a turn of `USED`. */
const TURN = 100 * 0.000_01 + 10 * 0.000_1;

/** The model answers each turn that is complete, and whatever is said in real time. */
function answer(message: Record<string, unknown>, session: ServerSession): void {
  const said = JSON.stringify(message);
  if (message["setup"] !== undefined) session.send(bytes({ setupComplete: {} }));
  if (said.includes("call a function")) {
    session.send(bytes({ toolCall: { functionCalls: [{ id: "1", name: "f", args: {} }] }, usageMetadata: USED }));
    return;
  }
  if (said.includes("late")) {
    session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "Late" }] } } }));
    session.send(bytes({ serverContent: { turnComplete: true } }));
    session.send(bytes({ usageMetadata: USED }));
    return;
  }
  if (said.includes("forever")) {
    session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "On and" }] } } }));
    return;
  }
  if (said.includes("silence")) return;
  if (said.includes("break")) {
    session.close(1011, "Internal error");
    return;
  }
  const isTurn = said.includes('"turnComplete":true') || said.includes('"turn_complete":true');
  if (!isTurn && !said.includes("speech") && message["toolResponse"] === undefined) return;
  session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "Grü" }] } } }));
  session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "ezi" }] } } }));
  session.send(bytes({ serverContent: { turnComplete: true }, usageMetadata: USED }));
}

beforeAll(async () => {
  google = await startSocketServer(answer as (event: Event, session: ServerSession) => void);
  vertex = await startVertex();
  const prices = { input_cost_per_token: 0.000_01, output_cost_per_token: 0.000_1 };
  const info = { max_input_tokens: 100_000, max_output_tokens: 1000 };
  gateway = await startGateway({
    model_list: [
      {
        model_name: "vertex-live",
        litellm_params: {
          model: "vertex_ai/gemini-live-2.5-flash",
          api_base: google.url,
          vertex_location: "europe-west4",
          vertex_credentials: await serviceAccount(vertex.tokens),
          use_in_pass_through: true,
          ...prices,
        },
        model_info: info,
      },
      {
        model_name: "voice",
        litellm_params: {
          model: "vertex_ai/gemini-live-native",
          api_base: google.url,
          vertex_location: "us-west1",
          vertex_credentials: await serviceAccount(vertex.tokens),
          ...prices,
        },
        model_info: info,
      },
      {
        model_name: "live",
        litellm_params: {
          model: "gemini/gemini-live",
          api_key: "google-key",
          api_base: google.url,
          use_in_pass_through: true,
          ...prices,
        },
        model_info: info,
      },
    ],
    environment_variables: { SLUICE_GOOGLE_TOKEN_ORIGINS: vertex.tokens },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await google?.close();
  await vertex?.close();
});

beforeEach(() => {
  first = google.sessions.length;
});

interface Fields {
  key: string;
  token: string;
}

async function makeKey(fields: object = {}): Promise<Fields> {
  return (await (await gateway.call("/key/generate", fields)).json()) as Fields;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const open = (key: string, path = "/vertex_ai/live") => connect(`${gateway.url}${path}`, bearer(key));
type Session = Awaited<ReturnType<typeof open>>;
const frame = (message: object) => JSON.stringify(message);
const say = (text: string, more: object = { turnComplete: true }) =>
  frame({ clientContent: { turns: [{ role: "user", parts: [{ text }] }], ...more } });
const heard = ({ binary }: Session) => binary.map((one) => JSON.parse(one.toString()) as Record<string, unknown>);
const isOver = (session: Session, turns = 1) =>
  heard(session).filter((message) => JSON.stringify(message).includes('"turnComplete":true')).length >= turns;

interface Row {
  call_type: string;
  status: string;
  spend: number;
  total_tokens: number;
  model: string;
  estimated: boolean;
}

/** Rows of the key, once there are as many. */
async function rowsOf({ token }: Fields, count: number): Promise<Row[]> {
  for (let waited = 0; ; waited++) {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as Row[];
    if (rows.length >= count || waited > 200) return rows;
    await new Promise((next) => setTimeout(next, 50));
  }
}

describe("a session in Google's own messages", () => {
  it("passes them as they are, by the gateway's sign-in and project, and pays for each turn", async () => {
    const key = await makeKey({ max_budget: 10 });
    const session = await open(key.key);
    const setup = { model: MODEL, generationConfig: { responseModalities: ["TEXT"], temperature: 0.5 }, own: [1] };
    session.send(frame({ setup }));
    await until(() => heard(session).length > 0);
    expect(heard(session)[0]).toEqual({ setupComplete: {} });
    const said = `{"clientContent":  {"turns":[{"role":"user","parts":[{"text":"Hi"}]}], "turnComplete":true}}`;
    session.send(said);
    await until(() => isOver(session));
    expect(heard(session).slice(1)).toEqual([
      { serverContent: { modelTurn: { parts: [{ text: "Grü" }] } } },
      { serverContent: { modelTurn: { parts: [{ text: "ezi" }] } } },
      { serverContent: { turnComplete: true }, usageMetadata: USED },
    ]);
    session.send(say("Again"));
    await until(() => isOver(session, 2));
    const upstream = google.sessions[first];
    expect(upstream?.path).toBe("/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent");
    expect(upstream?.headers["authorization"]).toBe(`Bearer ${TOKEN}`);
    expect(JSON.stringify(upstream?.headers)).not.toContain(key.key);
    expect(upstream?.received[0]).toEqual({
      setup: { ...setup, model: "projects/acme/locations/us-east5/publishers/google/models/gemini-live-2.5-flash" },
    });
    expect(JSON.stringify(upstream?.received[1])).toBe(JSON.stringify(JSON.parse(said)));
    session.close();
    await session.end();
    const rows = await rowsOf(key, 3);
    expect(rows.map(({ call_type, status }) => [call_type, status]).sort()).toEqual([
      ["realtime", "success"],
      ["realtime_response", "success"],
      ["realtime_response", "success"],
    ]);
    expect(rows.reduce((sum, { spend }) => sum + spend, 0)).toBeCloseTo(2 * TURN, 9);
  });

  it.each([
    ["the name alone", "gemini-live-2.5-flash", "europe-west4"],
    ["the publisher's", "publishers/google/models/gemini-live-2.5-flash", "europe-west4"],
    ["as in Gemini's API", "models/gemini-live-2.5-flash", "europe-west4"],
  ])("takes %s for a model", async (_, model, location) => {
    const session = await open(MASTER_KEY, "/v1/vertex-ai/live");
    session.send(frame({ setup: { model } }));
    await until(() => heard(session).length > 0);
    expect(google.sessions[first]?.received[0]).toEqual({
      setup: { model: `projects/acme/locations/${location}/publishers/google/models/gemini-live-2.5-flash` },
    });
    session.close();
  });

  it("takes model and location in the query, and is opened where Google's library opens it", async () => {
    const path = "/vertex_ai/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent";
    const session = await open(MASTER_KEY, `${path}?model=gemini-live-2.5-flash&vertex_location=us-central1`);
    session.send(frame({ setup: {} }));
    await until(() => heard(session).length > 0);
    expect(google.sessions[first]?.received[0]).toEqual({
      setup: { model: "projects/acme/locations/us-central1/publishers/google/models/gemini-live-2.5-flash" },
    });
    session.close();
  });

  it("asks the deployment whose name at the gateway, or at Google, is said", async () => {
    const { key } = await makeKey({ models: ["voice"] });
    for (const model of ["voice", "publishers/google/models/gemini-live-native"]) {
      const session = await open(key);
      session.send(frame({ setup: { model } }));
      await until(() => heard(session).length > 0);
      expect(google.sessions.at(-1)?.received[0]).toEqual({
        setup: { model: "projects/acme/locations/us-west1/publishers/google/models/gemini-live-native" },
      });
      session.close();
    }
  });

  it("is there for Gemini's API, too, with the key in the query", async () => {
    const path = "/gemini/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
    const session = await connect(`${gateway.url}${path}?key=${MASTER_KEY}`);
    session.send(bytes({ setup: { model: "models/gemini-live" } }));
    session.send(say("Hi")); // before the session is open
    await until(() => isOver(session));
    const upstream = google.sessions[first];
    expect(upstream?.path).toBe("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent");
    expect(upstream?.headers["x-goog-api-key"]).toBe("google-key");
    expect(upstream?.received[0]).toEqual({ setup: { model: "models/gemini-live" } });
    session.close();
  });

  it("pays for what is answered to speech, to results of functions, and told late", async () => {
    const key = await makeKey({ max_budget: 10 });
    const session = await open(key.key);
    session.send(frame({ setup: { model: MODEL } }));
    await until(() => heard(session).length > 0);
    const data = Buffer.from("speech".repeat(100)).toString("base64");
    session.send(frame({ realtime_input: { media_chunks: [{ data, mime_type: "audio/pcm;rate=16000" }] }, speech: 1 }));
    await until(() => isOver(session));
    session.send(say("call a function"));
    await until(() => JSON.stringify(heard(session)).includes("toolCall"));
    session.send(frame({ toolResponse: { functionResponses: [{ id: "1", name: "f", response: { ok: true } }] } }));
    await until(() => isOver(session, 2));
    session.send(say("late"));
    await until(() => isOver(session, 3));
    session.close();
    await session.end();
    const rows = await rowsOf(key, 5);
    expect(rows.filter(({ call_type }) => call_type === "realtime_response")).toHaveLength(4);
    expect(rows.every(({ estimated }) => !estimated)).toBe(true);
    expect(rows.reduce((sum, { spend }) => sum + spend, 0)).toBeCloseTo(4 * TURN, 9);
  });

  it("a client that leaves pays for what came of the turn", async () => {
    const key = await makeKey({ max_budget: 10 });
    const session = await open(key.key);
    session.send(frame({ setup: { model: MODEL } }));
    session.send(say("forever"));
    await until(() => heard(session).length > 1);
    session.terminate();
    const rows = await rowsOf(key, 2);
    const [row] = rows.filter(({ call_type }) => call_type === "realtime_response");
    expect(row?.estimated).toBe(true);
    expect(row?.spend).toBeGreaterThan(0);
    // it is told to stop
    expect(google.sessions[first]?.received.at(-1)).toEqual({ clientContent: { turns: [], turnComplete: false } });
  });

  it("a client that leaves before the first word pays for its question, and one that asked nothing pays nothing", async () => {
    const asking = await makeKey({ max_budget: 10 });
    const session = await open(asking.key);
    session.send(frame({ setup: { model: MODEL } }));
    session.send(say("silence"));
    await until(() => google.sessions[first]?.received.length === 2);
    session.terminate();
    const quiet = await makeKey({ max_budget: 10 });
    const other = await open(quiet.key);
    other.send(frame({ setup: { model: MODEL } }));
    other.send(say("silence", { turnComplete: false }));
    await until(() => google.sessions[first + 1]?.received.length === 2);
    other.terminate();
    const rows = await rowsOf(asking, 2);
    const [row] = rows.filter(({ call_type }) => call_type === "realtime_response");
    expect(row).toMatchObject({ estimated: true });
    expect(row?.spend).toBeGreaterThan(0);
    expect(google.sessions[first]?.received.at(-1)).toEqual({ clientContent: { turns: [], turnComplete: false } });
    expect((await rowsOf(quiet, 1)).map(({ call_type }) => call_type)).toEqual(["realtime"]);
  });

  it("what Google says at the end reaches the client", async () => {
    const session = await open(MASTER_KEY);
    session.send(frame({ setup: { model: MODEL } }));
    session.send(say("break"));
    expect(await session.end()).toEqual({ code: 1011, reason: "Internal error" });
  });
});

describe("who may", () => {
  it("nobody without a key, and no request that is no WebSocket", async () => {
    await expect(connect(`${gateway.url}/vertex_ai/live`)).rejects.toMatchObject({ status: 401 });
    const plain = await gateway.call("/vertex_ai/live");
    expect(plain.status).toBe(426);
  });

  it("a key for other models is told so, and Google is not asked", async () => {
    const { key } = await makeKey({ models: ["gpt-4o"] });
    const session = await open(key);
    session.send(frame({ setup: { model: MODEL } }));
    expect(await session.end()).toMatchObject({ code: 1008, reason: expect.stringContaining("not allowed") });
    expect(google.sessions.length).toBe(first);
  });

  it("a key that may name it", async () => {
    const { key } = await makeKey({ models: ["gemini-live-2.5-flash"] });
    const session = await open(key);
    session.send(frame({ setup: { model: MODEL } }));
    session.send(say("Hi"));
    await until(() => isOver(session));
    session.close();
  });

  it("a key for other routes is refused before", async () => {
    const { key } = await makeKey({ metadata: { allowed_passthrough_routes: ["/openai/*"] } });
    await expect(open(key)).rejects.toBeInstanceOf(Refused);
  });

  it("nobody for a model whose price is not known", async () => {
    const { key } = await makeKey();
    const session = await open(key);
    session.send(frame({ setup: { model: "models/unheard-of" } }));
    expect(await session.end()).toMatchObject({ code: 1008, reason: expect.stringContaining("price") });
    expect(google.sessions.length).toBe(first);
  });

  it("whose budget is used up is refused, and whose ends meanwhile is ended", async () => {
    const key = await makeKey({ max_budget: 0.12 });
    const session = await open(key.key);
    session.send(frame({ setup: { model: MODEL, generationConfig: { maxOutputTokens: 1000 } } }));
    for (let turn = 0; turn < 60 && session.closed === undefined; turn++) {
      session.send(say("Hi"));
      await until(() => isOver(session, turn + 1) || session.closed !== undefined);
    }
    expect(await session.end()).toMatchObject({ code: 1008, reason: expect.stringContaining("udget") });
    const spent = (await rowsOf(key, 2)).reduce((sum, { spend }) => sum + spend, 0);
    expect(spent).toBeLessThanOrEqual(0.12);
    expect(spent).toBeGreaterThanOrEqual(TURN * 0.99);
  });

  it("a conversation that goes on from elsewhere may fill the window", async () => {
    const { key } = await makeKey({ max_budget: 0.5 }); // a dollar fills it
    for (const sessionResumption of [{}, { handle: "h-1" }]) {
      const session = await open(key);
      session.send(frame({ setup: { model: MODEL, generationConfig: { maxOutputTokens: 10 }, sessionResumption } }));
      session.send(say("Hi"));
      await until(() => isOver(session) || session.closed !== undefined);
      if ("handle" in sessionResumption) expect(session.closed?.reason).toContain("udget");
      else expect(session.closed).toBeUndefined();
      session.close();
    }
  });

  it("whoever is blocked meanwhile is heard no more", async () => {
    const key = await makeKey();
    const session = await open(key.key);
    session.send(frame({ setup: { model: MODEL } }));
    session.send(say("Hi"));
    await until(() => isOver(session));
    await gateway.call("/key/delete", { keys: [key.key] });
    const asked = google.sessions[first]?.received.length ?? 0;
    for (let waited = 0; waited < 100 && session.closed === undefined; waited++) {
      session.send(say("Hi"));
      await new Promise((next) => setTimeout(next, 200));
    }
    expect(await session.end()).toMatchObject({ code: 1008 });
    expect(asked).toBeGreaterThan(0);
  }, 40_000);
});

describe("hostile messages", () => {
  it.each([
    ["no JSON", "hello"],
    ["no object", "[1]"],
    ["no setup first", say("Hi")],
    ["a model of another place", frame({ setup: { model: "projects/x/../../y/models/z" } })],
    ["another publisher's", frame({ setup: { model: "publishers/anthropic/models/claude" } })],
    ["an address", frame({ setup: { model: "https://evil.example/models/x" } })],
    ["a location that is none", frame({ setup: { model: MODEL.replace("us-east5", "evil.example#") } })],
    ["two models", `{"setup":{"model":"${MODEL}"},"setup":{"model":"other"}}`],
    ["no model", frame({ setup: { model: 7 } })],
    [
      "a bound by both of its names",
      frame({ setup: { model: MODEL, generationConfig: { maxOutputTokens: 1, max_output_tokens: 1000 } } }),
    ],
    [
      "settings by both of their names",
      frame({ setup: { model: MODEL, generationConfig: { maxOutputTokens: 1 }, generation_config: {} } }),
    ],
    ["two things at once", frame({ setup: { model: MODEL }, clientContent: { turnComplete: true } })],
  ])("%s ends the session, and Google hears nothing", async (_, message) => {
    const session = await open(MASTER_KEY);
    session.send(message);
    expect([1007, 1008]).toContain((await session.end()).code);
    expect(google.sessions.slice(first).flatMap(({ received }) => received)).toEqual([]);
    await until(() => google.sessions.slice(first).every(({ closed }) => closed !== undefined)); // none is left open
  });

  it("a place that is none is found out before a session is open", async () => {
    const session = await open(MASTER_KEY, "/vertex_ai/live?vertex_location=evil.example%23");
    session.send(frame({ setup: { model: "gemini-live-2.5-flash" } }));
    expect(await session.end()).toMatchObject({ code: 1008, reason: expect.stringContaining("vertex_location") });
    expect(google.sessions.length).toBe(first);
  });

  it.each([
    ["a second setup", frame({ setup: { model: MODEL } })],
    ["a field twice", '{"clientContent":{},"clientContent":{"turnComplete":true}}'],
    ["a field by both of its names", '{"clientContent":{},"client_content":{"turnComplete":true}}'],
    ["no JSON", Buffer.from([0xff, 0xfe, 0x00])],
  ])("%s within one ends it", async (_, message) => {
    const session = await open(MASTER_KEY);
    session.send(frame({ setup: { model: MODEL } }));
    await until(() => heard(session).length > 0);
    session.send(message);
    expect(await session.end()).toMatchObject({ code: 1007 });
    expect(google.sessions[first]?.received).toHaveLength(1);
  });

  it("strange fields are no failure of the gateway's", async () => {
    const session = await open(MASTER_KEY);
    session.send(frame({ setup: { model: MODEL, tools: 7, generationConfig: "x", systemInstruction: [null] } }));
    await until(() => heard(session).length > 0);
    for (const odd of [null, 7, "x", [], { turns: 7 }, { turns: [{ parts: [null, { inlineData: 3 }] }] }])
      session.send(frame({ clientContent: odd }));
    session.send(frame({ realtimeInput: { audio: 3, mediaChunks: "x", video: { data: "a", mimeType: "image/png" } } }));
    const odd = { toString: 1 };
    session.send(frame({ realtimeInput: { audio: { data: "a", mimeType: odd } } }));
    session.send(frame({ clientContent: { turns: [{ parts: [{ inlineData: { data: "a", mime_type: odd } }] }] } }));
    session.send(say("Hi"));
    await until(() => isOver(session));
    session.close();
  });

  it("a client that leaves before its setup is let go at once", async () => {
    const session = await open(MASTER_KEY);
    session.close(1000, "bye");
    expect(await session.end()).toMatchObject({ code: 1000 });
  });
});
