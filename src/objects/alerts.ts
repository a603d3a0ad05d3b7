import { waitUntil } from "cloudflare:workers";
import type { AlertMessage } from "../telemetry/alerts/message.ts";

/** Puts messages into the queue of alerts, beside whatever goes on; once more where it fails at first. */
export function alertQueue(
  queue: Queue<AlertMessage>,
  onFailure: (error: unknown) => void,
): { send(messages: readonly AlertMessage[]): void } {
  return {
    send: (messages) =>
      waitUntil(
        put(queue, messages)
          .catch(() => put(queue, messages))
          .catch(onFailure),
      ),
  };
}

export async function put(queue: Queue<AlertMessage>, messages: readonly AlertMessage[]): Promise<void> {
  await queue.sendBatch(messages.map((body) => ({ body, contentType: "json" as const })));
}
