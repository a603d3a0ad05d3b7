import type { CallRecord, Ledger } from "../ledger/record.ts";

/** Where the gateway says what happened, a line of JSON each. Prompts, answers and keys are never in it. */
export interface Log extends Ledger {
  /** A fault of the gateway's own: nothing a client or an upstream did. */
  fault(callId: string, error: unknown): void;
  /** Something an operator should know. */
  notice(text: string): void;
}

/** Writes faults to standard error, and finished calls to standard output where `calls` is set (`json_logs`). */
export function consoleLog({ calls }: { calls: boolean }): Log {
  return {
    record(call: CallRecord) {
      // biome-ignore lint/suspicious/noConsole: this is where the log goes
      if (calls) console.log(JSON.stringify({ level: "info", event: "call", ...call }));
    },
    fault(call_id, error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      // biome-ignore lint/suspicious/noConsole: this is where the log goes
      console.error(JSON.stringify({ level: "error", event: "fault", call_id, error: text }));
    },
    notice(text) {
      // biome-ignore lint/suspicious/noConsole: this is where the log goes
      console.warn(JSON.stringify({ level: "warning", event: "notice", message: text }));
    },
  };
}
