/** Carries one recorded exchange through the gateway. */
import { clientBody, PATHS } from "./beside-chat.ts";
import { ask, type GatewayAnswer, post } from "./client.ts";
import { compareAnswer, compareBesideChat } from "./compare-answer.ts";
import { compareRequest } from "./compare-request.ts";
import { slugOf } from "./config.ts";
import { type Difference, showDifference } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import { messageOf } from "./extract/sse.ts";
import { parseLoose } from "./json.ts";
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

/** Streams are asked for twice: with their usage, and without. */
export async function runExchange(
  exchange: Exchange,
  gateway: { url: string; key: string },
  replay: Replay,
): Promise<Outcome> {
  const findings: Finding[] = [];
  for (const askForUsage of exchange.streaming ? [true, false] : [false])
    findings.push(...(await runOnce(exchange, gateway, replay, askForUsage).catch(unfinished)));
  const distinct = new Map(
    findings.map((finding) => [showDifference(finding.difference) + finding.reason?.id, finding]),
  );
  return { exchange, findings: [...distinct.values()] };
}

async function runOnce(
  exchange: Exchange,
  gateway: { url: string; key: string },
  replay: Replay,
  askForUsage: boolean,
): Promise<Finding[]> {
  replay.last.delete(exchange.id);
  if (exchange.operation !== "chat") return runBesideChat(exchange, exchange.operation, gateway, replay, askForUsage);
  const body = clientRequest(exchange, askForUsage);
  const options = { stream: exchange.streaming, askForUsage };
  const first = await ask(gateway, body, options);
  // The replay closes idle connections as the gateway is about to use them: that is no answer.
  const lost = first.error?.includes("Network connection lost") && !replay.last.has(exchange.id);
  const got = lost ? await ask(gateway, body, options) : first;
  const sent = replay.last.get(exchange.id);
  // What was never asked upstream cannot answer as recorded.
  const differences =
    sent === undefined
      ? [notSent(got)]
      : [...compareRequest(exchange, sent), ...compareAnswer(exchange, got, askForUsage)];
  return explained(differences, { exchange, slug: slugOf(exchange), sent, answer: got.text });
}

async function runBesideChat(
  exchange: Exchange,
  operation: keyof typeof PATHS,
  gateway: { url: string; key: string },
  replay: Replay,
  askForUsage: boolean,
): Promise<Finding[]> {
  const got = await post(gateway, PATHS[operation], clientBody(exchange, askForUsage));
  const sent = replay.last.get(exchange.id);
  const differences =
    sent === undefined
      ? [notSent({ status: got.status, error: messageOf(parseLoose(got.text)) })]
      : [...compareRequest(exchange, sent), ...compareBesideChat(exchange, got, exchange.streaming && !askForUsage)];
  return explained(differences, { exchange, slug: slugOf(exchange), sent, answer: got.text });
}

function explained(differences: readonly Difference[], circumstances: Circumstances): Finding[] {
  return differences.map((difference) => ({ difference, reason: reasonOf(difference, circumstances) }));
}

/** No answer in time, or one that cannot be read at all. */
function unfinished(cause: unknown): Finding[] {
  const difference: Difference = {
    side: "answer",
    kind: "missing",
    path: "",
    recorded: "an answer",
    got: String(cause),
  };
  return [{ difference, reason: undefined }];
}

function notSent({ status, error }: Pick<GatewayAnswer, "status" | "error">): Difference {
  return { side: "request", kind: "missing", path: "", recorded: "a request", got: `${status} ${error}` };
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
