/** Every method of every resource of the `openai` package, against the running gateway. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { methodOf, methodsOf } from "./openai-sdk/methods.ts";
import { local, refused } from "./openai-sdk/refused.ts";
import { served } from "./openai-sdk/served.ts";
import { answerOpenAi } from "./openai-sdk/upstream.ts";
import { failureOf, sdkFor } from "./sdk.ts";
import { startUpstream } from "./upstream.ts";

const offline = new OpenAI({ apiKey: "none", adminAPIKey: "none" });
const methods = methodsOf(offline);
const refusalOf = (method: string) => refused.find(([pattern]) => pattern.test(method));

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Two tenants. */
let one: OpenAI;
let other: OpenAI;

async function keyOf(alias: string): Promise<string> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  const answer = await gateway.call("/key/generate", { team_id: team.team_id });
  return ((await answer.json()) as { key: string }).key;
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answerOpenAi(request, response));
  const model = (model_name: string, model: string) => ({
    model_name,
    litellm_params: { model: `openai/${model}`, api_base: `${upstream.url}/v1`, api_key: "sk-env" },
  });
  gateway = await startGateway(
    {
      model_list: [
        model("small", "gpt-4o-mini"),
        model("small-text", "gpt-3.5-turbo-instruct"),
        model("vectors", "text-embedding-3-small"),
        model("pictures", "gpt-image-1"),
        model("old-pictures", "dall-e-2"),
        model("voice", "gpt-4o-mini-tts"),
        model("ears", "whisper-1"),
        model("judge", "omni-moderation-latest"),
        model("live", "gpt-realtime"),
      ],
    },
    { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` },
  );
  one = sdkFor(gateway, await keyOf("one"));
  other = sdkFor(gateway, await keyOf("other"));
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

describe("the table of methods", () => {
  it("has each of the package once, and no other", () => {
    const kinds = methods.map((method) => [
      method,
      Number(method in served) + Number(refusalOf(method) !== undefined) + Number(local.has(method)),
    ]);
    expect(kinds.filter(([, count]) => count !== 1)).toEqual([]);
    expect(Object.keys(served).filter((method) => !methods.includes(method))).toEqual([]);
    const unused = refused.filter(([pattern]) => !methods.some((method) => pattern.test(method)));
    expect(unused).toEqual([]);
  });
});

describe.each(Object.entries(served))("%s", (_, { about, call, says }) => {
  it("answers", async () => {
    const id = (await about?.(one)) ?? "";
    expect(await call(one, id)).toMatchObject(says);
  });

  it.runIf(about)("is for whoever it belongs to", async () => {
    const id = (await about?.(one)) ?? "";
    const failure = await failureOf(Promise.resolve(call(other, id)));
    expect(failure.status).toBe(404);
    expect(failure.message).not.toContain("up0"); // ids of the provider's
  });
});

/** Arguments of any method, tried until they make a request: a name that is there whatever is asked for. */
const anything = new Proxy({}, { get: (_, name) => (typeof name === "string" && name !== "then" ? "x" : undefined) });
const SHAPES = [["x", anything], ["x"], ["x", "x", anything], [anything], [{ sdp: "v=0" }], []];

async function refusalBy(client: OpenAI, method: string): Promise<InstanceType<typeof OpenAI.APIError> | undefined> {
  for (const shape of SHAPES) {
    const failure = await Promise.resolve()
      .then(() => methodOf(client, method)(...shape))
      .then(consumed)
      .catch((error: unknown) => error);
    if (failure instanceof OpenAI.APIError && failure.status !== undefined) return failure;
  }
  return undefined;
}

/** Streams fail when they are read. */
async function consumed(answer: unknown): Promise<unknown> {
  if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer)
    for await (const _ of answer as AsyncIterable<unknown>) break;
  return answer;
}

describe("what is refused", () => {
  it.each(methods.filter((method) => refusalOf(method)))("%s", async (method) => {
    const asked = upstream.received.length;
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: MASTER_KEY,
      adminAPIKey: MASTER_KEY,
      maxRetries: 0,
      logLevel: "off",
    });
    const failure = await refusalBy(client, method);
    const [, words = /^$/, status = 404] = refusalOf(method) ?? [];
    expect(failure?.status).toBe(status);
    expect(failure?.message).toMatch(words);
    expect(upstream.received).toHaveLength(asked);
  });
});
