/** Client secrets of realtime sessions, as recorded: the provider gets what it got, the client all but the secret itself. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Secret } from "../../src/credentials/secret.ts";
import { azure } from "../../src/providers/azure/index.ts";
import { startGateway } from "../http/gateway.ts";
import { startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";
import { recordOf } from "./json.ts";

const folder = join(RECORDED_DIR, "dev/openai/realtime");
const isPresent = existsSync(folder);
if (!isPresent) console.warn(`skipped: no recordings in ${folder}`);

it.skipIf(!isPresent)(
  "client secrets",
  async () => {
    const recordings = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
    let body = "";
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });
    const gateway = await startGateway({
      model_list: [
        { model_name: "*", litellm_params: { model: "openai/*", api_key: "sk-u", api_base: `${upstream.url}/v1` } },
      ],
    });
    for (const { id, request, response } of recordings) {
      body = response.body;
      const { pathname } = new URL(request.url);
      const got = await gateway.call(pathname, request.body);
      expect(got.status, id).toBe(response.status);
      expect(upstream.received.at(-1)?.body, id).toEqual(request.body);
      expect(upstream.received.at(-1)?.path, id).toBe(pathname);
      const answered = recordOf(await got.json());
      const { value, ...recorded } = recordOf(JSON.parse(response.body));
      expect(answered, id).toMatchObject(recorded);
      if (value !== undefined) expect(answered["value"], id).toMatch(/^ek_/);
      expect(answered["value"], id).not.toBe(value ?? "");
    }
    expect(recordings.length).toBeGreaterThan(0);
    await gateway.stop();
    await upstream.close();
  },
  60_000,
);

const azures = join(RECORDED_DIR, "dev/azure/realtime");

it.skipIf(!existsSync(azures))("calls by WebRTC at Azure", () => {
  for (const file of readdirSync(azures)) {
    const { id, request } = JSON.parse(readFileSync(join(azures, file), "utf8"));
    const { origin, pathname, search } = new URL(request.url);
    const path = `${pathname.replace(/^\/openai/, "")}${search}`;
    const call = { method: request.method, path, headers: { "content-type": request.headers["content-type"] } };
    const sent = azure.native?.(call, {
      provider: "azure",
      model: "",
      apiBase: origin,
      apiKey: new Secret("ek_secret"),
    });
    expect(sent, id).toMatchObject({
      url: request.url,
      headers: { "content-type": "application/sdp", authorization: "Bearer ek_secret" },
    });
  }
});
