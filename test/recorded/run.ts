/** Carries one recorded exchange through the gateway. */
import { ask } from "./client.ts";
import { compareAnswer } from "./compare-answer.ts";
import { compareRequest } from "./compare-request.ts";
import { slugOf } from "./config.ts";
import type { Difference } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import { type Circumstances, type Reason, reasonOf } from "./reasons.ts";
import type { Replay } from "./replay.ts";
import { clientRequest } from "./requests.ts";

export interface Finding {
  difference: Difference;
  /** Absent: nobody has said why. */
  reason: Reason | undefined;
}

export interface Outcome {
  exchange: Exchange;
  findings: Finding[];
}

export async function runExchange(
  exchange: Exchange,
  gateway: { url: string; key: string },
  replay: Replay,
): Promise<Outcome> {
  // Half of the streams are asked for their usage; which half is settled by the id.
  const askForUsage = exchange.streaming && Number.parseInt(exchange.id.slice(-1), 16) % 2 === 0;
  const body = clientRequest(exchange, askForUsage);
  const got = await ask(gateway, body, { stream: exchange.streaming, askForUsage });
  const sent = replay.last.get(exchange.id);
  const refused: Difference = {
    side: "request",
    kind: "missing",
    path: "",
    recorded: "a request",
    got: `${got.status} ${got.error}`,
  };
  const differences = [
    ...(sent === undefined ? [refused] : compareRequest(exchange, sent)),
    // What was never asked upstream cannot answer as recorded.
    ...(sent === undefined ? [] : compareAnswer(exchange, got, askForUsage)),
  ];
  const circumstances: Circumstances = { exchange, slug: slugOf(exchange), sent, answer: got.text };
  return {
    exchange,
    findings: differences.map((difference) => ({ difference, reason: reasonOf(difference, circumstances) })),
  };
}

/** Runs `work` for each item, some at a time, and keeps the order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
