/** Recorded exchanges through the gateway's Messages API. `RECORDED_ONLY` chooses as in `recorded.test.ts`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, runGateway } from "../../scripts/run-gateway.ts";
import { askByChat, askNatively, NotSayable } from "./anthropic-client.ts";
import { MASTER_KEY, writeConfig } from "./config.ts";
import { type Difference, showDifference } from "./difference.ts";
import { type Exchange, loadExchanges, recordingsArePresent } from "./exchanges.ts";
import { type Replay, startReplay } from "./replay.ts";
import { inParallel } from "./run.ts";

const WIDTH = 16;
const SHOWN = 20;
const NATIVE = ["anthropic/messages", "azure_anthropic/messages"];
const BY_CHAT = [
  "openai/chat",
  "gemini/generate_content",
  "groq/chat",
  "mistral/chat",
  "deepseek/chat",
  "openrouter/chat",
  "moonshot/chat",
  "xai/chat",
];

const present = recordingsArePresent();
const only = process.env["RECORDED_ONLY"];
const chosen = (name: string) => only === undefined || name.startsWith(only) || only.startsWith(name);
const load = (name: string) => (present && chosen(name) ? loadExchanges(name) : []);

const native = NATIVE.flatMap(load);
const byChat = BY_CHAT.flatMap(load);

describe.skipIf(native.length + byChat.length === 0)("recorded traffic, by a client of Anthropic's", () => {
  const state = mkdtempSync(join(tmpdir(), "sluice-recorded-anthropic-"));
  let replay: Replay;
  let gateway: RunningGateway;

  beforeAll(async () => {
    replay = await startReplay("1-64");
    const config = join(state, "config.yaml");
    writeConfig(config, [...native, ...byChat], () => replay.url);
    gateway = await runGateway({ config, port: 0, host: "127.0.0.1", state, env: { PATH: process.env["PATH"] } });
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replay?.close();
    rmSync(state, { recursive: true, force: true });
  });

  test.each([...Map.groupBy([...native, ...byChat], ({ provider, endpoint }) => `${provider}/${endpoint}`)])(
    "%s",
    async (name, exchanges) => {
      const client = { url: gateway.url, key: MASTER_KEY };
      let unsayable = 0;
      const ask = async (exchange: Exchange): Promise<Difference[]> => {
        if (NATIVE.includes(name)) return askNatively(exchange, client, replay);
        return askByChat(exchange, client).catch((error: unknown) => {
          if (!(error instanceof NotSayable)) throw error;
          unsayable++;
          return [];
        });
      };
      const found = await inParallel(exchanges, WIDTH, async (exchange) => ({
        exchange,
        differences: await ask(exchange),
      }));
      const failed = found.filter(({ differences }) => differences.length > 0);
      console.log(
        `${name}: ${exchanges.length} asked, ${unsayable} not sayable in Anthropic's format, ${failed.length} differ`,
      );
      const shown = process.env["RECORDED_VERBOSE"] ? failed : failed.slice(0, SHOWN);
      const lines = shown.map(
        ({ exchange: { id }, differences }) => `${id}\n${differences.map(showDifference).join("\n")}`,
      );
      expect(failed.length, lines.join("\n\n")).toBe(0);
      expect(unsayable).toBeLessThan(exchanges.length / 4);
    },
    170_000,
  );
});
