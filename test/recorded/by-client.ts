/** Recorded exchanges asked by a client of another API than the hub's, natively and by way of chat. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, runGateway } from "../../scripts/run-gateway.ts";
import { MASTER_KEY, writeConfig } from "./config.ts";
import { type Difference, showDifference } from "./difference.ts";
import { type Exchange, loadExchanges, recordingsArePresent } from "./exchanges.ts";
import { reasonOf } from "./reasons.ts";
import { type Replay, startReplay } from "./replay.ts";
import { inParallel } from "./run.ts";

const WIDTH = 16;
const SHOWN = 20;

export interface ForeignClient {
  /** Whose API it speaks: `Anthropic`. */
  format: string;
  /** Recordings of providers that speak it too. */
  native: readonly string[];
  byChat: readonly string[];
  askNatively(exchange: Exchange, gateway: { url: string; key: string }, replay: Replay): Promise<Difference[]>;
  askByChat(exchange: Exchange, gateway: { url: string; key: string }): Promise<Difference[]>;
  /** What it throws where the recorded conversation cannot be said in the format. */
  NotSayable: new (
    ...given: never[]
  ) => Error;
}

/** By what holds of an answer, whoever asked. */
export function isExplained(difference: Difference, exchange: Exchange): boolean {
  return reasonOf(difference, { exchange, slug: "", sent: undefined, answer: "" }) !== undefined;
}

export function compareByClient({ format, native, byChat, askNatively, askByChat, NotSayable }: ForeignClient): void {
  const present = recordingsArePresent();
  const only = process.env["RECORDED_ONLY"];
  const chosen = (name: string) => only === undefined || name.startsWith(only) || only.startsWith(name);
  const exchanges = [...native, ...byChat].flatMap((name) => (present && chosen(name) ? loadExchanges(name) : []));

  describe.skipIf(exchanges.length === 0)(`recorded traffic, by a client of ${format}'s`, () => {
    const state = mkdtempSync(join(tmpdir(), "sluice-recorded-client-"));
    let replay: Replay;
    let gateway: RunningGateway;

    beforeAll(async () => {
      replay = await startReplay("1-64");
      const config = join(state, "config.yaml");
      writeConfig(config, exchanges, () => replay.url);
      gateway = await runGateway({ config, port: 0, host: "127.0.0.1", state, env: { PATH: process.env["PATH"] } });
    }, 120_000);

    afterAll(async () => {
      await gateway?.stop();
      await replay?.close();
      rmSync(state, { recursive: true, force: true });
    });

    test.each([...Map.groupBy(exchanges, ({ provider, endpoint }) => `${provider}/${endpoint}`)])(
      "%s",
      async (name, recorded) => {
        const client = { url: gateway.url, key: MASTER_KEY };
        let unsayable = 0;
        const ask = async (exchange: Exchange): Promise<Difference[]> => {
          if (native.includes(name)) return askNatively(exchange, client, replay);
          return askByChat(exchange, client).catch((error: unknown) => {
            if (!(error instanceof NotSayable)) throw error;
            unsayable++;
            return [];
          });
        };
        const found = await inParallel(recorded, WIDTH, async (exchange) => ({
          exchange,
          differences: (await ask(exchange)).filter((one) => !isExplained(one, exchange)),
        }));
        const failed = found.filter(({ differences }) => differences.length > 0);
        console.log(
          `${name}: ${recorded.length} asked, ${unsayable} not sayable in ${format}'s format, ${failed.length} differ`,
        );
        const shown = process.env["RECORDED_VERBOSE"] ? failed : failed.slice(0, SHOWN);
        const lines = shown.map(
          ({ exchange: { id }, differences }) => `${id}\n${differences.map(showDifference).join("\n")}`,
        );
        expect(failed.length, lines.join("\n\n")).toBe(0);
        expect(unsayable).toBeLessThan(recorded.length / 4);
      },
      170_000,
    );
  });
}
