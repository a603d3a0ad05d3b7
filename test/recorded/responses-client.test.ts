/** Recorded exchanges by clients of the Responses API. `RECORDED_ONLY` chooses a provider, as in `recorded.test.ts`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, runGateway } from "../../scripts/run-gateway.ts";
import { isExplained } from "./by-client.ts";
import { MASTER_KEY } from "./config.ts";
import { type Difference, showDifference } from "./difference.ts";
import { loadExchanges, recordingsArePresent } from "./exchanges.ts";
import { type Replay, startReplay } from "./replay.ts";
import { askByChat, askByResponses, askNatively, NotSayable } from "./responses-client.ts";
import { loadResponses, writeResponsesConfig } from "./responses-exchanges.ts";
import { inParallel } from "./run.ts";

const WIDTH = 16;
const SHOWN = 20;
const CHATS = [
  "openai/chat",
  "anthropic/messages",
  "gemini/generate_content",
  "deepseek/chat",
  "groq/chat",
  "mistral/chat",
  "openrouter/chat",
  "xai/chat",
  "bedrock/converse",
];

const only = process.env["RECORDED_ONLY"];
const chosen = (name: string) => only === undefined || name.startsWith(only) || only.startsWith(name);
const native = loadResponses().filter(({ provider }) => chosen(`${provider}/responses`));
const chats = CHATS.flatMap((name) => (recordingsArePresent() && chosen(name) ? loadExchanges(name) : []));

describe.skipIf(native.length + chats.length === 0)("recorded traffic, by a client of the Responses API", () => {
  const state = mkdtempSync(join(tmpdir(), "sluice-recorded-responses-"));
  let replay: Replay;
  let gateway: RunningGateway;
  const client = () => ({ url: gateway.url, key: MASTER_KEY });

  beforeAll(async () => {
    replay = await startReplay("1-64");
    const config = join(state, "config.yaml");
    writeResponsesConfig(config, native, chats, replay.url);
    gateway = await runGateway({ config, port: 0, host: "127.0.0.1", state, env: { PATH: process.env["PATH"] } });
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replay?.close();
    rmSync(state, { recursive: true, force: true });
  });

  /** Asks for each, and fails with what differs. */
  async function runAll<Exchange extends { id: string }>(
    name: string,
    exchanges: readonly Exchange[],
    askFor: (exchange: Exchange) => Promise<Difference[]>,
  ): Promise<void> {
    let unsayable = 0;
    const found = await inParallel(exchanges, WIDTH, async (exchange) => ({
      exchange,
      differences: await askFor(exchange).catch((error: unknown) => {
        if (!(error instanceof NotSayable)) throw error;
        unsayable++;
        return [];
      }),
    }));
    const failed = found.filter(({ differences }) => differences.length > 0);
    console.log(
      `${name}: ${exchanges.length} asked, ${unsayable} not sayable in the other format, ${failed.length} differ`,
    );
    const shown = process.env["RECORDED_VERBOSE"] ? failed : failed.slice(0, SHOWN);
    const lines = shown.map(
      ({ exchange: { id }, differences }) => `${id}\n${differences.map(showDifference).join("\n")}`,
    );
    expect(failed.length, lines.join("\n\n")).toBe(0);
    expect(unsayable).toBeLessThan(exchanges.length / 3 + 2);
  }

  test.each([...Map.groupBy(native, ({ provider }) => provider)])(
    "%s, natively",
    (name, exchanges) => runAll(name, exchanges, (exchange) => askNatively(exchange, client(), replay)),
    170_000,
  );

  test.each([...Map.groupBy(native, ({ provider }) => provider)])(
    "%s, by a client of chat",
    (name, exchanges) => runAll(`${name} by chat`, exchanges, (exchange) => askByResponses(exchange, client())),
    170_000,
  );

  test.each([...Map.groupBy(chats, ({ provider, endpoint }) => `${provider}/${endpoint}`)])(
    "%s, by way of chat",
    (name, exchanges) =>
      runAll(name, exchanges, async (exchange) =>
        (await askByChat(exchange, client())).filter((one) => !isExplained(one, exchange)),
      ),
    170_000,
  );
});
