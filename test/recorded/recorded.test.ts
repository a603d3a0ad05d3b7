/**
 * Every recorded exchange of an operation through the running gateway: a client's request → gateway on workerd → the fake upstream
 * with the recorded answer → back. `npm run test:recorded`
 *
 *     RECORDED_DIR=…                   the recordings, `../shared/recorded` if not set; without them all is skipped
 *     RECORDED_ONLY=anthropic/messages one provider (or `provider/endpoint`, `/endpoint`, or an id)
 *     RECORDED_VERBOSE=1               every unexplained difference
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, runGateway } from "../../scripts/run-gateway.ts";
import { writeConfig } from "./config.ts";
import { type Exchange, loadExchanges, RECORDED_DIR, recordingsArePresent } from "./exchanges.ts";
import { type Replay, startReplay } from "./replay.ts";
import { formatFailures, formatReport, isFailed } from "./report.ts";
import { inParallel, type Outcome, runExchange } from "./run.ts";

const WIDTH = 16;
const SHOWN_FAILURES = 20;

const present = recordingsArePresent();
if (!present) console.warn(`skipped: there are no recordings in ${RECORDED_DIR}`);

const exchanges = present ? loadExchanges(process.env["RECORDED_ONLY"]) : [];
const groups = Map.groupBy(exchanges, ({ provider, endpoint }) => `${provider}/${endpoint}`);

describe.skipIf(!present)("recorded traffic", () => {
  const state = mkdtempSync(join(tmpdir(), "sluice-recorded-"));
  const outcomes: Outcome[] = [];
  let replays: { cut: Replay; whole: Replay };
  let gateway: RunningGateway;

  beforeAll(async () => {
    replays = { cut: await startReplay("1-64"), whole: await startReplay("whole") };
    const config = join(state, "config.yaml");
    writeConfig(config, exchanges, (exchange) => replayOf(exchange).url);
    gateway = await runGateway({ config, port: 0, host: "127.0.0.1", state, env: { PATH: process.env["PATH"] } });
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replays?.cut.close();
    await replays?.whole.close();
    rmSync(state, { recursive: true, force: true });
    if (outcomes.length > 0) console.log(formatReport(outcomes, !process.env["RECORDED_ONLY"]));
  });

  /** One of five streams comes whole, as a fast network brings it. */
  function replayOf({ id }: Exchange): Replay {
    return Number.parseInt(id.slice(0, 2), 16) % 5 === 0 ? replays.whole : replays.cut;
  }

  test.each([...groups])(
    "%s",
    async (_, members) => {
      const found = await inParallel(members, WIDTH, (exchange) => runExchange(exchange, gateway, replayOf(exchange)));
      outcomes.push(...found);
      const failed = found.filter(isFailed);
      const shown = process.env["RECORDED_VERBOSE"] ? failed : failed.slice(0, SHOWN_FAILURES);
      if (failed.length > 0)
        expect.fail(`${failed.length} of ${found.length} differ from what was recorded\n${formatFailures(shown)}`);
    },
    170_000,
  );
});
